"""A whole run: what a killed run left, then window after window, then the models.

Each window is a load package of its own, and so a checkpoint: what is loaded stays loaded.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import dlt
from dlt.common.runtime import signals
from dlt.common.schema import Schema
from dlt.extract import DltSource

from ..command_lines import dlt_command, relative
from ..dataset import completed_loads, open_dataset, reconcile
from ..destination import (
    early_rows,
    keep_open,
    keep_open_if_free,
    let_go,
    loading_settings,
)
from ..exceptions import CountMismatch
from ..exports import Prefetch, delete_exports
from ..extract import (
    ExtractContext,
    FetchedExport,
    PlannedExport,
    SingleWindow,
    files_folder,
    make_resources,
    plan_when_settled,
    read_dimensions,
    window_by_window,
)
from ..load import explained, load_pending
from ..models import TIMELINE, create_indexes
from ..signals import graceful_shutdown, interruptible
from ..tables import EXPORTS, SOURCE
from ..watching import ExportEvent
from .building import update_models
from .pipeline import Options
from .remaining import remaining_seconds, remaining_text
from .session import Session, open_session
from .summary import Outcome


def run(options: Options, overrides: Mapping[str, Any]) -> Outcome:
    """Loads everything that is due and builds the models.

    overrides: settings of the source that are given on the command line

    Raises:
        SettingError, PipelineMismatch: before anything was requested or changed
        CoveoSourceError, PipelineStepFailed: what was loaded so far stays loaded
    """
    started = time.monotonic()
    with graceful_shutdown(), open_session(options, overrides) as session, session.writing():
        load_pending(session.pipeline, session.progress.say)
        outcome = _outcome(session)
        session.finish_erasures()
        plan = plan_when_settled(session.plan, session.client, session.settings.wait)
        for notice in plan.notices:
            session.progress.warn(notice)
        delete_exports(session.client, [export.id for export in plan.stale])
        outcome.notices.extend(plan.notices)
        prefetch = Prefetch(files_folder(session.pipeline), session.progress.show)
        with prefetch.opened():
            outcome.fetched.extend(_load_windows(session, plan.steps, prefetch))
        keep_open(session.pipeline)
        session.complete(plan)
        outcome.windows_left = plan.left
        create_indexes(session.pipeline)
        if options.with_models:
            session.check_lease()
            built = update_models(session.pipeline, (), options.full_refresh, session.progress.show)
            outcome.models, outcome.unknown_causes = built
        outcome.copy = session.publish()
        outcome.seconds = time.monotonic() - started
        return outcome


def _load_windows(
    session: Session, steps: Sequence[PlannedExport], prefetch: Prefetch
) -> Iterator[FetchedExport]:
    """Loads window after window; one whose export is too large is loaded in two halves.

    Raises:
        RowLimitReached: if a window that cannot be halved has too many rows
        ExportFailed: if Coveo fails to build the export of a window
    """
    started = time.monotonic()
    done: list[PlannedExport] = []
    dimensions = None
    if steps:
        with interruptible():
            dimensions = read_dimensions(session.client, session.progress.say)

    def load(step: PlannedExport, later: Sequence[PlannedExport]) -> Iterator[FetchedExport]:
        left = remaining_seconds(done, [step, *later], time.monotonic() - started)
        session.progress.headline(
            f"Window {len(done) + 1} of {len(done) + 1 + len(later)}{remaining_text(left)}:"
            f" {step.window} ({', '.join(step.tables)})"
        )
        refresh = session.options.full_refresh and not done
        window = SingleWindow(
            step,
            later,
            prefetch,
            session.record,
            session.progress.say,
            session.progress.watch,
            session.options.with_models,
            dimensions,
            is_first=not done,
            at_hand=partial(keep_open_if_free, session.pipeline),
        )
        yield _load_window(session, window, refresh)
        done.append(step)

    return window_by_window(steps, session.client, load)


def _load_window(session: Session, window: SingleWindow, refresh: bool) -> FetchedExport:
    """Loads one window as a package of its own.

    refresh: whether the tables are dropped first

    Raises:
        CountMismatch: if other rows were loaded than the files hold
        PackageNotLoaded: if the destination refuses them
        UnsafeReplacement: if a replacement might remove rows that are not to go
    """
    session.check_lease()
    mode: Any = "drop_resources" if refresh else None
    held = session.held_rows(window.step)
    with (
        loading_settings(session.pipeline),
        early_rows(session.pipeline) as early,
        explained(session.pipeline),
    ):
        # a table that is dropped first cannot take rows before the load
        context = ExtractContext(
            session.settings, window._replace(early=None if refresh else early)
        )
        # until its export is at hand
        let_go(session.pipeline)
        source = DltSource(Schema(SOURCE), SOURCE, list(make_resources(context)))
        info = session.pipeline.run(source, refresh=mode)
    [fetched] = context.fetched
    _check_written_rows(session.pipeline, fetched)
    for load_id in completed_loads(info):
        fetched.found = reconcile(session.pipeline, load_id, session.options.force, held)
    signals.raise_if_signalled()
    window_text = str(window.step.window)
    session.progress.show(ExportEvent(window_text, "loaded", fetched.rows, None, fetched.export.id))
    return fetched


def _check_written_rows(pipeline: dlt.Pipeline, fetched: FetchedExport) -> None:
    """Compares the rows that dlt wrote to the load package with those that were read.

    Raises:
        CountMismatch: with the table and both counts
    """
    trace = pipeline.last_trace
    info = trace and trace.last_normalize_info
    for table, counts in fetched.counts.items():
        written = info.row_counts.get(table, 0) if info else 0
        if written != counts.rows or counts.rows + counts.erased > counts.records:
            window = str(fetched.step.window)
            raise CountMismatch(table, window, counts.rows, "rows were read", written)


def _outcome(session: Session) -> Outcome:
    """Returns an outcome that says where the data goes."""
    with session.pipeline.destination_client() as client:
        location = client.config.data_location() or str(client.config)
    with open_dataset(session.pipeline) as dataset:
        name_there = dataset.name if dataset else session.options.dataset
    is_file = isinstance(session.pipeline.destination, dlt.destinations.duckdb)
    shown = relative(location) if is_file else location
    name, folder = session.options.pipeline, session.options.pipelines_dir
    return Outcome(
        name_there,
        shown,
        database=shown if is_file else None,
        table=TIMELINE if session.options.with_models else EXPORTS,
        state=dlt_command(name, "info", pipelines_dir=relative(folder)) if folder else None,
    )
