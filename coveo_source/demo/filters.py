"""A subset of Coveo's filter syntax: conditions joined with AND."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..tables import EVENT_TABLES, column_type
from .errors import ApiError
from .records import COLUMNS, Record
from .traffic import EventFilter

_SUPPORTED_SYNTAX = (
    "The demo understands conditions (dimension=='value') and (dimension!='value'), "
    "joined with AND; null, true, false and numbers need no quotes."
)

_CONDITION = re.compile(
    r"""\s* (?P<opened> (?: \( \s* )* )
        (?P<dimension> [A-Za-z_][\w.]* ) \s* (?P<operator> == | != ) \s*
        (?: '(?P<single> (?: [^'\\] | \\. )* )' | "(?P<double> (?: [^"\\] | \\. )* )"
          | (?P<bare> [\w.-]+ ) )
        (?P<closed> (?: \s* \) )* ) \s* (?P<joined> AND \b | $ )""",
    re.VERBOSE | re.IGNORECASE,
)


class _Condition(NamedTuple):
    """One comparison of a column with a value.

    column: API name
    equal: True for `==`, False for `!=`
    value: text as in the files, None for null
    """

    column: str
    equal: bool
    value: str | None

    def holds(self, record: Record) -> bool:
        """Returns True if the event meets it. Null differs from every value (inferred)."""
        return (record[self.column] == self.value) is self.equal


def event_filters(filters: Mapping[str, Sequence[str]]) -> dict[str, EventFilter]:
    """Returns the filter of each table that has one.

    filters: filter texts by parameter: `f` for all events, `fs` for searches and clicks, `fc`
        for custom events; keywords and groups follow their search. A condition on a dimension
        that only some of the tables have does not filter the others (inferred).

    Raises:
        ApiError: 400 for a filter that the demo cannot read
    """
    conditions: dict[str, list[_Condition]] = {table: [] for table in EVENT_TABLES}
    for parameter, texts in filters.items():
        for condition in _parse_all(parameter, texts):
            for table in _FILTERED_TABLES[parameter]:
                if condition.column in COLUMNS[table]:
                    conditions[table].append(condition)
    conditions |= dict.fromkeys(("keywords", "groups"), conditions["searches"])
    return {table: _all_hold(checks) for table, checks in conditions.items() if checks}


_FILTERED_TABLES: dict[str, tuple[str, ...]] = {
    "f": EVENT_TABLES,
    "fs": ("searches", "clicks"),
    "fc": ("custom_events",),
}


def _all_hold(conditions: Iterable[_Condition]) -> EventFilter:
    return lambda record: all(condition.holds(record) for condition in conditions)


def _parse_all(parameter: str, texts: Iterable[str]) -> Iterable[_Condition]:
    for text in texts:
        yield from _parse(parameter, text)


def _parse(parameter: str, text: str) -> Iterable[_Condition]:
    position, depth = 0, 0
    while match := _CONDITION.match(text, position):
        depth += match["opened"].count("(") - match["closed"].count(")")
        yield _condition(parameter, match)
        position = match.end()
        if not match["joined"]:
            break
    else:
        raise _unreadable(parameter, text)
    if depth != 0:
        raise _unreadable(parameter, text)


def _condition(parameter: str, match: "re.Match[str]") -> _Condition:
    column = _column(parameter, match["dimension"])
    quoted = match["single"] if match["single"] is not None else match["double"]
    if quoted is None:
        value = _unquoted_value(match["bare"])
    else:
        value = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
    if column_type(column) == "bool" and value is not None:
        value = {"true": "t", "false": "f"}.get(value.lower(), value)
    return _Condition(column, match["operator"] == "==", value)


def _unquoted_value(text: str) -> str | None:
    if text.lower() == "null":
        return None
    if text.lower() in ("true", "false") or re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    raise ApiError(400, "INVALID_FILTER", f"The value {text} needs quotes. {_SUPPORTED_SYNTAX}")


def _column(parameter: str, dimension: str) -> str:
    """Returns the column of a dimension, in any case as in the examples of the documentation."""
    name = dimension.rpartition(".")[2].lower()
    columns = [set(COLUMNS[table]) for table in _FILTERED_TABLES[parameter]]
    allowed = set.intersection(*columns) if parameter == "f" else set.union(*columns)
    for column in allowed:
        if column.lower() == name:
            return column
    tables = " and ".join(_FILTERED_TABLES[parameter])
    raise ApiError(
        400,
        "INVALID_FILTER",
        f"{dimension} in {parameter} is no dimension of {tables}. {_SUPPORTED_SYNTAX}",
    )


def _unreadable(parameter: str, text: str) -> ApiError:
    message = f"The filter {parameter}={text} cannot be read. {_SUPPORTED_SYNTAX}"
    return ApiError(400, "INVALID_FILTER", message)
