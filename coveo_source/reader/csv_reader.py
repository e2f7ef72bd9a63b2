"""A CSV file of an export, as typed Arrow tables.

Arrow parses what fits the grammar, with every name given and every cell taken as text. What does
not fit is read record by record, and kept beside the rows, never dropped.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from ..exceptions import TableError
from ..tables import Table
from .arrow import parse_cells
from .casting import Batch, Casting, arrow_schema
from .chunks import Chunk, CsvFile, OnDisk, Rest, read_chunks
from .fallback import Data, Record, mmap_file, printable, records
from .header import LONGEST, header_of
from .readahead import read_ahead
from .rejects import REJECTED_SCHEMA, WHOLE_RECORD, as_table, rejection

BATCH_ROWS = 50_000
BATCH_BYTES = 64 << 20
"""Raw bytes, from which on a batch that is read record by record is full."""


def read(source: CsvFile | Path, table: Table, export_format: str) -> Iterator[Batch]:
    """Reads a CSV file in batches, never as a whole; the next is made while one is used.

    A file without records yields one empty batch, so that the table and its columns are known.

    source: a path stands for the file on disk, beside which its damaged rest is written

    Raises:
        TableError: if the header or the file cannot be read
    """
    file = OnDisk(source, source.parent) if isinstance(source, Path) else source
    with closing(file.open()) as opened:
        header = header_of(opened.read(LONGEST), table, export_format)
    with closing(read_ahead(batches(file, table, header, export_format))) as coming:
        yield from coming


def batches(
    file: CsvFile, table: Table, header: Sequence[str], export_format: str
) -> Generator[Batch, None, None]:
    """Parses a file chunk by chunk; while one is parsed the next is unpacked.

    Raises:
        TableError: if the file cannot be read
    """
    done = 0
    with (
        # the thread that asks is enough: another unpacks and a third uses the rows
        duckdb.connect(":memory:", config={"threads": 1}) as database,
        closing(read_ahead(read_chunks(file, export_format, len(header)))) as chunks,
    ):
        casting = Casting(database, table, header)
        for number, chunk in enumerate(chunks):
            for batch in chunk_batches(chunk, casting, export_format, done, has_header=not number):
                yield batch
                done += batch.records
    if not done:
        yield empty(table, header)


def chunk_batches(
    chunk: Chunk | Rest, casting: Casting, export_format: str, before: int, has_header: bool
) -> Iterator[Batch]:
    """The batches of one chunk.

    before: how many records came before it

    Raises:
        TableError: if it cannot be read
    """
    if isinstance(chunk, Rest):
        with mmap_file(chunk.path) as data:
            yield from salvaged(data, casting, export_format, before, has_header)
        chunk.path.unlink()
        return
    if chunk.records == has_header:
        return
    try:
        cells = parse_cells(chunk.content, export_format, casting.cells).slice(has_header)
    except pa.ArrowInvalid:
        # not UTF-8: one of its records is to blame, and the others are sound
        yield from salvaged(chunk.content, casting, export_format, before, has_header)
        return
    if cells.num_rows + has_header != chunk.records:
        raise TableError(
            f"{casting.table.file_name} holds {(chunk.records or 0) - has_header:,} records, but"
            f" {cells.num_rows:,} were read, behind record {before:,}. Nothing of it was loaded;"
            " please report the header and the version of pyarrow."
        )
    yield casting.batch(cells, range(before + 1, before + 1 + cells.num_rows))


def salvaged(
    data: Data, casting: Casting, export_format: str, before: int, has_header: bool
) -> Iterator[Batch]:
    """Batches of records that are read one by one.

    before: how many records came before
    """
    rest = records(data, export_format, len(casting.header))
    for group in bounded(islice(rest, has_header, None)):
        numbered = list(enumerate(group, before + 1))
        sound = {number: record.cells for number, record in numbered if record.cells}
        batch = casting.of_texts(list(sound.values()), list(sound))
        damaged = as_table(
            rejection(number, WHOLE_RECORD, printable(record.raw), record.reason)
            for number, record in numbered
            if not record.cells
        )
        yield Batch(len(group), batch.rows, pa.concat_tables([batch.rejected, damaged]))
        before += len(group)


def bounded(rest: Iterator[Record]) -> Iterator[list[Record]]:
    """Records in lists that are bounded in number and in bytes."""
    group: list[Record] = []
    size = 0
    for record in rest:
        group.append(record)
        size += len(record.raw)
        if len(group) == BATCH_ROWS or size >= BATCH_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def empty(table: Table, header: Iterable[str] | None = None) -> Batch:
    """A batch without records, with the columns of the file or else the catalogue's."""
    schema = arrow_schema(table, header or table.columns)
    return Batch(0, schema.empty_table(), REJECTED_SCHEMA.empty_table())
