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
from .dialect import ESCAPES
from .exceptions import TableError
from .header import header_of
from .pieces import CsvFile, NotInPieces, OnDisk, write_whole, written_pieces
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
LONGEST_RECORD = 16 << 20
"""Bytes, in a file that cannot be cut. A longer record is read by `salvage`."""

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
    # GMT without a mark was seen; ISO with T and Z, and no milliseconds, are inferred
    "timestamp": "try_strptime({cell}, ['%Y-%m-%d %H:%M:%S.%g', '%Y-%m-%dT%H:%M:%S.%gZ',"
    " '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ'])",
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


def read(source: CsvFile | Path, table: Table, export_format: str) -> Iterator[Batch]:
    """Reads a CSV file in batches, never as a whole; the next is made while one is used.

    A file without records yields one empty batch, so that the table and its columns are known.
    From a record on that does not parse, the file is read record by record instead.

    source: a path stands for the file on disk, beside which its pieces are written

    Raises:
        TableError: if the header or the file cannot be read
    """
    file = OnDisk(source, source.parent) if isinstance(source, Path) else source
    done = 0
    try:
        with closing(ahead(in_pieces(file, table, export_format))) as batches:
            for batch in batches:
                yield batch
                done += batch.records
    except (NotInPieces, duckdb.InvalidInputException):
        yield from whole(file, table, export_format, done)
    except duckdb.Error as error:
        raise unreadable(table, error) from None


def in_pieces(file: CsvFile, table: Table, export_format: str) -> Generator[Batch, None, None]:
    """Parses a file piece by piece.

    Raises:
        NotInPieces, duckdb.InvalidInputException: where that cannot be, or not go on
    """
    done = 0
    casting = None
    with (
        # parses in the thread that asks, beside those that unpack and write
        duckdb.connect(":memory:", config={"threads": 1}) as database,
        closing(ahead(written_pieces(file, export_format))) as paths,
    ):
        for path in paths:
            has_header = casting is None
            casting = casting or Casting(database, table, header_of(path, table, export_format))
            for part in casting.of_file(path, export_format, path.stat().st_size, has_header):
                yield casting.batch(part, range(done + 1, done + 1 + part.num_rows))
                done += part.num_rows
            path.unlink()
    if casting and not done:
        yield empty(table, casting.header)


def whole(file: CsvFile, table: Table, export_format: str, done: int) -> Iterator[Batch]:
    """Reads a file that is damaged, or cannot be cut, from some record on.

    done: how many records come before that one

    Raises:
        TableError: if the header or the file cannot be read
    """
    path = write_whole(file, export_format)
    header = header_of(path, table, export_format)
    known = done
    with duckdb.connect(":memory:") as database:
        casting = Casting(database, table, header)
        try:
            for part in casting.of_file(path, export_format, LONGEST_RECORD):
                fresh = part.slice(min(known, part.num_rows))
                known -= part.num_rows - fresh.num_rows
                yield casting.batch(fresh, range(done + 1, done + 1 + fresh.num_rows))
                done += fresh.num_rows
        except duckdb.InvalidInputException:
            rest = islice(records(path, export_format, len(header)), done + 1, None)
            yield from salvaged(rest, casting, done)
        except duckdb.Error as error:
            raise unreadable(table, error) from None
    if not done:
        yield empty(table, header)


def unreadable(table: Table, error: duckdb.Error) -> TableError:
    """What the parser says, as an error of ours."""
    return TableError(f"{table.file_name} cannot be read: {error}")


def salvaged(rest: Iterator[Record], casting: "Casting", done: int) -> Iterator[Batch]:
    """Batches of records that were read one by one.

    done: how many records came before
    """
    while chunk := list(islice(rest, BATCH_ROWS)):
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

    def of_file(
        self, path: Path, export_format: str, longest: int, has_header: bool = True
    ) -> pa.RecordBatchReader:
        """Parses a file with DuckDB.

        longest: bytes that a record may have; the buffers grow with it
        """
        columns = ", ".join(f"'{cell}': 'varchar'" for cell in self.cells)
        source = f"""read_csv(
            $path, columns = {{{columns}}}, auto_detect = false, header = {has_header}, delim = ',',
            quote = '"', escape = $escape, nullstr = '', strict_mode = true,
            max_line_size = {longest}, buffer_size = {2 * longest}
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
