"""The verb `models`: builds, tests or exports the models from what is loaded.

It needs no settings, and asks nothing of Coveo.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dlt

from ..dataset import Owner, hold_lease, open_dataset, read_record
from ..exceptions import PipelineMismatch
from ..load import load_pending
from ..models import Result, build, read_folder, run_data_tests, selected, sql_folder
from ..models.dbt import write_project
from ..private_files import users_umask
from ..signals import graceful_shutdown
from ..tables import SOURCE
from .pipeline import Options, create_database, create_pipeline, pipeline_lock, restore_state
from .progress import ConsoleProgress


def build_models(options: Options, names: Iterable[str]) -> dict[str, int]:
    """Brings some models up to date; returns the number of rows of each one that it built.

    names: of the models; all if none is named

    Raises:
        SettingError: if there is no model of a name
        PipelineMismatch: if the pipeline holds no data of Coveo's
        PipelineBusy: if another run is loading into it
        ModelError: if a model fails
    """
    wanted = [model.name for model in selected(names)]
    progress = ConsoleProgress()
    with _opened(options, progress, writes=True) as pipeline:
        load_pending(pipeline, progress.say)
        return dict(build(pipeline, wanted, options.full_refresh, progress.say))


def run_model_tests(options: Options, names: Iterable[str]) -> Iterator[Result]:
    """Runs the data tests of some models, or of all and the seed; changes nothing.

    Raises:
        SettingError, PipelineMismatch, PipelineBusy: as for build_models
        CheckError: if a test cannot be run
    """
    wanted = {model.name for model in selected(names)} if names else None
    tables = [each for each in read_folder(sql_folder()) if wanted is None or each.name in wanted]
    with _opened(options, ConsoleProgress()) as pipeline:
        yield from run_data_tests(pipeline, tables)


def write_dbt_project(options: Options, folder: Path) -> list[Path]:
    """Writes the models as a dbt project; returns the files that it wrote.

    Raises:
        PipelineMismatch, PipelineBusy: as for build_models
        ProjectError: if it cannot be written there
    """
    with _opened(options, ConsoleProgress()) as pipeline, users_umask():
        return write_project(pipeline, folder)


@contextmanager
def _opened(
    options: Options, progress: ConsoleProgress, writes: bool = False
) -> Iterator[dlt.Pipeline]:
    """Locks the pipeline and restores its state from the destination.

    writes: whether the dataset is to be changed

    Raises:
        PipelineMismatch: if it holds no data of Coveo's, or another source's
    """
    with graceful_shutdown(), pipeline_lock(options):
        pipeline = create_pipeline(options, progress)
        create_database(pipeline)
        with open_dataset(pipeline) as dataset:
            record = read_record(dataset) if dataset else None
        pipeline = restore_state(pipeline, record.id if record else None, progress.say)
        if list(pipeline.schema_names) != [SOURCE]:
            raise PipelineMismatch(
                f"The pipeline {options.pipeline} holds no data of Coveo's in the dataset"
                f" {options.dataset}. Load some first: dlt pipeline {options.pipeline} run"
            )
        owner = Owner(options.pipeline)
        with hold_lease(pipeline, owner) if writes else nullcontext():
            yield pipeline
