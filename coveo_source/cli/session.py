"""One command's hold on a pipeline: its settings, its lock, its state, its client."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
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
from dlt.pipeline.state_sync import load_pipeline_state_from_destination

from ..api.client import client_of
from ..destination.duckdb import tuned
from ..exceptions import PipelineMismatch, SettingError
from ..exports.job import ExportOwner
from ..extract.context import files_folder
from ..extract.plan import Plan, make_plan
from ..extract.state import PipelineState
from ..load.lock import only_run
from ..private_files import clear
from ..setting_values import WHERE_TO_SET
from ..settings import CoveoConfiguration, Settings, check_settings
from ..signals import interruptible
from ..tables import SOURCE
from .progress import ConsoleProgress


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
        return check_settings(
            resolve_configuration(
                CoveoConfiguration(), sections=("sources", SOURCE), explicit_value=given
            )
        )
    except ConfigFieldMissingException as error:
        name = next(iter(error.traces))
        raise SettingError(name, None, WHERE_TO_SET.format(env=name.upper())) from None
    except ConfigValueCannotBeCoercedException as error:
        accepted = f"Write a {getattr(error.hint, '__name__', error.hint)}."
        raise SettingError(error.field_name, error.field_value, accepted) from None


class Session:
    """A pipeline, the service it loads from, and a way to tell the user."""

    def __init__(self, options: Options, settings: Settings) -> None:
        self.options = options
        self.settings = settings
        self.progress = ConsoleProgress()
        self.pipeline = pipeline_of(options, self.progress)
        self.client = client_of(settings)

    @property
    def owner(self) -> ExportOwner:
        """Whose exports are ours."""
        return ExportOwner(self.options.pipeline, self.options.dataset)

    @property
    def state(self) -> PipelineState:
        """What the pipeline remembers."""
        return PipelineState.of_pipeline(self.pipeline.state)

    def attach(self) -> None:
        """Restores the pipeline's state from the destination, and checks whose it is.

        Raises:
            PipelineMismatch: if it holds another source's or another organization's data
        """
        self.pipeline = restored(self.pipeline, self.progress.say)
        foreign = [name for name in self.pipeline.schema_names if name != SOURCE]
        if foreign:
            raise PipelineMismatch(
                f"The pipeline {self.options.pipeline} holds the data of another source,"
                f" {', '.join(foreign)}. Use another pipeline name for Coveo's."
            )
        self.state.check_owner(self.settings, self.options.pipeline)
        # a run that was killed could not
        clear(files_folder(self.pipeline))

    def plan(self) -> Plan:
        """What is due now."""
        state = self.state.without_cursors() if self.options.full_refresh else self.state
        with interruptible():
            return make_plan(self.settings, state, self.client, self.owner, self.settings.tables)


def pipeline_of(options: Options, progress: ConsoleProgress) -> dlt.Pipeline:
    """The pipeline that the command line names."""
    return dlt.pipeline(
        options.pipeline,
        pipelines_dir=options.pipelines_dir,  # type: ignore[arg-type]
        destination=tuned(options.destination),
        dataset_name=options.dataset,
        progress=options.progress or progress,  # type: ignore[arg-type]
    )


def restored(pipeline: dlt.Pipeline, say: Callable[[str], None]) -> dlt.Pipeline:
    """The pipeline with the state that its dataset has of it."""
    pipeline.sync_destination()
    if remembered_elsewhere(pipeline):
        say("The working folder is that of another dataset: reading this one's.")
        pipeline = pipeline.drop()
        pipeline.sync_destination()
    return pipeline


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
    return (
        PipelineState.of_pipeline(stored).dataset_id
        != PipelineState.of_pipeline(pipeline.state).dataset_id
    )


def locked(options: Options) -> AbstractContextManager[None]:
    """The lock of the pipeline that the command line names.

    Raises:
        PipelineBusy: if another process holds it
    """
    pipelines_dir = options.pipelines_dir or get_dlt_pipelines_dir()
    return only_run(Path(pipelines_dir), options.pipeline)


@contextmanager
def session(options: Options, overrides: Mapping[str, Any]) -> Iterator[Session]:
    """A session of which there is one at a time, closed afterwards.

    Raises:
        SettingError: before anything else
        PipelineBusy: if there is another on the same pipeline
    """
    settings = resolve_settings(overrides)
    with locked(options):
        opened = Session(options, settings)
        try:
            yield opened
        finally:
            opened.client.close()
