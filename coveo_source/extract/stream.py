"""From planned windows to rows: one stream, from which the source's resources draw in turn.

All tables of a window share one export and one archive on disk. So they are read once and in
order, and each resource takes its own items. Only the table that is being read is unpacked.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import pyarrow as pa

from ..api import CoveoClient
from ..causes import with_context
from ..dataset import EXPORTS_SCHEMA, REJECTED_ROWS_SCHEMA, REMOVED_ROWS_SCHEMA
from ..exceptions import TableError
from ..exports import ExportFile, Prefetch, Window
from ..private_files import private_folder
from ..reader import Batch, CsvFile, Period, raise_rejection, read_csv, read_header
from ..settings import Settings
from ..tables import EXPORTS, REJECTED, REMOVED, TABLES, Table
from ..watching import ExportEvent, ExportState, Watch
from .audit import FetchedExport, TableCounter, rejected_rows
from .column_names import ColumnNames
from .erased import ErasedRows
from .event_protocol import event_protocol_rows
from .expectations import check_whole
from .kept import KeptColumns
from .plan import PlannedExport
from .private_columns import PrivateColumns
from .rejections import RejectionTally
from .stored import StoredTables
from .table_widths import TableWidths

_SLACK = timedelta(days=1)
"""By how much an event's time may lie outside of its window; beyond, it cannot be right."""


class Item(NamedTuple):
    """Rows for one resource.

    deduplicated: whether no two rows of the resource have the same key, counting all items so far
    """

    resource: str
    rows: pa.Table
    deduplicated: bool = False


class Stream:
    """Items that several resources draw from, each when it is its turn.

    dlt asks its resources in rotation, or in threads (`parallelize`); one whose turn it is not
    answers None. Items for a resource that was closed early (`add_limit`) are skipped. The last
    resource to close closes the items.
    """

    def __init__(self, items: Generator[Item, None, None], resources: Iterable[str]) -> None:
        self._items = items
        self._open = set(resources)
        self._head: Item | None = None
        self._lock = Lock()

    def tap(self, resource: str) -> Generator[Item | None, None, None]:
        """Yields the items for one resource, and None whenever another resource's comes first."""
        try:
            while not self._is_over():
                yield self._take(resource)
        finally:
            with self._lock:
                self._open.discard(resource)
                if not self._open:
                    self._items.close()

    def is_open(self, resource: str) -> bool:
        """Returns False if a resource takes no more items."""
        return resource in self._open

    def _is_over(self) -> bool:
        with self._lock:
            while self._head is None or self._head.resource not in self._open:
                self._head = next(self._items, None)
                if self._head is None:
                    return True
            return False

    def _take(self, resource: str) -> Item | None:
        with self._lock:
            if self._head is None or self._head.resource != resource:
                return None
            item, self._head = self._head, None
            return item


@dataclass
class WindowReader:
    """Reads windows as items.

    prefetch: fetches the next archive; files lie in its folder while they are read
    watch: told how far the exports are
    stored: the tables in the destination
    names: the columns of dimensions
    private: which columns are not loaded, or not as they are
    widths: how many columns the tables will have
    erased: what must not come back
    takes: whether a resource still wants rows
    at_hand: called when the export of a window is on disk
    fetched: the exports that were read so far
    """

    settings: Settings
    client: CoveoClient
    prefetch: Prefetch
    watch: Watch
    stored: StoredTables
    names: ColumnNames
    private: PrivateColumns
    widths: TableWidths
    erased: ErasedRows
    takes: Callable[[str], bool] = lambda resource: True
    at_hand: Callable[[], None] = lambda: None
    fetched: list[FetchedExport] = field(default_factory=list)

    def items(self, step: PlannedExport, later: Sequence[PlannedExport]) -> Iterator[Item]:
        """Yields the rows of each table of a window with its rejects, then the window's audit row.

        later: the next windows; Coveo may already build their exports
        """
        with with_context(f"Window {step.window}", step.window):
            started = time.monotonic()
            next_requests = [each.request for each in later[: self.settings.exports_ahead]]
            file = ExportFile(step.request, self.client, self.prefetch, self.watch, next_requests)
            fetched = FetchedExport(file.export, step, file.size, time.monotonic() - started)
            self.at_hand()
            started = time.monotonic()
            fetched.renamed = self._settle_columns(file, step.tables)
            self._tell(fetched, "reading")
            for name in step.tables:
                with private_folder(self.prefetch.folder / name) as folder:
                    csv_file = file.csv_file(name, folder)
                    if csv_file is None:
                        fetched.without_file.append(name)
                    yield from self._table_items(fetched, TABLES[name], csv_file, folder)
                if not self.takes(name):
                    fetched.cut_short.append(name)
            check_whole(fetched, self.client, self.settings.strict)
            self.erased.remember()
            file.path.unlink(missing_ok=True)
            fetched.read_seconds = time.monotonic() - started
            self.fetched.append(fetched)
            self._tell(fetched, "loading")
            if fetched.whole_tables:
                yield Item(EXPORTS, fetched.as_row(self.settings.org), deduplicated=True)

    def _tell(self, fetched: FetchedExport, state: ExportState, of_table: int = 0) -> None:
        """Tells how many rows were read, of which some are of a table that is not yet done."""
        step, rows = fetched.step, fetched.rows + of_table
        total = step.estimate if state == "reading" else None
        self.watch(ExportEvent(str(step.window), state, rows, total, fetched.export.id))

    def _settle_columns(self, file: ExportFile, tables: Iterable[str]) -> dict[str, str]:
        """Decides what the columns of a window are called; returns what is called otherwise.

        Raises:
            TableError: if a table cannot have that many columns
        """
        headers: dict[str, list[str]] = {}
        for name in tables:
            csv_file = file.csv_file(name, self.prefetch.folder)
            # what is wrong with a header is said when its table is read
            with suppress(TableError):
                if csv_file:
                    export_format = self.settings.export_format
                    header = read_header(csv_file, TABLES[name], export_format) or []
                    headers[name] = self.private.loaded(header)
        renamed = self.names.settle(chain.from_iterable(headers.values()))
        for name, header in headers.items():
            self.widths.add(name, self.names.columns(header))
        return renamed

    def _table_items(
        self, fetched: FetchedExport, table: Table, file: CsvFile | None, folder: Path
    ) -> Iterator[Item]:
        counter = TableCounter(table, folder)
        tally = RejectionTally(table, self.settings.max_rejected_share)
        excluded = self.private.excluded_columns(self.names)
        bounds = self.stored.bounds(_near(fetched.step.window))
        with (
            closing(read_csv(file, table, self.settings.export_format, bounds)) as batches,
            closing(KeptColumns(self.stored, table, fetched.step.window, folder, excluded)) as kept,
        ):
            for read in batches:
                batch, erased = self._protected(table, read)
                tally.add(batch, read.records - read.rows.num_rows)
                batch = self.names.named(batch)
                counter.add(batch, erased)
                self._tell(fetched, "reading", counter.rows)
                if table.name == "searches":
                    fetched.event_protocol += event_protocol_rows(batch.rows)
                if batch.rejected.num_rows:
                    if self.settings.strict:
                        raise_rejection(batch.rejected, str(fetched.export), table.file_name)
                    rejects = rejected_rows(batch.rejected, fetched.export.id, table.name)
                    yield Item(REJECTED, rejects, deduplicated=True)
                for rows in kept.completed(batch.rows):
                    yield Item(table.name, rows)
                    no_rows = rows.slice(0, 0)
        tally.check(fetched.export)
        counts = fetched.counts[table.name] = counter.finish()
        # keys are counted window by window: an earlier window of this load may have the same ones
        is_first = not any(table.name in earlier.counts for earlier in self.fetched)
        yield Item(table.name, no_rows, deduplicated=is_first and counts.keys == counts.rows)

    def _protected(self, table: Table, batch: Batch) -> tuple[Batch, int]:
        """Returns a batch as it may be loaded, and how many of its records were erased.

        Who was erased may have been named as Coveo does, or by what stands in the dataset.
        """
        clear, erased = self.erased.without(table, batch)
        private = self.private.protected(table, clear)
        if private is clear:
            return clear, erased
        left, erased_by_hash = self.erased.without(table, private)
        return left, erased + erased_by_hash


def _near(window: Window) -> Period:
    """Returns the times that the events of a window may have."""
    # Coveo decides what is in a window, so its edges are not ours to judge
    first, last = (limit.replace(tzinfo=timezone.utc) for limit in (datetime.min, datetime.max))
    before, after = min(_SLACK, window.start - first), min(_SLACK, last - window.end)
    return window.start - before, window.end + after


def empty_audit_tables() -> Iterator[Item]:
    """Yields items by which the audit tables exist even if no row is written to them."""
    # their keys begin with the id of the export, so they are never the same in two exports
    yield Item(EXPORTS, EXPORTS_SCHEMA.empty_table(), deduplicated=True)
    yield Item(REJECTED, REJECTED_ROWS_SCHEMA.empty_table(), deduplicated=True)
    yield Item(REMOVED, REMOVED_ROWS_SCHEMA.empty_table(), deduplicated=True)
