"""Leaves out what was erased from the dataset, although Coveo still has it.

All that is known of it are salted hashes: of identifiers, for their events until the erasure, and
of the keys of rows, whatever their time.
"""

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timezone
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..dataset import (
    KEY,
    DatasetRecord,
    ErasedHash,
    cells_of,
    erased_hashes,
    open_dataset,
    open_sql_dataset,
    prefix_of,
    read_erased,
    remember_erased,
)
from ..reader import WHOLE_RECORD, Batch
from ..tables import CURSOR, Table, identifier_columns

_MOMENT = pa.timestamp("us", tz="UTC")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")


class ErasedRows:
    """What was erased from the dataset of a pipeline, so that it must not come back.

    record: of the dataset; None if it has none
    allowed: whether everything may come back
    """

    def __init__(
        self, pipeline: dlt.Pipeline, record: DatasetRecord | None, allowed: bool = False
    ) -> None:
        self._pipeline = pipeline
        self._salt = record.salt if record else ""
        with open_dataset(pipeline) as dataset:
            known = read_erased(dataset) if dataset and record and not allowed else []
        self._hashes = _Hashes(self._salt, known) if known else None
        # of rows that carry an identifier: what belongs to them does not, nor do they in an
        # export with fewer dimensions
        self._learned: set[str] = set()

    def without(self, table: Table, batch: Batch) -> tuple[Batch, int]:
        """Returns a batch without what was erased, and how many of its records were."""
        if self._hashes is None or not batch.records:
            return batch, 0
        rows = batch.rows
        key, numbers = rows[table.key[0]], pa.array(range(rows.num_rows), pa.int64())
        known = self._hashes.find(KEY, numbers, key)
        named = {
            number
            for kind in self._hashes.identifiers
            for name in identifier_columns(kind, rows.column_names)
            for number in self._hashes.find(kind, numbers, rows[name], rows[CURSOR])
        }
        self._learn(key.take(_numbers(named - known)).to_pylist())
        if not known | named and not batch.rejected.num_rows:
            return batch, 0
        erased = pc.is_in(numbers, value_set=_numbers(known | named))
        kept, records = self._rejects(batch.rejected, key.filter(erased))
        left = batch._replace(rows=rows.filter(pc.invert(erased)), rejected=kept)
        return left, len(known | named) + records

    def remember(self) -> None:
        """Writes down in the dataset which keys were learned."""
        if not self._learned:
            return
        with open_sql_dataset(self._pipeline) as dataset:
            keys = {KEY: self._learned}
            remember_erased(dataset, erased_hashes(self._salt, keys, dataset.now()))
        self._learned.clear()

    def _learn(self, keys: Collection[str]) -> None:
        if self._hashes and keys:
            self._hashes.add_keys(keys)
            self._learned.update(keys)

    def _rejects(self, rejects: pa.Table, keys: pa.ChunkedArray) -> tuple[pa.Table, int]:
        """Returns the rejects that were not erased, and how many of the others are records.

        keys: of the erased rows, whose cells go with them
        """
        if not rejects.num_rows:
            return rejects, 0
        numbers = pa.array(range(rejects.num_rows), pa.int64())
        records = self._erased_records(rejects)
        self._learn(list(filter(None, rejects["key"].take(_numbers(records)).to_pylist())))
        is_cell = pc.not_equal(rejects["column"], WHOLE_RECORD)
        cells = pc.and_(is_cell, pc.is_in(rejects["key"], value_set=keys.combine_chunks()))
        erased = pc.or_(cells, pc.is_in(numbers, value_set=_numbers(records)))
        return rejects.filter(pc.invert(erased)), len(records)

    def _erased_records(self, rejects: pa.Table) -> set[int]:
        """Returns the positions of rejected records with an erased value in one of their cells."""
        columns = rejects["column"].to_pylist(), rejects["raw"].to_pylist()
        cells = [
            (number, text, _time_of(raw))
            for number, (column, raw) in enumerate(zip(*columns, strict=True))
            if column == WHOLE_RECORD and raw
            for text in cells_of(raw)
        ]
        if not self._hashes or not cells:
            return set()
        numbers, texts, times = (list(column) for column in zip(*cells, strict=True))
        kinds = (KEY, *self._hashes.identifiers)
        return set().union(
            *(self._hashes.find(kind, numbers, texts, pa.array(times, _MOMENT)) for kind in kinds)
        )


class _Hashes:
    """The hashes of what was erased, in a database of their own."""

    def __init__(self, salt: str, hashes: Iterable[ErasedHash]) -> None:
        self._salt = salt
        self._database = duckdb.connect(":memory:", config={"threads": 1})
        self._database.execute("create table erased (kind text, hash text, erased_at timestamptz)")
        self._insert(hashes)
        kinds = self._database.execute("select distinct kind from erased").fetchall()
        self.identifiers = sorted({kind for (kind,) in kinds} - {KEY})

    def add_keys(self, keys: Collection[str]) -> None:
        """Adds hashes of the keys of rows."""
        self._insert(erased_hashes(self._salt, {KEY: keys}, datetime.now(timezone.utc)))

    def find(self, kind: str, numbers: Any, values: Any, times: Any = None) -> set[int]:
        """Returns the numbers of the rows whose value was erased.

        times: of the rows; one that is later than the erasure is not found
        """
        times = pa.nulls(len(numbers), _MOMENT) if times is None else times
        cells = pa.table({"number": numbers, "value": values, "time": times})
        self._database.register("cells", cells)
        # a value is hashed once, however many rows have it
        found = self._database.execute(
            """
            select number from cells join (
                select value, max(erased_at) as erased_at
                from (select distinct value from cells) as texts
                join erased on erased.hash = sha256($prefix || value) and erased.kind = $kind
                group by value
            ) as found using (value)
            where time is null or time <= erased_at
            """,
            {"prefix": prefix_of(self._salt, kind), "kind": kind},
        ).fetchall()
        self._database.unregister("cells")
        return {number for (number,) in found}

    def _insert(self, hashes: Iterable[ErasedHash]) -> None:
        columns = dict(zip(ErasedHash._fields, zip(*hashes, strict=True), strict=True))
        self._database.register("hashes", pa.table(columns))
        self._database.execute("insert into erased select kind, hash, erased_at from hashes")
        self._database.unregister("hashes")


def _numbers(numbers: Iterable[int]) -> pa.Array:
    return pa.array(sorted(numbers), pa.int64())


def _time_of(raw: str) -> datetime | None:
    """Returns the first time that a rejected record holds; None if it holds none that can be."""
    found = _TIME.search(raw)
    try:
        moment = datetime.fromisoformat(found[0]).replace(tzinfo=timezone.utc) if found else None
    except ValueError:
        return None
    # a wrong time may be why the record was rejected
    return moment if moment and moment <= datetime.now(timezone.utc) else None
