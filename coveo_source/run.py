"""A whole run: what a crash left, then window after window, then the models.

Each window is a load package of its own, and so a checkpoint: what is loaded stays loaded.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigValueCannotBeCoercedException,
)
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.schema import Schema
from dlt.extract import DltSource
from dlt.pipeline.state_sync import load_pipeline_state_from_destination

from . import resources
from .audit import Fetched
from .catalogue import SOURCE
from .client import CoveoClient
from .deletion import delete
from .exceptions import CountMismatch, PipelineMismatch, SettingError
from .export import Ledger
from .lock import only_run
from .memory import Memory
from .models import columns_of, run_model, selected
from .plan import Plan, Step, make_plan
from .progress import ConsoleProgress
from .reading import Reading
from .settings import WHERE, CoveoConfiguration, Settings, checked
from .summary import Outcome, relative
from .tuning import tuned


@dataclass(frozen=True)
class Options:
    """What the command line says beside the settings of the source.

    destination: name of a dlt destination
    progress: name of one of dlt's progress collectors; None for our own
    """

    pipeline: str
    pipelines_dir: str | None = None
    destination: str = "duckdb"
    dataset: str = "coveo_ua"
    full_refresh: bool = False
    with_models: bool = True
    progress: str | None = None


def resolve_settings(overrides: Mapping[str, Any]) -> Settings:
    """The settings from configuration, secrets and environment, under what is given here.

    Raises:
        SettingError: if one is missing or not accepted
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return checked(
            resolve_configuration(
                CoveoConfiguration(), sections=("sources", SOURCE), explicit_value=given
            )
        )
    except ConfigFieldMissingException as error:
        name = next(iter(error.traces))
        raise SettingError(name, None, WHERE.format(env=name.upper())) from None
    except ConfigValueCannotBeCoercedException as error:
        accepted = f"Write a {getattr(error.hint, '__name__', error.hint)}."
        raise SettingError(error.field_name, error.field_value, accepted) from None


class Session:
    """A pipeline, the service it loads from, and a way to tell the user."""

    def __init__(self, options: Options, settings: Settings) -> None:
        self.options = options
        self.settings = settings
        self.progress = ConsoleProgress()
        self.pipeline = dlt.pipeline(
            options.pipeline,
            pipelines_dir=options.pipelines_dir,  # type: ignore[arg-type]
            destination=tuned(options.destination),
            dataset_name=options.dataset,
            progress=options.progress or self.progress,  # type: ignore[arg-type]
        )
        self.client = CoveoClient(settings.base_url, settings.org, settings.api_key)

    @property
    def ledger(self) -> Ledger:
        """Whose exports are ours."""
        return Ledger(self.options.pipeline, self.options.dataset)

    @property
    def memory(self) -> Memory:
        """What the pipeline remembers."""
        return Memory.of_pipeline(self.pipeline.state)

    def attach(self) -> None:
        """Restores the pipeline's state from the destination, and checks whose it is.

        Raises:
            PipelineMismatch: if it holds another source's or another organization's data
        """
        self.pipeline.sync_destination()
        if remembered_elsewhere(self.pipeline):
            self.progress.say("The working folder is that of another dataset: reading this one's.")
            self.pipeline = self.pipeline.drop()
            self.pipeline.sync_destination()
        foreign = [name for name in self.pipeline.schema_names if name != SOURCE]
        if foreign:
            raise PipelineMismatch(
                f"The pipeline {self.options.pipeline} holds the data of another source,"
                f" {', '.join(foreign)}. Use another pipeline name for Coveo's."
            )
        self.memory.check_owner(self.settings, self.options.pipeline)

    def plan(self) -> Plan:
        """What is due now."""
        memory = self.memory.without_cursors() if self.options.full_refresh else self.memory
        return make_plan(self.settings, memory, self.client, self.ledger, self.settings.tables)


def remembered_elsewhere(pipeline: dlt.Pipeline) -> bool:
    """Whether the working folder's state belongs to another dataset than the destination's.

    dlt keeps whichever has seen more runs, so a dataset that was left for another and taken up
    again would be loaded with the cursors of the other.
    """
    try:
        with pipeline.destination_client() as client:
            if not isinstance(client, WithStateSync):
                return False
            stored = load_pipeline_state_from_destination(pipeline.pipeline_name, client)
    except DestinationUndefinedEntity:
        return False
    if not stored:
        return False
    return Memory.of_pipeline(stored).dataset_id != Memory.of_pipeline(pipeline.state).dataset_id


@contextmanager
def session(options: Options, overrides: Mapping[str, Any]) -> Iterator[Session]:
    """A session of which there is one at a time, closed afterwards.

    Raises:
        SettingError: before anything else
        PipelineBusy: if there is another on the same pipeline
    """
    settings = resolve_settings(overrides)
    pipelines_dir = options.pipelines_dir or get_dlt_pipelines_dir()
    with only_run(Path(pipelines_dir), options.pipeline):
        opened = Session(options, settings)
        try:
            yield opened
        finally:
            opened.client.close()


def run(options: Options, overrides: Mapping[str, Any]) -> Outcome:
    """Loads all that is due and builds the models.

    overrides: settings of the source that are given on the command line

    Raises:
        SettingError, PipelineMismatch: before anything was requested or changed
        CoveoSourceError, PipelineStepFailed: what was loaded so far stays loaded
    """
    started = time.monotonic()
    with session(options, overrides) as here:
        here.attach()
        loaded_pending = load_pending(here)
        plan = here.plan()
        for notice in plan.notices:
            here.progress.say(notice)
        delete(here.client, [export.id for export in plan.stale])
        outcome = outcome_of(here)
        for number, step in enumerate(plan.steps, 1):
            here.progress.say(f"Window {number} of {len(plan.steps)}: {step.job.due}")
            outcome.fetched.append(load(here, step, refresh=options.full_refresh and number == 1))
        if options.with_models and (plan.steps or loaded_pending or models_missing(here)):
            outcome.models.update(build_models(here))
        outcome.seconds = time.monotonic() - started
        return outcome


def load_pending(here: Session) -> bool:
    """Loads the packages that a run left which did not come to its end; whether there were any."""
    if not here.pipeline.has_pending_data:
        return False
    here.progress.say("Loading first what an earlier run had read but not yet loaded.")
    here.pipeline.run()
    return True


def models_missing(here: Session) -> bool:
    """Whether a model was never built although there is something to build it from."""
    present = columns_of(here.pipeline)
    return bool(present) and any(model.name not in present for model in selected(()))


def load(here: Session, step: Step, refresh: bool = False) -> Fetched:
    """Loads one window as a package of its own.

    refresh: whether the tables are dropped first

    Raises:
        CountMismatch: if other rows were loaded than the files hold
    """
    reading = Reading(here.settings, [step])
    source = DltSource(Schema(SOURCE), SOURCE, list(resources(reading)))
    mode: Any = "drop_resources" if refresh else None
    here.pipeline.run(source, refresh=mode)
    fetched = reading.fetched[0]
    check_counts(here.pipeline, fetched)
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
            raise CountMismatch(table, str(fetched.step.job.due.window), counts.rows, written)


def build_models(here: Session) -> Iterator[tuple[str, int]]:
    """Builds all models; yields the name and the rows of each."""
    for model in selected(()):
        here.progress.say(f"Model {model.name}")
        run_model(here.pipeline, model)
        yield model.name, count_rows(here.pipeline, model.name)


def count_rows(pipeline: dlt.Pipeline, table: str) -> int:
    """The rows of a table in the destination."""
    rows = pipeline.dataset()(f"select count(*) as row_count from {table}").fetchall()
    return int(rows[0][0])


def outcome_of(here: Session) -> Outcome:
    """An outcome that knows where the data goes."""
    with here.pipeline.destination_client() as client:
        location = client.config.data_location() or str(client.config)
    is_file = here.pipeline.destination.destination_name == "duckdb"
    shown = relative(location) if is_file else location
    return Outcome(here.options.dataset, shown, database=shown if is_file else None)
