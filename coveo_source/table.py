"""A CSV file of an export, as typed Arrow tables.

DuckDB parses, with nothing left to its sniffer: we read the header, give every name, and take
every cell as text. Only the columns that the catalogue knows are cast; a cell that does not fit
is handed out beside the rows, never dropped.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from .catalogue import CURSOR, ColumnType, Table, column_type
from .dialect import BOM, ESCAPES, mended
from .exceptions import TableError

BATCH_ROWS = 50_000
LONGEST_RECORD = 64 << 20
LONGEST_HEADER = 1 << 20

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

REJECTED_SCHEMA = pa.schema(
    [
        pa.field("record", pa.int64(), nullable=False),
        pa.field("column", pa.string(), nullable=False),
        pa.field("raw", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""Rejected cells: the record's number in its file (the first behind the header is 1), the API
name of the column, the text of the cell (of a record without its key: all cells, as JSON), and
what was expected."""


class Batch(NamedTuple):
    """Some consecutive records of a file.

    records: how many records of the file it stands for
    rows: the rows of those that have a key and a time, in API names
    rejected: the cells that did not fit, as of REJECTED_SCHEMA
    """

    records: int
    rows: pa.Table
    rejected: pa.Table


def read(path: Path, table: Table, export_format: str) -> Iterator[Batch]:
    """Reads a CSV file in batches; its peak memory does not depend on its size.

    A file without records yields one empty batch, so that the table and its columns are known.

    Raises:
        TableError: if the header or a record cannot be read; it names the line
    """
    path = mended(path) if export_format == "EXCEL" else path
    names = header_of(path, table, export_format)
    done = 0
    with duckdb.connect(":memory:") as database:
        try:
            for part in scan(database, path, names, export_format):
                yield batch_of(pa.Table.from_batches([part]), table, names, done)
                done += part.num_rows
        except duckdb.Error as error:
            raise TableError(f"{table.file_name} cannot be read. {first_lines(error)}") from None
    if not done:
        yield empty(table, names)


def header_of(path: Path, table: Table, export_format: str) -> list[str]:
    """The API names in the header, without the prefix `<table>.` that they may carry.

    Raises:
        TableError: if there is no header, or it lacks a key or the time
    """
    with path.open("rb") as file:
        head = file.read(LONGEST_HEADER).removeprefix(BOM)
    try:
        text = head.decode("utf-8", errors="ignore")
        escape = None if export_format == "EXCEL" else "\\"
        cells = next(
            csv.reader(io.StringIO(text, newline=""), doublequote=escape is None, escapechar=escape)
        )
    except (csv.Error, StopIteration):
        raise TableError(f"{table.file_name} has no header.") from None
    names = [cell.strip().removeprefix(f"{table.name}.") for cell in cells]
    check_header(names, table)
    return names


def check_header(names: Sequence[str], table: Table) -> None:
    """Refuses a header that is not one of this table."""
    missing = [name for name in (*table.key, CURSOR) if name not in names]
    if missing:
        raise TableError(
            f"The header of {table.file_name} lacks {', '.join(missing)}; it has"
            f" {', '.join(names[:8])} … Was the export made with display names, or with"
            " dimensions that leave out the keys?"
        )
    if "" in names:
        raise TableError(f"The header of {table.file_name} has a column without a name.")


def check_names(names: Iterable[str], table: Table, normalize: Callable[[str], str]) -> None:
    """Refuses columns that would fall together in the destination.

    normalize: API name to the name of the column in the destination

    Raises:
        TableError: with both names
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(normalize(name), name)
        if other is not name:
            raise TableError(
                f"Two columns of {table.file_name}, {other!r} and {name!r}, would both be called"
                f" {normalize(name)!r} in the destination. Leave one out with the setting"
                " dimensions."
            )


def scan(
    database: duckdb.DuckDBPyConnection, path: Path, names: Sequence[str], export_format: str
) -> pa.RecordBatchReader:
    """Runs the query that parses and casts."""
    cells = [f"cell_{number}" for number in range(len(names))]
    columns = ", ".join(f"'{cell}': 'varchar'" for cell in cells)
    selected = ", ".join([*map(typed, cells, names), *rejects(cells, names)])
    return database.execute(
        f"""
        select {selected}
        from read_csv(
            $path, columns = {{{columns}}}, auto_detect = false, header = true, delim = ',',
            quote = '"', escape = $escape, nullstr = '', strict_mode = true,
            max_line_size = {LONGEST_RECORD}
        )
        """,
        {"path": str(path), "escape": ESCAPES[export_format]},
    ).to_arrow_reader(BATCH_ROWS)


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def typed(cell: str, name: str) -> str:
    """The select expression of a column."""
    return f"{CASTS[column_type(name)].format(cell=cell)} as {quoted(name)}"


def rejects(cells: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """One more column for each that is cast: the cell, where the cast gave nothing."""
    for cell, name in zip(cells, names, strict=True):
        kind = column_type(name)
        if kind != "text":
            cast = CASTS[kind].format(cell=cell)
            yield f"case when ({cast}) is null then {cell} end as {quoted('rejected ' + name)}"


def batch_of(part: pa.Table, table: Table, names: Sequence[str], done: int) -> Batch:
    """Splits what DuckDB gave into rows and rejected cells.

    done: how many records came before
    """
    rows = part.select(names)
    rejected = [
        *rejected_cells(part, names, done),
        *rejected_records(part, table, names, done),
    ]
    required = (*table.key, CURSOR)
    if any(rows[name].null_count for name in required):
        rows = rows.filter(has_all(rows, required))
    return Batch(
        part.num_rows,
        rows.cast(schema_of(table, names)),
        pa.Table.from_pylist(rejected, schema=REJECTED_SCHEMA),
    )


def has_all(rows: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Which rows have a value in each of some columns."""
    mask = pc.is_valid(rows[names[0]])
    for name in names[1:]:
        mask = pc.and_(mask, pc.is_valid(rows[name]))
    return mask


def rejected_cells(part: pa.Table, names: Sequence[str], done: int) -> Iterator[dict[str, object]]:
    """The cells that do not fit the type of their column."""
    for name in names:
        kind = column_type(name)
        if kind == "text":
            continue
        cells = part[f"rejected {name}"]
        if cells.null_count < len(cells):
            for index, raw in enumerate(cells.to_pylist()):
                if raw is not None:
                    yield rejection(done + index + 1, name, raw, f"is not a {kind}")


def rejected_records(
    part: pa.Table, table: Table, names: Sequence[str], done: int
) -> Iterator[dict[str, object]]:
    """The records that cannot be a row: they lack a part of their key, or their time."""
    for required in (*table.key, CURSOR):
        if not part[required].null_count:
            continue
        for index in pc.indices_nonzero(pc.is_null(part[required])).to_pylist():
            record = part.slice(index, 1).to_pylist()[0]
            raw = json.dumps(
                {name: record[name] for name in names}, default=str, ensure_ascii=False
            )
            yield rejection(done + index + 1, required, raw, "is required, so the row is left out")


def rejection(record: int, column: str, raw: str, reason: str) -> dict[str, object]:
    """One row of REJECTED_SCHEMA."""
    return {"record": record, "column": column, "raw": raw, "reason": reason}


def schema_of(table: Table, names: Iterable[str]) -> pa.Schema:
    """The Arrow schema of a table with these columns; its key is never null."""
    return pa.schema(
        [
            pa.field(name, ARROW_TYPES[column_type(name)], nullable=name not in table.key)
            for name in names
        ]
    )


def empty(table: Table, names: Iterable[str] | None = None) -> Batch:
    """A batch without records, with the columns of the file or else the catalogue's."""
    schema = schema_of(table, names or table.columns)
    return Batch(0, schema.empty_table(), REJECTED_SCHEMA.empty_table())


def first_lines(error: duckdb.Error) -> str:
    """What DuckDB says of an error in a CSV, without its advice on how to hide it."""
    kept = []
    for line in str(error).splitlines():
        if line.startswith(("Possible", "*", "  file")):
            break
        kept.append(line.strip())
    return " ".join(kept).strip()
