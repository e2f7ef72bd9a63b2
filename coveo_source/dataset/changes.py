"""Changed rows: those that were there before with other content.

A load replaces rows, so what they were has to be known before it: 64-bit hashes of keys and of
contents are read from the destination, where it can compute them in one query, and compared with
those of the rows that the load brought. Only the time that is loaded again is read.
"""

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ..exports import Window
from ..tables import DLTS, TABLES
from .ages import Ages, ByAge, within
from .sql import DatasetSql

_MOST_ROWS = 500_000
"""Rows of one table in one window; they take 16 bytes each. Of more, changes are not counted."""
_HASHES = {
    "duckdb": "cast(hash({columns}) >> 1 as bigint)",
    "postgres": "hashtextextended(cast(row({columns}) as text), 0)",
}
"""The hash of a row as a signed number, by sqlglot's name for the SQL; elsewhere nobody tried."""


@dataclass(frozen=True)
class Contents:
    """What rows of a table held before a load.

    columns: the quoted names of those that count
    hashes: of the key and the content of each row
    """

    columns: tuple[str, ...]
    hashes: pa.Table


def held_contents(
    dataset: DatasetSql,
    table: str,
    columns: Collection[str],
    windows: tuple[Window, ...],
    count: int,
) -> Contents | None:
    """Returns what the rows of some windows hold; None if that takes too long to find out.

    columns: of the table
    count: the number of these rows
    """
    if dataset.dialect not in _HASHES or count > _MOST_ROWS:
        return None
    names = tuple(dataset.column(name) for name in columns if not name.startswith(DLTS))
    condition, values = within(dataset, windows)
    query = (
        f"select {_hash(dataset, _key(dataset, table))}, {_hash(dataset, names)}"
        f" from {dataset.table(table)} where {condition}"
    )
    return Contents(names, _numbers(["key", "content"], dataset.chunks(query, *values)))


def changed_rows(
    dataset: DatasetSql,
    table: str,
    load_id: str,
    windows: tuple[Window, ...],
    ages: Ages,
    before: Contents,
) -> ByAge:
    """Returns how many rows of a load were there before with other content, by their age."""
    age, bounds = ages.sql(dataset, windows[0].start)
    condition, values = within(dataset, windows)
    query = (
        f"select {_hash(dataset, _key(dataset, table))}, {_hash(dataset, before.columns)}, {age}"
        f" from {dataset.table(table)} where {condition} and _dlt_load_id = %s"
    )
    rows = dataset.chunks(query, *bounds, *values, load_id)
    with duckdb.connect(":memory:", config={"threads": 1}) as memory:
        memory.register("held", before.hashes)
        memory.register("loaded", _numbers(["key", "content", "age"], rows))
        found = memory.execute(
            "select age, count(*) from loaded join held using (key)"
            " where loaded.content <> held.content group by age order by age"
        )
        return dict(found.fetchall())


def _key(dataset: DatasetSql, table: str) -> tuple[str, ...]:
    return tuple(dataset.column(dataset.normalized(name)) for name in TABLES[table].key)


def _hash(dataset: DatasetSql, columns: tuple[str, ...]) -> str:
    return _HASHES[dataset.dialect].format(columns=", ".join(columns))


def _numbers(names: list[str], chunks: Iterator[list[tuple[int, ...]]]) -> pa.Table:
    """Returns rows of numbers as a table of as many bytes as they need."""
    columns = [array("q") for _ in names]
    for chunk in chunks:
        for column, numbers in zip(columns, zip(*chunk, strict=True), strict=False):
            column.extend(numbers)
    arrays = [
        pa.Array.from_buffers(pa.int64(), len(column), [None, pa.py_buffer(column)])
        for column in columns
    ]
    return pa.table(arrays, names=names)
