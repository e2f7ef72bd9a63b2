"""The models alone, from what is loaded: no settings are needed and nothing is asked of Coveo."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dlt

from ..exceptions import PipelineMismatch
from ..load.recovery import load_pending
from ..models.data_tests import Result, run_data_tests
from ..models.dbt.project import write_project
from ..models.files import selected, sql_folder
from ..models.properties import read_folder
from ..models.runner import build
from ..signals import orderly
from ..tables import SOURCE
from .progress import ConsoleProgress
from .session import Options, locked, pipeline_of, restored


def rebuild_models(options: Options, names: Iterable[str]) -> dict[str, int]:
    """Brings some models up to date, or all; returns the rows of each that had to be built.

    Raises:
        SettingError: if there is no model of a name
        PipelineMismatch: if the pipeline holds nothing of Coveo's
        PipelineBusy: if another run is loading into it
        ModelError: if a model fails
    """
    wanted = [model.name for model in selected(names)]
    progress = ConsoleProgress()
    with opened(options, progress) as pipeline:
        load_pending(pipeline, progress.say)
        return dict(build(pipeline, wanted, options.full_refresh, progress.say))


def run_tests(options: Options, names: Iterable[str]) -> Iterator[Result]:
    """Runs the data tests of some models, or all and those of the seed; changes nothing.

    Raises:
        SettingError, PipelineMismatch, PipelineBusy: as above
        CheckError: if a test cannot be run
    """
    wanted = {model.name for model in selected(names)} if names else None
    tables = [each for each in read_folder(sql_folder()) if wanted is None or each.name in wanted]
    with opened(options, ConsoleProgress()) as pipeline:
        yield from run_data_tests(pipeline, tables)


def as_dbt_project(options: Options, folder: Path) -> list[Path]:
    """Writes the models as a dbt project; returns the files.

    Raises:
        PipelineMismatch, PipelineBusy: as above
        ProjectError: if it cannot be written there
    """
    with opened(options, ConsoleProgress()) as pipeline:
        return write_project(pipeline, folder)


@contextmanager
def opened(options: Options, progress: ConsoleProgress) -> Iterator[dlt.Pipeline]:
    """The pipeline as it stands in the destination, while nobody else works on it.

    Raises:
        PipelineMismatch: if it holds nothing of Coveo's, or something else
    """
    with orderly(), locked(options):
        pipeline = restored(pipeline_of(options, progress), progress.say)
        if list(pipeline.schema_names) != [SOURCE]:
            raise PipelineMismatch(
                f"The pipeline {options.pipeline} holds no data of Coveo's in the dataset"
                f" {options.dataset}. Load some first: dlt pipeline {options.pipeline} run"
            )
        yield pipeline
