"""Cells become values of their column's type; what does not fit is handed out beside the rows.

Only the columns that the catalogue knows are cast, by DuckDB; texts stay the bytes they are.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..tables import CURSOR, ColumnType, Table, column_type
from .rejects import REJECTED_SCHEMA, as_table, rejected_cells, rejected_records

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "bool": pa.bool_(),
    "bigint": pa.int64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

CASTS: dict[ColumnType, str] = {
    "text": "{cell}",
    # t and f were seen, the others are inferred
    "bool": "case when lower({cell}) in ('t', 'true', '1') then true"
    " when lower({cell}) in ('f', 'false', '0') then false end",
    # a bare cast would round 1.5 and trim blanks
    "bigint": "case when regexp_full_match({cell}, '-?[0-9]+') then try_cast({cell} as bigint) end",
    # GMT without a mark was seen; ISO with T and Z, and no milliseconds, are inferred;
    # strptime alone would take 26-1-3 for the year 26, and pass over blanks
    "timestamp": "case when regexp_full_match({cell}, '[1-9][0-9]{{3}}(-[0-9]{{2}}){{2}}"
    "[ T][0-9]{{2}}(:[0-9]{{2}}){{2}}([.][0-9]{{1,3}})?Z?') then"
    " try_strptime({cell}, ['%Y-%m-%d %H:%M:%S.%g', '%Y-%m-%dT%H:%M:%S.%gZ',"
    " '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ']) end",
}


class Batch(NamedTuple):
    """Some consecutive records of a file.

    records: how many records of the file it stands for
    rows: the rows of those that parse and have a key and a time, in API names
    rejected: what did not fit, as of REJECTED_SCHEMA
    """

    records: int
    rows: pa.Table
    rejected: pa.Table


class Casting:
    """Casts the cells of one file, whoever parsed them.

    In SQL its columns are called by their place, since a header may hold any name: `cell_0` the
    text, `value_0` the value, and `misfit_0` the text where there is no value for it.
    """

    def __init__(
        self, database: duckdb.DuckDBPyConnection, table: Table, header: Sequence[str]
    ) -> None:
        self._database = database
        self.table = table
        self.header = header
        self.schema = arrow_schema(table, header)
        self.cells = [f"cell_{place}" for place in range(len(header))]
        self._typed = [place for place, name in enumerate(header) if column_type(name) != "text"]
        self._query = self._cast_query()

    def batch(self, cells: pa.Table, numbers: Sequence[int]) -> Batch:
        """The rows of some records, and what did not fit.

        cells: all of them as text, the columns called as in `cells`
        numbers: of the records, in the file
        """
        if not cells.num_rows:
            return Batch(0, self.schema.empty_table(), REJECTED_SCHEMA.empty_table())
        cast = self._run(self._query, cells.select([self.cells[place] for place in self._typed]))
        values = [
            cast[f"value_{place}"] if place in self._typed else cells[cell]
            for place, cell in enumerate(self.cells)
        ]
        rows = pa.Table.from_arrays(values, names=list(self.header))
        misfits = {self.header[place]: cast[f"misfit_{place}"] for place in self._typed}
        required = (*self.table.key, CURSOR)
        left_out = lacking([rows[name] for name in required])
        rejected = [
            *rejected_records(self._as_json(cells, left_out), left_out, required, numbers),
            *rejected_cells(misfits, left_out, numbers),
        ]
        if rejected:
            rows = rows.filter(pc.invert(left_out))
        return Batch(cells.num_rows, rows.cast(self.schema), as_table(rejected))

    def of_texts(self, rows: Sequence[Sequence[str | None]], numbers: Sequence[int]) -> Batch:
        """The same for cells that were read one by one."""
        columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(self.cells)
        arrays = [pa.array(column, pa.string()) for column in columns]
        return self.batch(pa.Table.from_arrays(arrays, names=self.cells), numbers)

    def _run(self, query: str, cells: pa.Table) -> pa.Table:
        self._database.register("cells", cells)
        try:
            return self._database.execute(query).to_arrow_table()
        finally:
            self._database.unregister("cells")

    def _cast_query(self) -> str:
        values = [
            f"{CASTS[column_type(self.header[place])].format(cell=self.cells[place])}"
            f" as value_{place}"
            for place in self._typed
        ]
        outcomes = [
            f"{value}, case when {value} is null then {cell} end as misfit_{place}"
            for place in self._typed
            for value, cell in [(f"value_{place}", self.cells[place])]
        ]
        return f"select {', '.join(outcomes)} from (select *, {', '.join(values)} from cells)"

    def _as_json(self, cells: pa.Table, chosen: pa.ChunkedArray) -> list[str]:
        """Some records, each as one JSON object."""
        found = cells.filter(chosen)
        if not found.num_rows:
            return []
        record = ", ".join(
            f"{sql_literal(name)}, {cell}"
            for name, cell in zip(self.header, self.cells, strict=True)
        )
        query = f"select cast(json_object({record}) as varchar) as record from cells"
        return [str(text) for text in self._run(query, found)["record"].to_pylist()]


def lacking(columns: Iterable[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Where at least one of some columns is null."""
    first, *others = (column.is_null() for column in columns)
    for other in others:
        first = pc.or_(first, other)
    return first


def sql_literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def arrow_schema(table: Table, header: Iterable[str]) -> pa.Schema:
    """The Arrow schema of a table with these columns; its key is never null."""
    return pa.schema(
        [
            pa.field(name, ARROW_TYPES[column_type(name)], nullable=name not in table.key)
            for name in header
        ]
    )
