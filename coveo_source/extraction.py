"""From planned windows to rows: one stream that the source's resources draw from in turn.

All tables of a window share one export and one archive on disk. So the work is done once and in
order, window by window and table by table, and each resource takes from the stream what is its
own. Nothing but the table that is being read is unpacked, and no more than a batch is in memory.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from .archive import Archive, download, private_folder
from .audit import (
    EXPORTS_SCHEMA,
    REJECTED_ROWS_SCHEMA,
    Counts,
    Fetched,
    rejected_rows,
)
from .catalogue import EXPORTS, REJECTED, TABLES, Table
from .client import CoveoClient
from .deletion import delete
from .exceptions import ExportExpired, ExportFailed
from .export import adopt_or_create, wait
from .header import check_names
from .pieces import CsvFile
from .plan import Step
from .settings import Settings
from .table import Batch, empty, read


class Item(NamedTuple):
    """Something for one resource."""

    resource: str
    data: pa.Table


class Stream:
    """Items that several resources draw from, each when it is its turn.

    dlt asks its resources in rotation; one whose turn it is not answers None, and dlt goes on to
    the next. A resource that was closed early (`add_limit`) is passed over.
    """

    def __init__(self, items: Iterator[Item], resources: Iterable[str]) -> None:
        self._items = items
        self._open = set(resources)
        self._head: Item | None = None

    def tap(self, resource: str) -> Iterator[pa.Table | None]:
        """What is for one resource, with a None whenever something else comes first."""
        try:
            while (head := self._next()) is not None:
                if head.resource == resource:
                    self._head = None
                    yield head.data
                else:
                    yield None
        finally:
            self._open.discard(resource)

    def _next(self) -> Item | None:
        while self._head is None or self._head.resource not in self._open:
            self._head = next(self._items, None)
            if self._head is None:
                return None
        return self._head


@dataclass
class Extraction:
    """The reading of some planned windows.

    folder: where files may lie while they are read; private, and empty again afterwards
    count: called with a counter's name and an increment, to show progress
    normalize: API name of a column to its name in the destination
    fetched: the exports read so far
    """

    settings: Settings
    client: CoveoClient
    folder: Path
    count: Callable[[str, int], None]
    normalize: Callable[[str], str]
    fetched: list[Fetched] = field(default_factory=list)

    def items(self, steps: list[Step]) -> Iterator[Item]:
        """All windows in order: the tables of each, then its rejected cells and its audit row."""
        yield Item(EXPORTS, EXPORTS_SCHEMA.empty_table())
        yield Item(REJECTED, REJECTED_ROWS_SCHEMA.empty_table())
        with private_folder(self.folder):
            for step in steps:
                yield from self._items_of(step)

    def _items_of(self, step: Step) -> Iterator[Item]:
        fetched, archive = self._fetch(step)
        started = time.monotonic()
        for name in step.job.due.tables:
            with private_folder(self.folder / name) as folder:
                yield from self._rows(fetched, archive, TABLES[name], folder)
        archive.path.unlink(missing_ok=True)
        fetched.read_seconds = time.monotonic() - started
        self.fetched.append(fetched)
        yield Item(EXPORTS, fetched.as_row(self.settings.org))

    def _fetch(self, step: Step) -> tuple[Fetched, Archive]:
        started = time.monotonic()
        export = adopt_or_create(step.job, self.client)
        seconds = 0

        def on_wait(waited: float) -> None:
            nonlocal seconds
            self.count("seconds waited for Coveo", round(waited) - seconds)
            seconds = round(waited)

        try:
            export = wait(export, self.client, self.settings.poll_timeout, on_wait)
        except (ExportFailed, ExportExpired):
            delete(self.client, [export.id])
            raise
        path = download(
            self.client,
            export.id,
            self.folder / "export",
            lambda count: self.count("bytes downloaded", count),
        )
        archive = Archive(path, step.job.due.tables)
        fetched = Fetched(export, step, file_bytes=path.stat().st_size)
        fetched.wait_seconds = time.monotonic() - started
        return fetched, archive

    def _rows(
        self, fetched: Fetched, archive: Archive, table: Table, folder: Path
    ) -> Iterator[Item]:
        counts = fetched.counts.setdefault(table.name, Counts())
        file = archive.file_of(table.name, folder)
        with closing(batches_of(file, table, self.settings.export_format)) as batches:
            for number, batch in enumerate(batches):
                if not number:
                    check_names(batch.rows.column_names, table, self.normalize)
                counts.add(batch)
                if batch.rejected.num_rows:
                    rejected = rejected_rows(batch.rejected, fetched.export.id, table.name)
                    yield Item(REJECTED, rejected)
                yield Item(table.name, batch.rows)


def batches_of(
    file: CsvFile | None, table: Table, export_format: str
) -> Generator[Batch, None, None]:
    """The batches of a table; one empty one if the archive has no file for it."""
    if file:
        yield from read(file, table, export_format)
    else:
        yield empty(table)
