"""A whole run: what a crash left, then window after window, then the models.

Each window is a load package of its own, and so a checkpoint: what is loaded stays loaded.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dlt
from dlt.common.runtime import signals
from dlt.common.schema import Schema
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed

from ..destination.duckdb import loading_settings
from ..exceptions import CountMismatch, ExportFailed, find_cause
from ..exports.cleanup import delete
from ..exports.prefetch import Prefetch
from ..extract.audit import Fetched
from ..extract.context import ExtractContext, files_folder
from ..extract.plan import PlannedExport, smaller
from ..extract.resources import resources
from ..load.reconciliation import completed_loads, reconcile
from ..load.recovery import load_pending
from ..models.runner import build
from ..signals import interruptible, orderly
from ..tables import SOURCE
from .pipeline import Options
from .session import Session, session
from .summary import Outcome, relative


def run(options: Options, overrides: Mapping[str, Any]) -> Outcome:
    """Loads all that is due and builds the models.

    overrides: settings of the source that are given on the command line

    Raises:
        SettingError, PipelineMismatch: before anything was requested or changed
        CoveoSourceError, PipelineStepFailed: what was loaded so far stays loaded
    """
    started = time.monotonic()
    with orderly(), session(options, overrides) as here:
        here.attach()
        load_pending(here.pipeline, here.progress.say)
        plan = here.plan()
        for notice in plan.notices:
            here.progress.say(notice)
        delete(here.client, [export.id for export in plan.stale])
        outcome = outcome_of(here)
        prefetch = Prefetch(files_folder(here.pipeline))
        with prefetch.opened():
            outcome.fetched.extend(load_windows(here, plan.steps, prefetch))
        if options.with_models:
            outcome.models.update(build_models(here))
        outcome.seconds = time.monotonic() - started
        return outcome


def load_windows(
    here: Session, steps: Iterable[PlannedExport], prefetch: Prefetch
) -> Iterator[Fetched]:
    """Loads one window after the other; one whose export fails in two halves.

    Raises:
        RowLimitReached: if a window that cannot be halved has too many rows
    """
    waiting = deque(steps)
    done = 0
    while waiting:
        step = waiting.popleft()
        here.progress.say(f"Window {done + 1} of {done + 1 + len(waiting)}: {step.request.part}")
        try:
            refresh = here.options.full_refresh and not done
            yield load_window(here, step, list(waiting), prefetch, refresh)
        except PipelineStepFailed as error:
            failure = find_cause(error, ExportFailed)
            if failure is None:
                raise
            with interruptible():
                waiting.extendleft(smaller(step, here.client, failure)[::-1])
            here.progress.say("Coveo failed to build the export; trying the window in two halves.")
        else:
            done += 1


def load_window(
    here: Session,
    step: PlannedExport,
    later: list[PlannedExport],
    prefetch: Prefetch,
    refresh: bool,
) -> Fetched:
    """Loads one window as a package of its own.

    later: the windows after it
    refresh: whether the tables are dropped first

    Raises:
        CountMismatch: if other rows were loaded than the files hold
    """
    reading = ExtractContext(here.settings, [step], later, prefetch)
    source = DltSource(Schema(SOURCE), SOURCE, list(resources(reading)))
    mode: Any = "drop_resources" if refresh else None
    with loading_settings(here.pipeline):
        info = here.pipeline.run(source, refresh=mode)
    fetched = reading.fetched[0]
    check_counts(here.pipeline, fetched)
    fetched.loaded = reconcile(here.pipeline, completed_loads(info))
    signals.raise_if_signalled()
    return fetched


def check_counts(pipeline: dlt.Pipeline, fetched: Fetched) -> None:
    """Compares the rows that dlt wrote with those that were read.

    Raises:
        CountMismatch: with the table and both counts
    """
    trace = pipeline.last_trace
    info = trace and trace.last_normalize_info
    for table, counts in fetched.counts.items():
        written = info.row_counts.get(table, 0) if info else 0
        if written != counts.rows or counts.rows > counts.records:
            window = str(fetched.step.window)
            raise CountMismatch(table, window, counts.rows, "rows were read", written)


def build_models(here: Session) -> Iterator[tuple[str, int]]:
    """Brings all models up to date; yields the name and the rows of each that was built."""
    yield from build(here.pipeline, full_refresh=here.options.full_refresh, say=here.progress.say)


def outcome_of(here: Session) -> Outcome:
    """An outcome that knows where the data goes."""
    with here.pipeline.destination_client() as client:
        location = client.config.data_location() or str(client.config)
    is_file = here.pipeline.destination.destination_name == "duckdb"
    shown = relative(location) if is_file else location
    return Outcome(here.options.dataset, shown, database=shown if is_file else None)
