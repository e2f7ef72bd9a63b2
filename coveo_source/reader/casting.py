"""Casts cells to the types of their columns with DuckDB, and puts aside those that do not fit."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..tables import CURSOR, ColumnType, Table, column_type
from .bounds import Bounds
from .rejects import (
    REJECTED_SCHEMA,
    Doubt,
    Misfits,
    Rejection,
    misfits_of,
    rejected_cells,
    rejected_records,
    to_table,
)
from .values import UNUSUAL

_ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "bool": pa.bool_(),
    "bigint": pa.int64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

_CASTS: dict[ColumnType, str] = {
    # t and f were seen, the others are inferred
    "bool": "case when lower(trim({cell})) in ('t', 'true', '1') then true"
    " when lower(trim({cell})) in ('f', 'false', '0') then false end",
    # a bare cast would round 1.5
    "bigint": "case when regexp_full_match({cell}, '-?[0-9]+') then try_cast({cell} as bigint) end",
    # GMT without a time zone was seen; ISO with T and Z, and no milliseconds, are inferred;
    # strptime alone would read 26-1-3 as the year 26, and ignore blanks
    "timestamp": "case when regexp_full_match({cell}, '[1-9][0-9]{{3}}(-[0-9]{{2}}){{2}}"
    "[ T][0-9]{{2}}(:[0-9]{{2}}){{2}}([.][0-9]{{1,3}})?Z?') then"
    " try_strptime({cell}, ['%Y-%m-%d %H:%M:%S.%g', '%Y-%m-%dT%H:%M:%S.%gZ',"
    " '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ']) end",
}
"""SQL that casts a cell in an ordinary spelling, with null for any other."""

_MOMENT = pa.timestamp("us")


class Batch(NamedTuple):
    """Some consecutive records of a file.

    records: number of records in the file that the batch covers
    rows: those records that parse and have their key and time; columns have API names
    rejected: what does not fit, as a table of REJECTED_SCHEMA
    misfits: what does not fit its type, or is left out as a whole, summed up by column
    misfit_records: number of records with any of that
    """

    records: int
    rows: pa.Table
    rejected: pa.Table
    misfits: Mapping[str, Misfits] = MappingProxyType({})
    misfit_records: int = 0


class Caster:
    """Casts the cells of one file, whichever parser read them.

    A header may hold any name, so SQL names columns by their index: `cell_0` is a text, `value_0`
    its value, and `misfit_0` the text if it does not fit.
    """

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        table: Table,
        header: Sequence[str],
        bounds: Bounds,
    ) -> None:
        self._database = database
        self._bounds = bounds
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
        raw = cells.rename_columns(list(self.header))
        cells = pa.table(list(map(self._bounds.stored, cells.columns)), self.cells)
        values, misfits = self._values(cells)
        rows = pa.Table.from_arrays(values, names=list(self.header))
        texts = cells.rename_columns(list(self.header))
        doubts = dict(self._doubts(rows, texts))
        excluded = reduce(pc.or_, doubts.values())
        keys = texts[self.table.key[0]]
        rejections = [
            *rejected_records(self._as_json(raw.filter(excluded)), doubts, texts, numbers, keys),
            *rejected_cells(misfits, excluded, numbers, keys),
        ]
        if rejections:
            rows = rows.filter(pc.invert(excluded))
        rows = rows.cast(arrow_schema(self.table, self.header))
        changed = self._changed_texts(raw, texts, excluded, numbers)
        found = misfits_of(misfits, doubts, texts) if rejections else {}
        return Batch(
            cells.num_rows,
            rows,
            to_table([*rejections, *changed]),
            found,
            len({rejection.record for rejection in rejections}),
        )

    def shown(self, raw: bytes) -> str:
        """Returns a damaged record as it can be stored."""
        return self._bounds.shown(raw.decode(errors="backslashreplace"))

    def _values(self, cells: pa.Table) -> tuple[list[Any], dict[str, pa.ChunkedArray]]:
        """Returns the values of each column, and by name the text of the cells that do not fit."""
        self._database.register("cells", cells.select([self.cells[i] for i in self._typed]))
        cast = self._database.execute(self._query).to_arrow_table()
        self._database.unregister("cells")
        values: list[Any] = cells.columns
        misfits = {}
        for index in self._typed:
            name = self.header[index]
            value, misfit = cast[f"value_{index}"], cast[f"misfit_{index}"]
            values[index], misfits[name] = _read_unusual(column_type(name), value, misfit)
        return values, misfits

    def _doubts(self, rows: pa.Table, texts: pa.Table) -> Iterator[tuple[Doubt, pa.ChunkedArray]]:
        """Yields for each reason to leave out a whole record which records it is true of."""
        for name in self.table.key:
            yield Doubt(name, "has no {name}"), rows[name].is_null()
        is_given = texts[CURSOR].is_valid()
        yield Doubt(CURSOR, "has no {name}"), pc.invert(is_given)
        yield (
            Doubt(CURSOR, "has a {name} that cannot be read for certain, {raw!r}"),
            pc.and_(is_given, rows[CURSOR].is_null()),
        )
        if period := self._bounds.period:
            start, end = (pa.scalar(each.replace(tzinfo=None), _MOMENT) for each in period)
            outside = pc.or_(pc.less(rows[CURSOR], start), pc.greater_equal(rows[CURSOR], end))
            yield (
                Doubt(CURSOR, "has a {name} far outside of the window, {raw!r}"),
                outside.fill_null(False),
            )

    def _changed_texts(
        self, raw: pa.Table, texts: pa.Table, excluded: pa.ChunkedArray, numbers: Sequence[int]
    ) -> Iterator[Rejection]:
        """Yields a note for each cell that is stored otherwise than it was written."""
        for name in self.header:
            # a value of another type that was changed does not fit, and is rejected as that
            if column_type(name) != "text":
                continue
            for index, text, reason in self._bounds.changed(raw[name], texts[name]):
                if not excluded[index].as_py():
                    key = texts[self.table.key[0]][index].as_py()
                    yield Rejection(numbers[index], name, text, reason, key)

    def _cast_query(self) -> str:
        outcomes = [
            f"{_CASTS[column_type(self.header[index])].format(cell=f'cell_{index}')}"
            f" as value_{index},"
            f" case when value_{index} is null then cell_{index} end as misfit_{index}"
            for index in self._typed
        ]
        return f"select {', '.join(outcomes)} from cells"

    def _as_json(self, records: pa.Table) -> Iterator[str]:
        # in small steps, because the cells take much more memory as objects of Python
        for batch in records.to_batches(max_chunksize=1000):
            for record in batch.to_pylist():
                text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
                yield self._bounds.shown(text)


def _read_unusual(
    kind: ColumnType, values: pa.ChunkedArray, misfits: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Reads cells in an unusual spelling; returns all values, and the cells that still misfit."""
    read = UNUSUAL.get(kind)
    if read is None or misfits.null_count == len(misfits):
        return values, misfits
    found = [None if text is None else read(text) for text in misfits.to_pylist()]
    unusual = pa.chunked_array([pa.array(found, values.type)])
    return pc.coalesce(values, unusual), pc.if_else(
        unusual.is_valid(), pa.scalar(None, pa.string()), misfits
    )


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
