"""From planned windows to rows: one stream that the source's resources draw from in turn.

All tables of a window share one export and one archive on disk. So the work is done once and in
order, window by window and table by table, and each resource takes from the stream what is its
own. No table is unpacked but the one that is being read, and no more than some batches of it are in
memory.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from ..api.client import CoveoClient
from ..exceptions import ExportFailed, with_context
from ..exports.fetch import Count, ExportFile
from ..exports.prefetch import Prefetch
from ..private_files import private_folder
from ..reader.casting import Batch
from ..reader.chunks import CsvFile
from ..reader.csv_reader import empty, read
from ..reader.header import check_collisions
from ..reader.rejects import refuse
from ..settings import Settings
from ..tables import EXPORTS, REJECTED, TABLES, Table
from .audit import EXPORTS_SCHEMA, REJECTED_ROWS_SCHEMA, Fetched, rejected_rows
from .counts import Counting
from .plan import PlannedExport, smaller


class Item(NamedTuple):
    """Something for one resource."""

    resource: str
    data: pa.Table
    distinct: bool = False
    """Whether it is proved that no two rows up to here have the same key."""


class Stream:
    """Items that several resources draw from, each when it is its turn.

    dlt asks its resources in rotation; one whose turn it is not answers None, and dlt goes on to
    the next. A resource that was closed early (`add_limit`) is passed over. With the last of them
    the items are closed too, whatever ended it.
    """

    def __init__(self, items: Generator[Item, None, None], resources: Iterable[str]) -> None:
        self._items = items
        self._open = set(resources)
        self._head: Item | None = None

    def tap(self, resource: str) -> Generator[Item | None, None, None]:
        """What is for one resource, with a None whenever something else comes first."""
        try:
            while (head := self._next()) is not None:
                if head.resource == resource:
                    self._head = None
                    yield head
                else:
                    yield None
        finally:
            self._open.discard(resource)
            if not self._open:
                self._items.close()

    def _next(self) -> Item | None:
        while self._head is None or self._head.resource not in self._open:
            self._head = next(self._items, None)
            if self._head is None:
                return None
        return self._head


@dataclass
class Extraction:
    """The reading of some planned windows.

    prefetch: has the folder where files may lie while they are read, and fetches the next one
    count: called with a counter's name and an increment, to show progress
    normalize: API name of a column to its name in the destination
    halve_failed: whether a window whose export fails is asked for again in two halves
    later: windows that are loaded afterwards, by others
    fetched: the exports read so far
    """

    settings: Settings
    client: CoveoClient
    prefetch: Prefetch
    count: Count
    normalize: Callable[[str], str]
    halve_failed: bool = True
    later: Sequence[PlannedExport] = ()
    fetched: list[Fetched] = field(default_factory=list)

    def items(self, steps: Iterable[PlannedExport]) -> Iterator[Item]:
        """All windows in order: the tables of each, then its rejected cells and its audit row."""
        # the keys of both begin with the export's id
        yield Item(EXPORTS, EXPORTS_SCHEMA.empty_table(), distinct=True)
        yield Item(REJECTED, REJECTED_ROWS_SCHEMA.empty_table(), distinct=True)
        waiting = deque(steps)
        while waiting:
            step = waiting.popleft()
            try:
                with with_context(f"Window {step.window}", step.window):
                    yield from self._items_of(step, [*waiting, *self.later])
            except ExportFailed as error:
                if not self.halve_failed:
                    raise
                waiting.extendleft(smaller(step, self.client, error)[::-1])

    def _items_of(self, step: PlannedExport, later: Sequence[PlannedExport]) -> Iterator[Item]:
        started = time.monotonic()
        next_requests = [each.request for each in later[: self.settings.exports_ahead]]
        file = ExportFile(step.request, self.client, self.prefetch, self.count, next_requests)
        fetched = Fetched(file.export, step, file.size, time.monotonic() - started)
        started = time.monotonic()
        for name in step.tables:
            with private_folder(self.prefetch.folder / name) as folder:
                csv_file = file.csv_file(name, folder)
                yield from self._rows(fetched, TABLES[name], csv_file, folder)
        file.path.unlink(missing_ok=True)
        fetched.read_seconds = time.monotonic() - started
        self.fetched.append(fetched)
        yield Item(EXPORTS, fetched.as_row(self.settings.org), distinct=True)

    def _rows(
        self, fetched: Fetched, table: Table, file: CsvFile | None, folder: Path
    ) -> Iterator[Item]:
        counting = Counting(table, folder)
        with closing(table_batches(file, table, self.settings.export_format)) as batches:
            for number, batch in enumerate(batches):
                if not number:
                    check_collisions(batch.rows.column_names, table, self.normalize)
                counting.add(batch)
                if batch.rejected.num_rows:
                    yield Item(REJECTED, self._rejected(fetched, table, batch), distinct=True)
                yield Item(table.name, batch.rows)
                nothing = batch.rows.slice(0, 0)
        counts = fetched.counts[table.name] = counting.counts()
        # windows before this one may have the same keys: they are counted one by one
        is_only = not any(table.name in earlier.counts for earlier in self.fetched)
        yield Item(table.name, nothing, distinct=is_only and counts.keys == counts.rows)

    def _rejected(self, fetched: Fetched, table: Table, batch: Batch) -> pa.Table:
        if self.settings.strict:
            refuse(batch.rejected, str(fetched.export), table.file_name)
        return rejected_rows(batch.rejected, fetched.export.id, table.name)


def table_batches(
    file: CsvFile | None, table: Table, export_format: str
) -> Generator[Batch, None, None]:
    """The batches of a table; one empty one if the archive has no file for it."""
    if file:
        yield from read(file, table, export_format)
    else:
        yield empty(table)
