"""A CSV file of an export, as typed Arrow tables.

DuckDB parses, with every name given and every cell taken as text. Only the columns that the
catalogue knows are cast; what does not fit is handed out beside the rows, never dropped.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from .ahead import ahead
from .catalogue import CURSOR, ColumnType, Table, column_type
from .dialect import ESCAPES, mended
from .exceptions import TableError
from .header import LONGEST, header_of
from .pieces import CsvFile, OnDisk, Written, written_pieces
from .rejection import (
    REJECTED_SCHEMA,
    WHOLE_RECORD,
    as_table,
    rejected_cells,
    rejected_records,
    rejection,
)
from .salvage import Record, printable, records

BATCH_ROWS = 50_000
BATCH_BYTES = 64 << 20
"""Raw bytes, from which on a batch that is read record by record is full."""

SMALLEST_BUFFER = 1 << 20
"""Bytes; DuckDB's default buffers are larger, and a piece is parsed in one."""

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


STOPPED = (duckdb.InvalidInputException, OSError)
"""What DuckDB raises at a record that it cannot read: before the first batch, and between two."""


class Batch(NamedTuple):
    """Some consecutive records of a file.

    records: how many records of the file it stands for
    rows: the rows of those that parse and have a key and a time, in API names
    rejected: what did not fit, as of REJECTED_SCHEMA
    """

    records: int
    rows: pa.Table
    rejected: pa.Table


def read(source: CsvFile | Path, table: Table, export_format: str) -> Iterator[Batch]:
    """Reads a CSV file in batches, never as a whole; the next is made while one is used.

    A file without records yields one empty batch, so that the table and its columns are known.
    DuckDB parses what fits the grammar, up to the first record that does not; the rest is read
    record by record, and so is a piece at which DuckDB stops because it is not UTF-8.

    source: a path stands for the file on disk, beside which its pieces are written

    Raises:
        TableError: if the header or the file cannot be read
    """
    file = OnDisk(source, source.parent) if isinstance(source, Path) else source
    with closing(file.open()) as opened:
        header = header_of(opened.read(LONGEST), table, export_format)
    with closing(ahead(batches(file, table, header, export_format))) as coming:
        yield from coming


def batches(
    file: CsvFile, table: Table, header: Sequence[str], export_format: str
) -> Generator[Batch, None, None]:
    """Parses a file piece by piece; while one is parsed the next is unpacked.

    Raises:
        TableError: if the file cannot be read
    """
    done = 0
    with (
        # the thread that asks is enough: another unpacks and a third uses the rows
        duckdb.connect(":memory:", config={"threads": 1}) as database,
        closing(ahead(written_pieces(file, export_format, len(header)))) as pieces,
    ):
        casting = Casting(database, table, header)
        for number, piece in enumerate(pieces):
            for batch in of_piece(piece, casting, export_format, done, has_header=not number):
                yield batch
                done += batch.records
            piece.path.unlink()
    if not done:
        yield empty(table, header)


def of_piece(
    piece: Written, casting: "Casting", export_format: str, before: int, has_header: bool
) -> Iterator[Batch]:
    """The batches of one piece.

    before: how many records came before it

    Raises:
        TableError: if it cannot be read
    """
    done = 0
    if piece.records is not None:
        try:
            for part in casting.of_file(piece.path, export_format, has_header):
                numbers = range(before + done + 1, before + done + 1 + part.num_rows)
                yield casting.batch(part, numbers)
                done += part.num_rows
            if done != piece.records - has_header:
                raise TableError(
                    f"{casting.table.file_name} holds {piece.records - has_header:,} records, but"
                    f" {done:,} were read, behind record {before:,}. Nothing of it was loaded;"
                    " please report the header and the version of duckdb."
                )
            return
        except STOPPED:
            pass
        except duckdb.Error as error:
            raise TableError(f"{casting.table.file_name} cannot be read: {error}") from None
    rest = records(piece.path, export_format, len(casting.header))
    yield from salvaged(islice(rest, done + has_header, None), casting, before + done)


def salvaged(rest: Iterator[Record], casting: "Casting", done: int) -> Iterator[Batch]:
    """Batches of records that were read one by one.

    done: how many records came before
    """
    for chunk in chunks(rest):
        numbered = list(enumerate(chunk, done + 1))
        sound = {number: record.cells for number, record in numbered if record.cells}
        batch = casting.batch(casting.of_cells(list(sound.values())), list(sound))
        damaged = as_table(
            rejection(number, WHOLE_RECORD, printable(record.raw), record.reason)
            for number, record in numbered
            if not record.cells
        )
        yield Batch(len(chunk), batch.rows, pa.concat_tables([batch.rejected, damaged]))
        done += len(chunk)


def chunks(rest: Iterator[Record]) -> Iterator[list[Record]]:
    """Records in lists that are bounded in number and in bytes."""
    chunk: list[Record] = []
    size = 0
    for record in rest:
        chunk.append(record)
        size += len(record.raw)
        if len(chunk) == BATCH_ROWS or size >= BATCH_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


class Casting:
    """The query that casts the cells of one file, whoever parsed it.

    Its columns are called by their place, since a header may hold any name: `cell_0` the text,
    `value_0` the value, `misfit_0` the text where there is no value for it, and `incomplete` the
    whole record where it lacks a part of its key or its time.
    """

    def __init__(
        self, database: duckdb.DuckDBPyConnection, table: Table, header: Sequence[str]
    ) -> None:
        self._database = database
        self.table = table
        self.header = header
        self.required = (*table.key, CURSOR)
        self.cells = [f"cell_{place}" for place in range(len(header))]

    def of_file(self, path: Path, export_format: str, has_header: bool) -> pa.RecordBatchReader:
        """Parses a file with DuckDB."""
        path = mended(path) if export_format == "EXCEL" else path
        size = max(path.stat().st_size, SMALLEST_BUFFER)
        columns = ", ".join(f"'{cell}': 'varchar'" for cell in self.cells)
        source = f"""read_csv(
            $path, columns = {{{columns}}}, auto_detect = false, header = {has_header},
            delim = ',', quote = '"', escape = $escape, nullstr = '', strict_mode = true,
            max_line_size = {size}, buffer_size = {2 * size}
        )"""
        parameters = {"path": str(path), "escape": ESCAPES[export_format]}
        return self._database.execute(self._select(source), parameters).to_arrow_reader(BATCH_ROWS)

    def of_cells(self, rows: Sequence[Sequence[str | None]]) -> pa.Table:
        """Takes cells that are parsed already."""
        columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(self.cells)
        arrays = [pa.array(column, pa.string()) for column in columns]
        self._database.register("parsed", pa.Table.from_arrays(arrays, names=self.cells))
        return self._database.execute(self._select("parsed")).to_arrow_table()

    def batch(self, part: pa.RecordBatch | pa.Table, numbers: Sequence[int]) -> Batch:
        """Splits what the query gave into rows and what did not fit.

        numbers: of the records, in the file
        """
        incomplete = part["incomplete"]
        left_out = incomplete.is_valid()
        rows = pa.Table.from_arrays(
            [part[f"value_{place}"] for place in range(len(self.header))], names=self.header
        )
        misfits = {self.header[place]: part[f"misfit_{place}"] for place in self._cast_places()}
        rejected = [
            *rejected_records(incomplete, self.required, numbers),
            *rejected_cells(misfits, left_out, numbers),
        ]
        if rejected:
            rows = rows.filter(incomplete.is_null())
        return Batch(
            part.num_rows, rows.cast(schema_of(self.table, self.header)), as_table(rejected)
        )

    def _select(self, source: str) -> str:
        values = [
            f"{CASTS[column_type(name)].format(cell=cell)} as value_{place}"
            for place, (name, cell) in enumerate(zip(self.header, self.cells, strict=True))
        ]
        # not the cells too, which are the same texts once more
        outcomes = [f"value_{place}" for place in range(len(self.header))]
        misfits = [
            f"case when value_{place} is null then cell_{place} end as misfit_{place}"
            for place in self._cast_places()
        ]
        lacking = " or ".join(f"value_{self.header.index(name)} is null" for name in self.required)
        record = ", ".join(
            f"{literal(name)}, {cell}" for name, cell in zip(self.header, self.cells, strict=True)
        )
        return f"""
            select {", ".join(outcomes)}, {", ".join(misfits)},
                case when {lacking} then cast(json_object({record}) as varchar) end as incomplete
            from (select *, {", ".join(values)} from {source})
        """

    def _cast_places(self) -> list[int]:
        return [place for place, name in enumerate(self.header) if column_type(name) != "text"]


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def schema_of(table: Table, header: Iterable[str]) -> pa.Schema:
    """The Arrow schema of a table with these columns; its key is never null."""
    return pa.schema(
        [
            pa.field(name, ARROW_TYPES[column_type(name)], nullable=name not in table.key)
            for name in header
        ]
    )


def empty(table: Table, header: Iterable[str] | None = None) -> Batch:
    """A batch without records, with the columns of the file or else the catalogue's."""
    schema = schema_of(table, header or table.columns)
    return Batch(0, schema.empty_table(), REJECTED_SCHEMA.empty_table())
