"""The simple part of Coveo's read filter syntax: conditions joined with AND."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..tables import EVENT_TABLES, column_type
from .errors import ApiError
from .records import COLUMNS, Record
from .traffic import Keep

UNDERSTOOD = (
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


class Condition(NamedTuple):
    """One comparison. `column` is an API name, `value` text as in the files, None for null."""

    column: str
    equal: bool
    value: str | None

    def holds(self, record: Record) -> bool:
        """Whether the event meets it; null differs from every value (inferred)."""
        return (record[self.column] == self.value) is self.equal


def keeps(filters: Mapping[str, Sequence[str]]) -> dict[str, Keep]:
    """What to keep of each table.

    filters: by parameter, `f` for all events, `fs` for searches and clicks, `fc` for custom
        events; keywords and groups follow their search. A condition on a dimension that only
        one of the tables has leaves the others as they are (inferred).

    Raises ApiError (400) for what is not understood.
    """
    conditions: dict[str, list[Condition]] = {table: [] for table in EVENT_TABLES}
    for parameter, texts in filters.items():
        for condition in _read_all(parameter, texts):
            for table in _TABLES_OF[parameter]:
                if condition.column in COLUMNS[table]:
                    conditions[table].append(condition)
    of_searches = conditions["searches"]
    of_table = {**conditions, "keywords": of_searches, "groups": of_searches}
    return {table: _keep(found) for table, found in of_table.items() if found}


_TABLES_OF: dict[str, tuple[str, ...]] = {
    "f": EVENT_TABLES,
    "fs": ("searches", "clicks"),
    "fc": ("custom_events",),
}


def _keep(conditions: Iterable[Condition]) -> Keep:
    return lambda record: all(condition.holds(record) for condition in conditions)


def _read_all(parameter: str, texts: Iterable[str]) -> Iterable[Condition]:
    for text in texts:
        yield from _read(parameter, text)


def _read(parameter: str, text: str) -> Iterable[Condition]:
    position, depth = 0, 0
    while found := _CONDITION.match(text, position):
        depth += found["opened"].count("(") - found["closed"].count(")")
        yield _condition(parameter, text, found)
        position = found.end()
        if not found["joined"]:
            break
    else:
        raise _unreadable(parameter, text)
    if depth != 0:
        raise _unreadable(parameter, text)


def _condition(parameter: str, text: str, found: "re.Match[str]") -> Condition:
    column = _column(parameter, found["dimension"])
    quoted = found["single"] if found["single"] is not None else found["double"]
    if quoted is None:
        value = _bare(found["bare"])
    else:
        value = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
    if column_type(column) == "bool" and value is not None:
        value = {"true": "t", "false": "f"}.get(value.lower(), value)
    return Condition(column, found["operator"] == "==", value)


def _bare(text: str) -> str | None:
    if text.lower() == "null":
        return None
    if text.lower() in ("true", "false") or re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    raise ApiError(400, "INVALID_FILTER", f"The value {text} needs quotes. {UNDERSTOOD}")


def _column(parameter: str, dimension: str) -> str:
    """Names are compared without case, as in the examples of the documentation."""
    name = dimension.rpartition(".")[2].lower()
    columns = [set(COLUMNS[table]) for table in _TABLES_OF[parameter]]
    known = set.intersection(*columns) if parameter == "f" else set.union(*columns)
    for column in known:
        if column.lower() == name:
            return column
    where = " and ".join(_TABLES_OF[parameter])
    raise ApiError(
        400,
        "INVALID_FILTER",
        f"{dimension} in {parameter} is no dimension of {where}. {UNDERSTOOD}",
    )


def _unreadable(parameter: str, text: str) -> ApiError:
    message = f"The filter {parameter}={text} cannot be read. {UNDERSTOOD}"
    return ApiError(400, "INVALID_FILTER", message)
