"""What a command that loads works with: settings, pipeline, client, and messages to the user."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigValueCannotBeCoercedException,
)
from dlt.common.configuration.resolve import resolve_configuration

from ..api import client_of
from ..exceptions import PipelineMismatch, SettingError
from ..exports import ExportOwner
from ..extract import PipelineState, Plan, files_folder, make_plan
from ..private_files import delete_folder
from ..setting_values import WHERE_TO_SET
from ..settings import CoveoConfiguration, Settings, check_settings
from ..signals import interruptible
from ..tables import SOURCE
from .pipeline import Options, create_pipeline, pipeline_lock, restore_state
from .progress import ConsoleProgress


class Session:
    """A pipeline, the client of the service that it loads from, and a display of progress."""

    def __init__(self, options: Options, settings: Settings) -> None:
        self.options = options
        self.settings = settings
        self.progress = ConsoleProgress()
        self.pipeline = create_pipeline(options, self.progress)
        self.client = client_of(settings)

    def attach(self) -> None:
        """Restores the pipeline's state from the destination, and checks whose data it holds.

        Raises:
            PipelineMismatch: if it holds another source's or another organization's data
        """
        self.pipeline = restore_state(self.pipeline, self.progress.say)
        foreign = [name for name in self.pipeline.schema_names if name != SOURCE]
        if foreign:
            raise PipelineMismatch(
                f"The pipeline {self.options.pipeline} holds the data of another source,"
                f" {', '.join(foreign)}. Use another pipeline name for Coveo's data."
            )
        self._state.check_owner(self.settings, self.options.pipeline)
        # a run that was killed could not remove its files
        delete_folder(files_folder(self.pipeline))

    def plan(self) -> Plan:
        """Plans what is due now."""
        state = self._state.without_cursors() if self.options.full_refresh else self._state
        owner = ExportOwner(self.options.pipeline, self.options.dataset)
        with interruptible():
            return make_plan(self.settings, state, self.client, owner, self.settings.tables)

    @property
    def _state(self) -> PipelineState:
        return PipelineState.of_pipeline(self.pipeline.state)


@contextmanager
def open_session(options: Options, overrides: Mapping[str, Any]) -> Iterator[Session]:
    """Opens the only session on a pipeline, and closes it afterwards.

    overrides: settings of the source that take precedence over the configuration, unless None

    Raises:
        SettingError: before anything else
        PipelineBusy: if another process works on the pipeline
    """
    settings = _resolve_settings(overrides)
    with pipeline_lock(options):
        opened = Session(options, settings)
        try:
            yield opened
        finally:
            opened.client.close()


def _resolve_settings(overrides: Mapping[str, Any]) -> Settings:
    """Returns the settings from configuration, secrets and environment, below the overrides.

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
