"""Finds the rows of a person, or of a visit, and erases them.

Events are found by an identifier, keywords and groups by their search, and rejects by the row that
they are part of or by their text.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..tables import EVENT_TABLES, REJECTED, TABLES, identifier_columns
from .audit_tables import ROW_KEY
from .erased import KEY, cells_of, erased_hashes, remember_erased
from .erasures import Erasure, enter_erasure
from .removal import VISIT, Removal, remove_rows
from .sql import DatasetSql

_SEARCHES = "searches"
_DISTINCTIVE = 8
"""Characters of an identifier from which on it is not part of a text by chance: a shorter one, such
as a number, has to be a whole cell of a rejected record."""
_DETAILS = [table for table in TABLES if table not in EVENT_TABLES]
"""The tables that carry no identifier, but the id of a search."""


class Identifier(NamedTuple):
    """What the rows of a person or of a visit are found by.

    kind: one of IDENTIFIERS
    hashed: what stands for the value where only hashes are loaded; None if that is not known
    """

    kind: str
    value: str
    hashed: str | None = None

    @property
    def values(self) -> list[str]:
        """What a column of this kind may hold of it."""
        return [self.value] if self.hashed is None else [self.value, self.hashed]

    def __str__(self) -> str:
        return self.kind.replace("_", " ")


class _Rows(NamedTuple):
    """Some rows of a table: a condition with its values."""

    table: str
    where: str
    values: Sequence[str]


@dataclass(frozen=True)
class FoundRows:
    """All rows of an identifier in a dataset.

    keys: of its events, the first column of the key
    counts: number of rows, by table, for the tables that have any
    unnamed: number of other events of the same visits, which do not carry the identifier
    """

    identifier: Identifier
    rows: Sequence[_Rows]
    keys: Sequence[str]
    counts: Mapping[str, int]
    unnamed: int


def find_rows(dataset: DatasetSql, identifier: Identifier) -> FoundRows:
    """Finds all rows of an identifier."""
    return _Search(dataset, identifier).find()


def erase_rows(dataset: DatasetSql, found: FoundRows, salt: str, erasure: Erasure) -> None:
    """Erases rows, in one transaction; keeps nothing but hashes of them.

    In a database without transactions, one that is killed here has to be repeated: what is left is
    found again.

    salt: of the dataset
    """
    identifier = found.identifier
    with dataset.transaction():
        values = {identifier.kind: identifier.values, KEY: found.keys}
        remember_erased(dataset, erased_hashes(salt, values, erasure.at))
        enter_erasure(dataset, erasure, found.counts)
        for table, where, of in found.rows:
            if table in TABLES:
                remove_rows(dataset, Removal(erasure.load_id, erasure.at), table, where, *of)
            else:
                dataset.execute(f"delete from {dataset.table(table)} where {where}", *of)


class _Search:
    """Looks for the rows of one identifier."""

    def __init__(self, dataset: DatasetSql, identifier: Identifier) -> None:
        self._dataset = dataset
        self._identifier = identifier
        self._columns = dataset.columns(*TABLES, REJECTED)

    def find(self) -> FoundRows:
        events = [rows for table in EVENT_TABLES for rows in self._events(table)]
        keys = [
            str(key)
            for each in events
            for (key,) in self._dataset.rows(self._keys(each), *each.values)
        ]
        # what leads to others goes last: the events, and of these the searches
        rows = [*self._rejects(events, keys), *self._details(events), *events[::-1]]
        counts = {each.table: self._count(each) for each in rows}
        found = {table: count for table, count in counts.items() if count}
        return FoundRows(self._identifier, rows, keys, found, self._count_unnamed(events))

    def _events(self, table: str) -> Iterable[_Rows]:
        names = identifier_columns(self._identifier.kind, self._columns[table])
        if names:
            values = self._identifier.values
            places = ", ".join("%s" for _ in values)
            where = " or ".join(f"{self._dataset.column(name)} in ({places})" for name in names)
            yield _Rows(table, f"({where})", values * len(names))

    def _details(self, events: Iterable[_Rows]) -> Iterable[_Rows]:
        for searches in (each for each in events if each.table == _SEARCHES):
            for table in (table for table in _DETAILS if self._columns[table]):
                where = f"{self._key(table)} in ({self._keys(searches)})"
                yield _Rows(table, where, searches.values)

    def _rejects(self, events: Iterable[_Rows], keys: Iterable[str]) -> Iterable[_Rows]:
        columns = self._columns[REJECTED]
        parts: list[tuple[str, Sequence[str]]] = []
        if "raw" in columns and (texts := self._texts(keys)):
            places = ", ".join("%s" for _ in texts)
            parts.append((f"{self._dataset.column('raw')} in ({places})", texts))
        if ROW_KEY in columns:
            key = self._dataset.column(ROW_KEY)
            parts += [(f"{key} in ({self._keys(each)})", each.values) for each in events]
        if parts:
            where = " or ".join(condition for condition, _ in parts)
            yield _Rows(REJECTED, f"({where})", [each for _, values in parts for each in values])

    def _texts(self, keys: Iterable[str]) -> list[str]:
        """Returns the rejected texts that contain the identifier, or the key of one of its rows."""
        values = self._identifier.values
        long = [value for value in values if len(value) >= _DISTINCTIVE]
        needles = [*(text for value in long for text in _spellings(value)), *keys]
        raw = self._dataset.column("raw")
        chunks = self._dataset.chunks(
            f"select distinct {raw} from {self._dataset.table(REJECTED)} where {raw} is not null"
        )
        return [
            text
            for chunk in chunks
            for (text,) in chunk
            if any(needle in text for needle in needles) or not cells_of(text).isdisjoint(values)
        ]

    def _count_unnamed(self, events: Iterable[_Rows]) -> int:
        visit = self._dataset.normalized(VISIT)
        column = self._dataset.column(visit)
        within = [each for each in events if visit in self._columns[each.table]]
        visits = " union all ".join(
            f"select {column} from {self._dataset.table(table)} where {where}"
            for table, where, _ in within
        )
        values = [value for each in within for value in each.values]
        tables = [table for table in EVENT_TABLES if within and visit in self._columns[table]]
        of_visits = [_Rows(table, f"{column} in ({visits})", values) for table in tables]
        named = [each._replace(where=f"{each.where} and {column} is not null") for each in within]
        return sum(map(self._count, of_visits)) - sum(map(self._count, named))

    def _keys(self, rows: _Rows) -> str:
        """Returns the query for the keys of some rows."""
        table = self._dataset.table(rows.table)
        return f"select {self._key(rows.table)} from {table} where {rows.where}"

    def _key(self, table: str) -> str:
        return self._dataset.column(self._dataset.normalized(TABLES[table].key[0]))

    def _count(self, rows: _Rows) -> int:
        query = f"select count(*) from {self._dataset.table(rows.table)} where {rows.where}"
        [(count,)] = self._dataset.rows(query, *rows.values) or [(0,)]
        return int(count)


def _spellings(value: str) -> set[str]:
    """Returns a value as rejected records may have it: plain, in JSON, and in each CSV dialect."""
    return {
        value,
        json.dumps(value, ensure_ascii=False)[1:-1],
        value.replace('"', '""'),
        re.sub(r'(["\\])', r'"\1', value),
        re.sub(r'(["\\])', r"\\\1", value),
    }
