"""Coveo's list of dimensions: what it is read from, and the rows of the table `dimensions`.

It is nice to have and comes from somebody else, so nothing that is wrong with it stops a run.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from ..api import CoveoClient
from ..dataset import DIMENSIONS_SCHEMA
from ..exceptions import ApiError, CoveoSourceError
from ..meanings import MEANINGS
from ..tables import CUSTOM, DIMENSIONS, TABLES
from .column_names import ColumnNames

NOT_OURS = (
    f"The dataset has a table {DIMENSIONS} that somebody else made: it stays as it is, and Coveo's"
    " list of dimensions is not loaded. To have it, give that table another name."
)
_LONGEST = 700
"""Characters; with a meaning after it, a longer name would not fit into BigQuery's descriptions."""
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
"""White space, control characters, what turns the direction of a text, and halves of characters,
which JSON can have and UTF-8 cannot."""


class Dimension(NamedTuple):
    """Something that events are described by, and that an export can have as a column.

    tables: that have it, by Coveo's list; none if that does not say
    display_name: its name in Coveo's console
    kind: its type, in Coveo's words
    """

    api_name: str
    tables: frozenset[str]
    display_name: str | None
    kind: str | None
    is_custom: bool

    def may_be_in(self, table: str) -> bool:
        """Returns True if a column of this name, in a table, is the dimension.

        Coveo's own mean the same in every table, whatever the list says of it.
        """
        return not self.is_custom or not self.tables or table in self.tables

    @property
    def meaning(self) -> str | None:
        """What it means, if it is Coveo's own."""
        return None if self.is_custom else MEANINGS.get(self.api_name)

    @property
    def description(self) -> str | None:
        """Its display name and what it means, as far as that is known."""
        return ": ".join(filter(None, (self.display_name, self.meaning))) or None


def read_dimensions(client: CoveoClient, say: Callable[[str], None]) -> list[Dimension] | None:
    """Returns Coveo's list of dimensions; None if there is none, which is said in one line."""
    try:
        entries = client.exportable_dimensions()
    except CoveoSourceError as error:
        say(f"The table {DIMENSIONS} stays as it is: {_reason(error)}")
        return None
    found = [dimension for entry in entries if (dimension := _parsed(entry))]
    incomplete = [entry for entry in entries if not _is_whole(entry)]
    if not found:
        say(f"The table {DIMENSIONS} stays as it is: Coveo's list names no dimension.")
        return None
    if incomplete:
        first = _names(incomplete[0])[1] or repr(incomplete[0])[:100]
        say(
            f"{len(incomplete):,} of {len(entries):,} dimensions in Coveo's list lack a name; the"
            f" table {DIMENSIONS} has what is there. The first one: {first}"
        )
    return found


def api_names(entries: Iterable[Any]) -> set[str]:
    """Returns the API names in Coveo's list of dimensions."""
    return {name for entry in entries if (name := _names(entry)[1])}


def dimension_rows(
    dimensions: Sequence[Dimension], names: ColumnNames, present: Mapping[str, Collection[str]]
) -> pa.Table:
    """Returns dimensions as rows of DIMENSIONS_SCHEMA, one for each of their tables.

    names: the columns of dimensions
    present: the columns of the dataset, by table
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    columns = names.known(each.api_name for each in dimensions)
    for each in dimensions:
        column = columns.get(each.api_name)
        for table in TABLES:
            is_present = each.may_be_in(table) and column in present.get(table, ())
            if not is_present and table not in each.tables:
                continue
            row = {
                "table_name": table,
                "column_name": column if is_present else None,
                "api_name": each.api_name,
                "display_name": each.display_name,
                "type": each.kind,
                "is_custom": each.is_custom,
                "description": each.meaning,
            }
            # if one comes twice, the first entry counts
            rows.setdefault((table, each.api_name), row)
    return pa.Table.from_pylist([rows[key] for key in sorted(rows)], schema=DIMENSIONS_SCHEMA)


def _parsed(entry: Any) -> Dimension | None:
    """Returns an entry of the list; None if it has no API name that can be a column's."""
    prefix, name = _names(entry)
    if name is None:
        return None
    # inferred: the names in `apiNames` begin with their table
    prefixes = [text.rpartition(".")[0] for text in _texts(entry.get("apiNames"))]
    tables = {text.lower() for text in (prefix, *_texts(entry.get("eventTypes")), *prefixes)}
    custom = entry.get("custom")
    return Dimension(
        name,
        frozenset(tables & TABLES.keys()),
        _line(entry.get("displayName")),
        _line(entry.get("type")),
        custom if isinstance(custom, bool) else name.startswith(CUSTOM),
    )


def _is_whole(entry: Any) -> bool:
    return _names(entry)[1] is not None and _line(entry.get("displayName")) is not None


def _names(entry: Any) -> tuple[str, str | None]:
    """Returns the table in front of an entry's name, if it is there, and its API name.

    Observed: `custom_events.c_facetvalue` for a custom dimension, `queryExpression` for others.
    """
    text = entry.get("returnName") if isinstance(entry, dict) else None
    if not isinstance(text, str) or _line(text) != text:
        return "", None
    prefix, _, name = text.rpartition(".")
    return prefix, name or None


def _texts(values: Any) -> list[str]:
    listed = values if isinstance(values, list) else [values]
    return [each for each in listed if isinstance(each, str)]


def _line(text: Any) -> str | None:
    """Returns a text on one line, cut off if it is long; None if there is nothing in it."""
    if not isinstance(text, str):
        return None
    line = _UNPRINTABLE.sub(" ", text).strip()
    return f"{line[: _LONGEST - 1]}…" if len(line) > _LONGEST else line or None


def _reason(error: CoveoSourceError) -> str:
    if not isinstance(error, ApiError):
        return str(error)
    # the advice of this error is about exports, which need other privileges
    text = " ".join(error.message.split())
    return f"Coveo refused to {error.action}: {text} (HTTP {error.status})."
