"""Connects the stream of rows to the dlt extract that is running.

A source is built before its pipeline is known. Only during an extract is it clear which pipeline
runs it, where the cursors of that pipeline are, and which resources were selected.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import pyarrow as pa
from dlt.common import logger

from ..api import CoveoClient, client_of
from ..destination import DEDUPLICATED
from ..exports import ExportOwner, Prefetch, after_load, delete_exports
from ..settings import Settings
from ..signals import interruptible
from ..tables import CURSOR
from .audit import Fetched
from .halving import window_by_window
from .plan import PlannedExport, make_plan
from .state import PipelineState, plain_utc
from .stream import Item, Stream, WindowReader, empty_audit_tables

_LOAD_ID = pa.field("_dlt_load_id", pa.string(), nullable=False)

Cursor = dlt.sources.incremental[datetime]


class SingleWindow(NamedTuple):
    """One window of a run, to be loaded as a package of its own.

    later: the windows that the run loads after it
    prefetch: the one that all windows of the run share
    """

    step: PlannedExport
    later: Sequence[PlannedExport]
    prefetch: Prefetch


@dataclass
class _RunningExtract:
    """One dlt extract that is under way."""

    load_id: str
    steps: list[PlannedExport]
    reader: WindowReader
    stream: Stream

    def end(self, table: str) -> datetime | None:
        """Returns the time up to which this extract reads a table; None if nothing is due."""
        ends = [step.window.end for step in self.steps if table in step.tables]
        return max(ends, default=None)


class ExtractContext:
    """What the resources of one source share.

    window: the only window to load; None to load everything that is due
    """

    def __init__(self, settings: Settings, window: SingleWindow | None = None) -> None:
        self.settings = settings
        self._window = window
        self._current: _RunningExtract | None = None

    @property
    def fetched(self) -> list[Fetched]:
        """The exports that the latest extract has read."""
        return self._current.reader.fetched if self._current else []

    def table_rows(self, table: str, cursor: Cursor) -> Iterator[Any]:
        """Yields the rows of a table, and moves its cursor to the end of its last window."""
        current = self._begin()
        end = current.end(table)
        if end:
            last = cursor.last_value
            # `advance` also makes dlt pass the rows on unfiltered: Coveo has applied the range
            cursor.advance(max(end, plain_utc(last)) if last else end)
        yield from _with_hints(current, table)

    def audit_rows(self, table: str) -> Iterator[Any]:
        """Yields the rows of an audit table, which has no cursor."""
        yield from _with_hints(self._begin(), table)

    def _begin(self) -> _RunningExtract:
        load_id = dlt.current.load_package_state()["load_id"]
        if self._current is None or self._current.load_id != load_id:
            self._current = self._start(load_id)
        return self._current

    def _start(self, load_id: str) -> _RunningExtract:
        pipeline = dlt.current.pipeline()
        selected = dlt.current.source().selected_resources.keys()
        state = PipelineState(dlt.current.source_state())
        state.check_owner(self.settings, pipeline.pipeline_name)
        client = client_of(self.settings)
        if self._window:
            steps = [self._window.step]
        else:
            owner = ExportOwner(pipeline.pipeline_name, pipeline.dataset_name)
            wanted = [table for table in self.settings.tables if table in selected]
            with interruptible():
                steps = _due_windows(self.settings, state, client, owner, wanted)
        state.claim(self.settings)
        state.add_history(step.window for step in steps)
        reader = WindowReader(
            self.settings,
            client,
            self._window.prefetch if self._window else Prefetch(files_folder(pipeline)),
            lambda name, increment: pipeline.collector.update(name, increment),
            dlt.current.source_schema().naming.normalize_identifier,
        )
        stream = Stream(self._items(load_id, reader, steps), selected)
        return _RunningExtract(load_id, steps, reader, stream)

    def _items(
        self, load_id: str, reader: WindowReader, steps: list[PlannedExport]
    ) -> Generator[Item, None, None]:
        yield from empty_audit_tables()
        if self._window:
            yield from reader.items(self._window.step, self._window.later)
        else:
            with reader.prefetch.opened():
                yield from window_by_window(steps, reader.client, reader.items)
        if not self.settings.keep_exports:
            ids = [fetched.export.id for fetched in reader.fetched]
            after_load.expect(load_id, reader.client, ids)


def files_folder(pipeline: dlt.Pipeline) -> Path:
    """Returns the folder for the files of a pipeline's exports while they are read."""
    return Path(pipeline.working_dir) / "coveo_exports"


def _due_windows(
    settings: Settings,
    state: PipelineState,
    client: CoveoClient,
    owner: ExportOwner,
    tables: Iterable[str],
) -> list[PlannedExport]:
    """Plans all windows that are due, logs notices about them, and deletes stale exports."""
    plan = make_plan(settings, state, client, owner, tables)
    for notice in plan.notices:
        logger.warning(notice)
    delete_exports(client, [export.id for export in plan.stale])
    return plan.steps


def _with_hints(current: _RunningExtract, resource: str) -> Iterator[Any]:
    """Yields the rows of a resource, with a hint whenever `deduplicated` changes."""
    deduplicated: bool | None = None
    with closing(current.stream.tap(resource)) as items:
        for item in items:
            rows = _with_load_id(item.rows, current.load_id) if item else None
            if item and item.deduplicated is not deduplicated:
                deduplicated = item.deduplicated
                hints = _deduplication_hints(deduplicated, item.rows.column_names)
                yield dlt.mark.with_hints(rows, hints)
            else:
                yield rows


def _deduplication_hints(deduplicated: bool, columns: Iterable[str]) -> Any:
    """Returns hints that tell dlt whether to remove rows with the same key before it merges.

    Removing them takes longer than the rest of the merge, and memory or disk for all rows. dlt
    keeps the hint in the schema, so every load has to give it.

    columns: of the rows; if the cursor is one of them, the latest of several rows with a key stays
    """
    # dlt warns about a sort order on a table that it does not have to deduplicate
    sort = None if deduplicated else "desc"
    order = {CURSOR: {"dedup_sort": sort}} if CURSOR in columns else None
    return dlt.mark.make_hints(columns=order, additional_table_hints={DEDUPLICATED: deduplicated})


def _with_load_id(rows: pa.Table, load_id: str) -> pa.Table:
    """Returns the rows with the id of their load package, which dlt does not add to Arrow data."""
    return rows.append_column(_LOAD_ID, pa.repeat(load_id, rows.num_rows))
