"""The models alone, from what is loaded: no settings are needed and nothing is asked of Coveo."""

from collections.abc import Iterable

import dlt

from .catalogue import SOURCE
from .exceptions import PipelineMismatch
from .interruption import orderly
from .models import selected
from .progress import ConsoleProgress
from .rebuild import build
from .recovery import load_pending
from .session import Options, locked, pipeline_of, restored


def remodel(options: Options, names: Iterable[str]) -> dict[str, int]:
    """Brings some models up to date, or all; returns the rows of each that had to be built.

    Raises:
        SettingError: if there is no model of a name
        PipelineMismatch: if the pipeline holds nothing of Coveo's
        PipelineBusy: if another run is loading into it
        ModelError: if a model fails
    """
    wanted = [model.name for model in selected(names)]
    progress = ConsoleProgress()
    with orderly(), locked(options):
        pipeline = restored(pipeline_of(options, progress), progress.say)
        check_source(pipeline)
        load_pending(pipeline, progress.say)
        return dict(build(pipeline, wanted, options.full_refresh, progress.say))


def check_source(pipeline: dlt.Pipeline) -> None:
    """Refuses a pipeline that holds nothing of Coveo's, or something else."""
    if list(pipeline.schema_names) != [SOURCE]:
        raise PipelineMismatch(
            f"The pipeline {pipeline.pipeline_name} holds no data of Coveo's in the dataset"
            f" {pipeline.dataset_name}. Load some first: dlt pipeline {pipeline.pipeline_name} run"
        )
