"""Connects the stream of rows to the dlt extract that is running.

Only during an extract does a source know its pipeline, the cursors and the selected resources.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import dlt
from dlt.common import logger
from dlt.common.configuration.container import Container
from dlt.common.storages.load_package import LoadPackageStateInjectableContext

from ..api import CoveoClient, client_of
from ..command_lines import dlt_command
from ..dataset import (
    DIMENSIONS_SCHEMA,
    DatasetRecord,
    Owner,
    open_dataset,
    read_ledger,
    take_lease,
    watch,
)
from ..destination import EarlyRows, check_destination, most_columns
from ..exceptions import PipelineMismatch, SettingError
from ..exports import ExportOwner, Prefetch, after_load, delete_exports
from ..packages import delete_loaded, delete_unfinished, describe_package
from ..private_files import make_private
from ..settings import Settings
from ..signals import interruptible
from ..source import check_use
from ..tables import DIMENSIONS, EXPORTS, TABLES
from ..working_folder import delete_half_written
from .audit import FetchedExport
from .column_names import ColumnNames
from .counters import counting
from .descriptions import Descriptions
from .dimensions import NOT_OURS, Dimension, dimension_rows, read_dimensions
from .erased import ErasedRows
from .event_protocol import event_protocol_notice
from .halving import window_by_window
from .hints import add_layout, with_hints
from .plan import PlannedExport, make_plan
from .privacy_changes import note_privacy
from .private_columns import PrivateColumns
from .settling import plan_when_settled
from .single_window import SingleWindow
from .state import PipelineState, plain_utc
from .stored import StoredTables
from .stream import Item, Stream, WindowReader, empty_audit_tables
from .table_widths import TableWidths

Cursor = dlt.sources.incremental[datetime]


@dataclass
class _RunningExtract:
    load_id: str
    steps: list[PlannedExport]
    reader: WindowReader
    stream: Stream
    descriptions: Descriptions
    early: EarlyRows | None

    def rows(self, resource: str) -> Iterator[Any]:
        yield from with_hints(self.stream.tap(resource), self.load_id, self.early)
        schema = dlt.current.source_schema()
        self.descriptions.add(schema, resource)
        add_layout(schema, resource, dlt.current.pipeline())


class ExtractContext:
    """What the resources of one source share.

    window: the only window to load; None to load everything that is due
    """

    def __init__(self, settings: Settings, window: SingleWindow | None = None) -> None:
        self.settings = settings
        self._window = window
        self._current: _RunningExtract | None = None
        self._lock = Lock()
        after_load.register()
        watch.register()

    @property
    def fetched(self) -> list[FetchedExport]:
        """The exports that the latest extract has read."""
        return self._current.reader.fetched if self._current else []

    @property
    def lists_dimensions(self) -> bool:
        """False if the table `dimensions` is to stay as it is, as far as that is known now."""
        return self._window is None or (
            self._window.is_first and self._window.dimensions is not None
        )

    def table_rows(self, table: str, cursor: Cursor) -> Iterator[Any]:
        """Yields the rows of a table; once all are taken, its cursor moves to the end."""
        current = self._begin()
        # dlt passes the rows on unfiltered: Coveo has applied the range
        cursor.advance(None)  # type: ignore[arg-type]
        yield from current.rows(table)
        windows = [step.window for step in current.steps if table in step.tables]
        if windows:
            before = plain_utc(cursor.last_value) if cursor.last_value else None
            state = PipelineState(dlt.current.source_state())
            state.note_loaded(table, windows, None if self.settings.is_backfill else before)
            cursor.advance(max([*(window.end for window in windows), *filter(None, [before])]))

    def audit_rows(self, table: str) -> Iterator[Any]:
        """Yields the rows of a table that has no cursor."""
        yield from self._begin().rows(table)

    def _begin(self) -> _RunningExtract:
        load_id = dlt.current.load_package_state()["load_id"]
        # resources may run in threads (`parallelize`)
        with self._lock:
            if self._current is None or self._current.load_id != load_id:
                self._current = self._start(load_id)
            return self._current

    def _start(self, load_id: str) -> _RunningExtract:
        pipeline = dlt.current.pipeline()
        check_use(dlt.current.source())
        check_destination(pipeline.destination)
        resources = dlt.current.source().selected_resources
        selected = resources.keys()
        state = PipelineState(dlt.current.source_state())
        state.check_owner(self.settings, pipeline.pipeline_name)
        say = self._window.say if self._window else _warn
        client = client_of(self.settings, say)
        if self._window:
            record, steps = self._window.record, [self._window.step]
            dimensions = self._window.dimensions
        else:
            record = self._claim_dataset(pipeline, state)
            _tidy(pipeline)
            wanted = [table for table in self.settings.tables if table in selected]
            steps = self._plan(pipeline, state, client, record, wanted)
            with interruptible():
                dimensions = read_dimensions(client, say) if steps else None
            watch.expect(load_id)
        if not state.dataset_id:
            # the state may have been lost, but not what it described
            with open_dataset(pipeline) as dataset:
                state.add_history(read_ledger(dataset).history)
        state.claim(self.settings, record.id if record else None)
        state.add_history(step.window for step in steps)
        note_privacy(self.settings, state, {name for step in steps for name in step.tables})
        stored = StoredTables(pipeline, dlt.current.source_schema(), state)
        describe_package(
            [str(step.window) for step in steps],
            [name for name in TABLES if any(name in step.tables for step in steps)],
            selected & {EXPORTS},
            self.settings.is_backfill,
        )
        private = PrivateColumns(self.settings)
        names = ColumnNames(state, stored.naming, set().union(*stored.columns.values()), say)
        reader = WindowReader(
            self.settings,
            client,
            self._window.prefetch if self._window else Prefetch(files_folder(pipeline)),
            self._window.watch if self._window else counting(pipeline.collector, say),
            stored,
            names,
            private,
            TableWidths(
                most_columns(pipeline.destination.capabilities().sqlglot_dialect),
                stored.columns,
                self._window is not None and self._window.with_models,
            ),
            ErasedRows(pipeline, record, self.settings.allow_erased),
        )
        listed = private.listed(dimensions or ()) if DIMENSIONS in selected else []
        if listed and not stored.is_free(DIMENSIONS, DIMENSIONS_SCHEMA.names):
            say(NOT_OURS)
            listed = []
        if DIMENSIONS in selected:
            # dlt would empty a table that is to be replaced and has no rows
            disposition: Any = "replace" if listed else "append"
            resources[DIMENSIONS].apply_hints(write_disposition=disposition)
        stream = Stream(self._items(load_id, reader, steps, listed), selected)
        reader.takes = stream.is_open
        if self._window:
            reader.at_hand = self._window.at_hand
        descriptions = Descriptions(dimensions, names)
        early = self._window.early if self._window else None
        return _RunningExtract(load_id, steps, reader, stream, descriptions, early)

    def _claim_dataset(self, pipeline: dlt.Pipeline, state: PipelineState) -> DatasetRecord | None:
        """Takes the lease of the dataset for this run of a library user; returns its record."""
        owner = Owner(pipeline.pipeline_name, self.settings.org, self.settings.host)
        lease = take_lease(pipeline, owner)
        if lease is None:
            return None
        watch.hold(pipeline.pipeline_name, lease, self.settings.publish)
        if state.dataset_id not in (None, lease.record.id):
            raise PipelineMismatch(
                f"The working folder of the pipeline {pipeline.pipeline_name} describes another"
                f" dataset than {pipeline.dataset_name}. Nothing was loaded. Restore its state with"
                f" `{dlt_command(pipeline.pipeline_name, 'sync')}`, then run again."
            )
        return lease.record

    def _plan(
        self,
        pipeline: dlt.Pipeline,
        state: PipelineState,
        client: CoveoClient,
        record: DatasetRecord | None,
        tables: list[str],
    ) -> list[PlannedExport]:
        """Returns the steps for everything that is due, and deletes exports that are not needed."""
        if self.settings.is_backfill and self.settings.max_windows:
            raise SettingError(
                "max_windows",
                self.settings.max_windows,
                "With from_date and to_date it is for the verb run, which remembers how far it got;"
                " pipeline.run would begin at from_date each time.",
            )
        owner = export_owner(pipeline, record)
        with open_dataset(pipeline) as dataset:
            ledger = read_ledger(dataset)
        with interruptible():
            known = state.restored(ledger)
            plan = plan_when_settled(
                lambda: make_plan(self.settings, known, client, owner, tables, ledger),
                client,
                self.settings.wait,
            )
            for notice in plan.notices:
                logger.warning(notice)
            if plan.left:
                logger.warning(f"{plan.left} more windows are due: run again.")
            delete_exports(client, [export.id for export in plan.stale])
        return plan.steps

    def _items(
        self,
        load_id: str,
        reader: WindowReader,
        steps: list[PlannedExport],
        dimensions: Sequence[Dimension],
    ) -> Generator[Item, None, None]:
        yield from empty_audit_tables()
        if self._window:
            yield from reader.items(self._window.step, self._window.later)
        else:
            with reader.prefetch.opened():
                yield from window_by_window(steps, reader.client, reader.items)
            _warn_of_event_protocol(reader.fetched)
        if dimensions:
            # now the columns are known
            rows = dimension_rows(dimensions, reader.names, reader.widths.columns)
            yield Item(DIMENSIONS, rows, deduplicated=True)
        if not self.settings.keep_exports:
            ids = [fetched.export.id for fetched in reader.fetched]
            after_load.expect(load_id, reader.client, ids)


def _warn_of_event_protocol(fetched: Sequence[FetchedExport]) -> None:
    if found := sum(each.event_protocol for each in fetched):
        searches = sum(each.counts["searches"].rows for each in fetched if each.event_protocol)
        _warn(event_protocol_notice(found, searches))


def _warn(text: str) -> None:
    """Tells a library user something."""
    logger.warning(text)


def _tidy(pipeline: dlt.Pipeline) -> None:
    """Deletes the rows that earlier runs left on disk, and hides those to come from others."""
    make_private(Path(pipeline.working_dir))
    delete_loaded(pipeline)
    package = Container()[LoadPackageStateInjectableContext].storage.storage
    delete_unfinished(pipeline, running=Path(package.storage_path))
    delete_half_written(Path(pipeline.working_dir))


def export_owner(pipeline: dlt.Pipeline, record: DatasetRecord | None) -> ExportOwner:
    """Returns the owner of the exports that are made for the dataset of a pipeline."""
    names = pipeline.pipeline_name, pipeline.dataset_name
    return ExportOwner(*names, record.id, record.is_former) if record else ExportOwner(*names)


def files_folder(pipeline: dlt.Pipeline) -> Path:
    """Returns the folder for the files of a pipeline's exports while they are read."""
    return Path(pipeline.working_dir) / "coveo_exports"
