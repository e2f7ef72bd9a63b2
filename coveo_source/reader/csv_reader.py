"""Reads a CSV file of an export as typed Arrow tables.

Arrow parses the chunks that fit the grammar. The rest is read record by record, and what does not
parse is kept beside the rows, never dropped.
"""

import mmap
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from ..exceptions import TableError
from ..tables import Table
from .arrow import parse_cells
from .bounds import Bounds
from .casting import Batch, Caster, empty_batch
from .chunks import Chunk, CsvFile, PlainFile, Rest, read_chunks
from .fallback import Data, Record, records
from .header import read_header
from .readahead import read_ahead
from .rejects import WHOLE_RECORD, Rejection, summed_up, to_table

_BATCH_ROWS = 50_000
BATCH_BYTES = 64 << 20
"""Raw bytes; a batch of records that are read one by one is full at either limit."""

_ANY = Bounds()


def read_csv(
    source: CsvFile | Path | None, table: Table, export_format: str, bounds: Bounds = _ANY
) -> Generator[Batch, None, None]:
    """Yields the batches of a CSV file; the next one is made while one is used.

    A file without records yields one empty batch, which has the columns of the file.

    source: a path means a plain file; if it is damaged, a temporary file is written beside it;
        None yields one empty batch with the columns of the table
    bounds: what rows may hold

    Raises:
        TableError: if the header or the file cannot be read
    """
    if source is None:
        yield empty_batch(table)
        return
    file = PlainFile(source, source.parent) if isinstance(source, Path) else source
    header = read_header(file, table, export_format)
    if header is None:
        yield empty_batch(table)
        return
    with closing(read_ahead(_batches(file, table, header, export_format, bounds))) as batches:
        yield from batches


def _batches(
    file: CsvFile, table: Table, header: Sequence[str], export_format: str, bounds: Bounds
) -> Generator[Batch, None, None]:
    done = 0
    with (
        # one thread is enough: a second one unpacks, and a third uses the rows
        duckdb.connect(":memory:", config={"threads": 1}) as database,
        closing(read_ahead(read_chunks(file, export_format, len(header)))) as chunks,
    ):
        caster = Caster(database, table, header, bounds)
        for index, chunk in enumerate(chunks):
            for batch in _chunk_batches(chunk, caster, export_format, done, has_header=not index):
                yield batch
                done += batch.records
    if not done:
        yield empty_batch(table, header)


def _chunk_batches(
    chunk: Chunk | Rest, caster: Caster, export_format: str, done: int, has_header: bool
) -> Iterator[Batch]:
    # done: number of records before the chunk
    if isinstance(chunk, Rest):
        with (
            chunk.path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            yield from _fallback_batches(data, caster, export_format, done, has_header)
        chunk.path.unlink()
        return
    expected = (chunk.records or 0) - has_header
    if not expected:
        return
    try:
        cells = parse_cells(chunk.content, export_format, caster.cells).slice(has_header)
    except pa.ArrowInvalid:
        # some record is not UTF-8; the others are sound
        yield from _fallback_batches(chunk.content, caster, export_format, done, has_header)
        return
    if cells.num_rows != expected:
        raise TableError(
            f"{caster.table.file_name} holds {expected:,} records after record {done:,}, but"
            f" pyarrow read {cells.num_rows:,}. None of its rows were loaded; please report the"
            " header and the version of pyarrow."
        )
    yield caster.cast(cells, range(done + 1, done + 1 + cells.num_rows))


def _fallback_batches(
    data: Data, caster: Caster, export_format: str, done: int, has_header: bool
) -> Iterator[Batch]:
    all_records = records(data, export_format, len(caster.header))
    for group in _group(islice(all_records, has_header, None)):
        numbered = list(enumerate(group, done + 1))
        sound = {number: record.cells for number, record in numbered if record.cells}
        batch = caster.cast_rows(list(sound.values()), list(sound))
        damaged = to_table(
            Rejection(number, WHOLE_RECORD, caster.shown(record.raw), record.reason)
            for number, record in numbered
            if not record.cells
        )
        misfits = dict(batch.misfits)
        if damaged.num_rows:
            misfits[WHOLE_RECORD] = summed_up(damaged["raw"])
        rejected = pa.concat_tables([batch.rejected, damaged])
        damage = batch.misfit_records + damaged.num_rows
        yield Batch(len(group), batch.rows, rejected, misfits, damage)
        done += len(group)


def _group(all_records: Iterator[Record]) -> Iterator[list[Record]]:
    group: list[Record] = []
    size = 0
    for record in all_records:
        group.append(record)
        size += len(record.raw)
        if len(group) == _BATCH_ROWS or size >= BATCH_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group
