"""Binds the stream of rows to the dlt extract that is running.

A source is built before any pipeline is known; only inside of an extract is it clear which
pipeline asks, where its cursors stand, and which of the resources were selected.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
from dlt.common import logger

from ..api.client import CoveoClient, client_of
from ..destination.jobs import DEDUPLICATED
from ..exports.cleanup import after_load, delete
from ..exports.job import ExportOwner
from ..exports.prefetch import Prefetch
from ..settings import Settings
from ..signals import interruptible
from ..tables import CURSOR
from .audit import Fetched
from .plan import PlannedExport, make_plan
from .state import PipelineState, plain_utc
from .stream import Extraction, Item, Stream

LOAD_ID = pa.field("_dlt_load_id", pa.string(), nullable=False)

Cursor = dlt.sources.incremental[datetime]


@dataclass
class RunningExtract:
    """One extract that is under way."""

    load_id: str
    steps: list[PlannedExport]
    extraction: Extraction
    stream: Stream

    def end(self, table: str) -> datetime | None:
        """Up to where this extract brings a table; None if nothing is due for it."""
        ends = [step.window.end for step in self.steps if table in step.tables]
        return max(ends, default=None)


class ExtractContext:
    """What the resources of one source share.

    steps: the windows to load, if they are planned already; else all that is due
    later: the windows that are loaded after these, by others
    prefetch: that of all these loads, if there are several; else each has its own
    """

    def __init__(
        self,
        settings: Settings,
        steps: list[PlannedExport] | None = None,
        later: Sequence[PlannedExport] = (),
        prefetch: Prefetch | None = None,
    ) -> None:
        self.settings = settings
        self.steps = steps
        self.later = later
        self.prefetch = prefetch
        self._current: RunningExtract | None = None

    @property
    def fetched(self) -> list[Fetched]:
        """The exports that the latest extract has read."""
        return self._current.extraction.fetched if self._current else []

    def rows(self, table: str, cursor: Cursor) -> Iterator[Any]:
        """The rows of a table; moves its cursor to where they end."""
        current = self._begin()
        end = current.end(table)
        if end:
            last = cursor.last_value
            # also passes the rows through unfiltered: their range was Coveo's work
            cursor.advance(max(end, plain_utc(last)) if last else end)
        yield from self._drawn(current, table)

    def tap(self, resource: str) -> Iterator[Any]:
        """The rows of a resource without a cursor."""
        yield from self._drawn(self._begin(), resource)

    def _drawn(self, current: RunningExtract, resource: str) -> Iterator[Any]:
        distinct: bool | None = None
        with closing(current.stream.tap(resource)) as items:
            for item in items:
                rows = with_load_id(item.data, current.load_id) if item else None
                if item and item.distinct is not distinct:
                    distinct = item.distinct
                    yield dlt.mark.with_hints(rows, merged_as(distinct, item.data.column_names))
                else:
                    yield rows

    def _begin(self) -> RunningExtract:
        load_id = dlt.current.load_package_state()["load_id"]
        if self._current is None or self._current.load_id != load_id:
            self._current = self._start(load_id)
        return self._current

    def _start(self, load_id: str) -> RunningExtract:
        pipeline = dlt.current.pipeline()
        selected = dlt.current.source().selected_resources.keys()
        state = PipelineState(dlt.current.source_state())
        state.check_owner(self.settings, pipeline.pipeline_name)
        client = client_of(self.settings)
        steps = self.steps
        if steps is None:
            owner = ExportOwner(pipeline.pipeline_name, pipeline.dataset_name)
            wanted = [table for table in self.settings.tables if table in selected]
            with interruptible():
                steps = planned(self.settings, state, client, owner, wanted)
        state.claim(self.settings)
        state.add(step.window for step in steps)
        extraction = Extraction(
            self.settings,
            client,
            self.prefetch or Prefetch(files_folder(pipeline)),
            lambda name, increment: pipeline.collector.update(name, increment),
            dlt.current.source_schema().naming.normalize_identifier,
            # a window that is loaded alone is halved by who planned it, each half its own load
            halve_failed=self.steps is None,
            later=self.later,
        )
        stream = Stream(self._items(load_id, extraction, steps), selected)
        return RunningExtract(load_id, steps, extraction, stream)

    def _items(
        self, load_id: str, extraction: Extraction, steps: list[PlannedExport]
    ) -> Generator[Item, None, None]:
        with nullcontext() if self.prefetch else extraction.prefetch.opened():
            yield from extraction.items(steps)
        if not self.settings.keep_exports:
            ids = [fetched.export.id for fetched in extraction.fetched]
            after_load.expect(load_id, extraction.client, ids)


def files_folder(pipeline: dlt.Pipeline) -> Path:
    """Where the files of a pipeline's exports lie while they are read."""
    return Path(pipeline.working_dir) / "coveo_exports"


def planned(
    settings: Settings,
    state: PipelineState,
    client: CoveoClient,
    owner: ExportOwner,
    tables: Iterable[str],
) -> list[PlannedExport]:
    """All that is due, after the exports that nothing needs any more are gone."""
    plan = make_plan(settings, state, client, owner, tables)
    for notice in plan.notices:
        logger.warning(notice)
    delete(client, [export.id for export in plan.stale])
    return plan.steps


def merged_as(distinct: bool, columns: Iterable[str]) -> Any:
    """Tells dlt whether it has to look for rows with the same key in what it merges.

    That takes longer than all the rest of the merge, and memory or disk for all of the rows.
    dlt remembers the answer, so it has to be told in every load.

    columns: of the rows; where there is a time, the latest of several rows with a key stays
    """
    # dlt warns where it is to sort but not to look
    order = {CURSOR: {"dedup_sort": None if distinct else "desc"}} if CURSOR in columns else None
    return dlt.mark.make_hints(columns=order, additional_table_hints={DEDUPLICATED: distinct})


def with_load_id(rows: pa.Table, load_id: str) -> pa.Table:
    """The rows with the id of their load package, which dlt leaves out of Arrow data."""
    return rows.append_column(LOAD_ID, pa.repeat(load_id, rows.num_rows))
