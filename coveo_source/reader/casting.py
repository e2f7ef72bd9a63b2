"""Casts cells to the types of their columns with DuckDB, and puts aside those that do not fit."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..tables import CURSOR, ColumnType, Table, column_type
from .rejects import REJECTED_SCHEMA, rejected_cells, rejected_records, to_table

_ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "bool": pa.bool_(),
    "bigint": pa.int64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

_CASTS: dict[ColumnType, str] = {
    # t and f were seen, the others are inferred
    "bool": "case when lower({cell}) in ('t', 'true', '1') then true"
    " when lower({cell}) in ('f', 'false', '0') then false end",
    # a bare cast would round 1.5 and trim blanks
    "bigint": "case when regexp_full_match({cell}, '-?[0-9]+') then try_cast({cell} as bigint) end",
    # GMT without a time zone was seen; ISO with T and Z, and no milliseconds, are inferred;
    # strptime alone would read 26-1-3 as the year 26, and ignore blanks
    "timestamp": "case when regexp_full_match({cell}, '[1-9][0-9]{{3}}(-[0-9]{{2}}){{2}}"
    "[ T][0-9]{{2}}(:[0-9]{{2}}){{2}}([.][0-9]{{1,3}})?Z?') then"
    " try_strptime({cell}, ['%Y-%m-%d %H:%M:%S.%g', '%Y-%m-%dT%H:%M:%S.%gZ',"
    " '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ']) end",
}
"""SQL that casts a cell, with null for one that does not fit."""


class Batch(NamedTuple):
    """Some consecutive records of a file.

    records: number of records in the file that the batch covers
    rows: those records that parse and have their key and time; columns have API names
    rejected: what does not fit, as a table of REJECTED_SCHEMA
    """

    records: int
    rows: pa.Table
    rejected: pa.Table


class Caster:
    """Casts the cells of one file, whichever parser read them.

    A header may hold any name, so SQL names columns by their index: `cell_0` is a text, `value_0`
    its value, and `misfit_0` the text if it does not fit.
    """

    def __init__(
        self, database: duckdb.DuckDBPyConnection, table: Table, header: Sequence[str]
    ) -> None:
        self._database = database
        self.table = table
        self.header = header
        self.cells = [f"cell_{index}" for index in range(len(header))]
        self._typed = [index for index, name in enumerate(header) if column_type(name) != "text"]
        self._query = self._cast_query()

    def cast_rows(self, rows: Sequence[Sequence[str | None]], numbers: Sequence[int]) -> Batch:
        """Casts the cells of records that were read one by one; see `cast`."""
        columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(self.cells)
        arrays = [pa.array(column, pa.string()) for column in columns]
        return self.cast(pa.Table.from_arrays(arrays, names=self.cells), numbers)

    def cast(self, cells: pa.Table, numbers: Sequence[int]) -> Batch:
        """Casts the cells of some records.

        cells: text of all cells, in columns named as in `self.cells`
        numbers: of the records in the file
        """
        # pyarrow's indices_nonzero crashes on an array without chunks
        if not cells.num_rows:
            return empty_batch(self.table, self.header)
        self._database.register("cells", cells.select([self.cells[i] for i in self._typed]))
        cast = self._database.execute(self._query).to_arrow_table()
        self._database.unregister("cells")
        values = [
            cast[f"value_{index}"] if index in self._typed else cells[cell]
            for index, cell in enumerate(self.cells)
        ]
        rows = pa.Table.from_arrays(values, names=list(self.header))
        misfits = {self.header[index]: cast[f"misfit_{index}"] for index in self._typed}
        required = (*self.table.key, CURSOR)
        excluded = reduce(pc.or_, [rows[name].is_null() for name in required])
        records = self._as_json(cells.filter(excluded))
        keys = cells[self.cells[self.header.index(self.table.key[0])]]
        rejections = [
            *rejected_records(records, excluded, required, numbers, keys),
            *rejected_cells(misfits, excluded, numbers, keys),
        ]
        if rejections:
            rows = rows.filter(pc.invert(excluded))
        rows = rows.cast(arrow_schema(self.table, self.header))
        return Batch(cells.num_rows, rows, to_table(rejections))

    def _cast_query(self) -> str:
        outcomes = [
            f"{_CASTS[column_type(self.header[index])].format(cell=f'cell_{index}')}"
            f" as value_{index},"
            f" case when value_{index} is null then cell_{index} end as misfit_{index}"
            for index in self._typed
        ]
        return f"select {', '.join(outcomes)} from cells"

    def _as_json(self, cells: pa.Table) -> Iterator[str]:
        # in small steps, because the cells take much more memory as objects of Python
        for batch in cells.rename_columns(list(self.header)).to_batches(max_chunksize=1000):
            for record in batch.to_pylist():
                yield json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def empty_batch(table: Table, header: Iterable[str] | None = None) -> Batch:
    """Returns a batch without records; by default with the columns of the table."""
    schema = arrow_schema(table, header or table.columns)
    return Batch(0, schema.empty_table(), REJECTED_SCHEMA.empty_table())


def arrow_schema(table: Table, header: Iterable[str]) -> pa.Schema:
    """Returns the Arrow schema of a table with these columns; only its key is not nullable."""
    return pa.schema(
        pa.field(name, _ARROW_TYPES[column_type(name)], nullable=name not in table.key)
        for name in header
    )
