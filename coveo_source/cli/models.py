"""The verb `models`: builds, tests or exports the models from what is loaded.

It needs no settings, and asks nothing of Coveo.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..dataset import Owner, hold_lease, publish_copy
from ..file_settings import read_file_settings
from ..load import load_pending
from ..model_settings import read_model_settings
from ..models import Result, read_folder, run_data_tests, selected, sql_folder
from ..models.dbt import write_project
from ..private_files import users_umask
from .building import BuiltModels, settings_of_models, update_models
from .pipeline import Options, attached
from .progress import ConsoleProgress
from .traces import finish_erasures


def build_models(options: Options, names: Iterable[str], full_refresh: bool = False) -> BuiltModels:
    """Brings some models up to date.

    names: of the models; all if none is named
    full_refresh: whether they are built in full

    Raises:
        SettingError: if there is no model of a name
        PipelineMismatch: if the pipeline holds no data of Coveo's
        PipelineBusy: if another run is loading into it
        ModelError: if a model fails
    """
    wanted = [model.name for model in selected(names)]
    # a wrong one is told before anything is changed
    read_model_settings()
    progress = ConsoleProgress(options.volume)
    with (
        attached(options, progress) as pipeline,
        hold_lease(pipeline, Owner(options.pipeline)) as lease,
    ):
        load_pending(pipeline, progress.say)
        finish_erasures(pipeline, lease, progress)
        built = update_models(pipeline, wanted, full_refresh, progress.show)
        if copy := publish_copy(pipeline, lease, read_file_settings().publish):
            progress.say(f"Copy for readers: {copy}")
        return built


def run_model_tests(options: Options, names: Iterable[str]) -> Iterator[Result]:
    """Runs the data tests of some models, or of all and the seed; changes nothing.

    Raises:
        SettingError, PipelineMismatch, PipelineBusy: as for build_models
        CheckError: if a test cannot be run
    """
    wanted = {model.name for model in selected(names)} if names else None
    with attached(options, ConsoleProgress(options.volume)) as pipeline:
        described = read_folder(sql_folder(), settings_of_models(pipeline))
        tables = [each for each in described if wanted is None or each.name in wanted]
        yield from run_data_tests(pipeline, tables)


def write_dbt_project(options: Options, folder: Path, adapter: str | None = None) -> list[Path]:
    """Writes the models as a dbt project; returns the files that it wrote.

    adapter: name of a dbt adapter; None for that of the destination

    Raises:
        SettingError: if there is no such adapter
        PipelineMismatch, PipelineBusy: as for build_models
        ProjectError: if it cannot be written there, or for the destination
    """
    with attached(options, ConsoleProgress(options.volume)) as pipeline, users_umask():
        return write_project(pipeline, folder, settings_of_models(pipeline), adapter)
