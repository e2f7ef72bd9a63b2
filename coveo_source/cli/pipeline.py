"""The dlt pipeline of a command: its options, its lock, and its state in the destination."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import dlt
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.pipeline.state_sync import load_pipeline_state_from_destination

from ..destination import tuned_destination
from ..extract import PipelineState
from ..load import hold_lock
from .progress import ConsoleProgress


@dataclass(frozen=True)
class Options:
    """What the command line says, beside the settings of the source.

    pipeline: name of the pipeline
    pipelines_dir: where dlt keeps its working folders; None for dlt's default
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


def pipeline_lock(options: Options) -> AbstractContextManager[None]:
    """Returns the lock of the pipeline that the command line names.

    Raises:
        PipelineBusy: if another process holds it
    """
    pipelines_dir = options.pipelines_dir or get_dlt_pipelines_dir()
    return hold_lock(Path(pipelines_dir), options.pipeline)


def create_pipeline(options: Options, progress: ConsoleProgress) -> dlt.Pipeline:
    """Returns the pipeline that the command line names."""
    return dlt.pipeline(
        options.pipeline,
        pipelines_dir=options.pipelines_dir,  # type: ignore[arg-type]
        destination=tuned_destination(options.destination),
        dataset_name=options.dataset,
        progress=options.progress or progress,  # type: ignore[arg-type]
    )


def restore_state(pipeline: dlt.Pipeline, say: Callable[[str], None]) -> dlt.Pipeline:
    """Returns the pipeline with the state that its dataset holds."""
    pipeline.sync_destination()
    if _is_of_another_dataset(pipeline):
        say("The working folder holds the state of another dataset: restoring that of this one.")
        pipeline = pipeline.drop()
        pipeline.sync_destination()
    return pipeline


def _is_of_another_dataset(pipeline: dlt.Pipeline) -> bool:
    """Returns True if the state in the working folder belongs to another dataset.

    dlt keeps whichever state has seen more runs. So if a user switched to another dataset and
    then back, it would load with the cursors of the other dataset.
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
