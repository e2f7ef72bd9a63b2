"""The dlt pipeline of a command: its options, its lock, and its state in the destination."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dlt
from dlt.common.destination import Destination
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.pipeline.state_sync import load_pipeline_state_from_destination

from ..command_lines import verb_command
from ..dataset import last_erasure, open_dataset, read_record
from ..destination import (
    be_patient,
    check_copy,
    check_driver,
    database_file,
    kept_open,
    reading_settings,
    tuned_destination,
)
from ..exceptions import NothingLoaded, PipelineMismatch
from ..extract import PipelineState
from ..file_settings import read_file_settings
from ..load import drop_packages, hold_lock
from ..private_files import delete_folder, make_private, private_umask, users_umask
from ..signals import graceful_shutdown
from ..tables import SOURCE
from ..working_folder import damage, delete_half_written, forget_empty_schemas, start_over
from .homes import settle_home
from .progress import ConsoleProgress, Volume


@dataclass(frozen=True)
class Options:
    """What the command line says, beside the settings of the source.

    pipeline: name of the pipeline
    pipelines_dir: where dlt keeps its working folders; None for dlt's default
    destination: one of dlt's, or its name
    replace: whether rows that Coveo no longer has are removed
    force: whether these may be most rows of a window
    drop_pending: whether load packages that an earlier run left are dropped
    progress: name of one of dlt's progress collectors; None for our own
    volume: how much is shown
    """

    pipeline: str
    pipelines_dir: str | None = None
    destination: str | Destination[Any, Any] = "duckdb"
    dataset: str = "coveo_ua"
    full_refresh: bool = False
    replace: bool = False
    force: bool = False
    drop_pending: bool = False
    with_models: bool = True
    progress: str | None = None
    volume: Volume = Volume.NORMAL


@contextmanager
def pipeline_lock(options: Options) -> Iterator[None]:
    """Holds the lock of the pipeline that the command line names, and keeps its files private.

    Raises:
        PipelineBusy: if another process holds it
    """
    pipelines_dir = _pipelines_dir(options)
    with hold_lock(pipelines_dir, options.pipeline), private_umask():
        make_private(pipelines_dir / options.pipeline)
        yield


@contextmanager
def copied_folder(options: Options) -> Iterator[Path]:
    """Yields a folder for pipelines that holds the state of the pipeline, but none of its files."""
    working_folder = _pipelines_dir(options) / options.pipeline
    with TemporaryDirectory(prefix="coveo-plan-") as folder:
        if working_folder.is_dir():
            files = shutil.ignore_patterns("normalize", "load", "coveo_exports")
            shutil.copytree(working_folder, Path(folder) / options.pipeline, ignore=files)
        yield Path(folder)


def database_exists(pipeline: dlt.Pipeline) -> bool:
    """Returns False if the database is a file that connecting to it would create."""
    file = database_file(pipeline)
    return file is None or file.exists()


def create_database(pipeline: dlt.Pipeline) -> None:
    """Creates a database that is a new file, for all whom the user's umask lets read it."""
    if not database_exists(pipeline):
        with users_umask(), pipeline.sql_client():
            pass


def _pipelines_dir(options: Options) -> Path:
    return Path(options.pipelines_dir or get_dlt_pipelines_dir())


def create_pipeline(
    options: Options, progress: ConsoleProgress, wait: timedelta | None = None
) -> dlt.Pipeline:
    """Returns the pipeline that the command line names; without its folder if that is damaged.

    wait: how long to wait for a database that another process has open; None for wait_minutes

    Raises:
        SettingError: if its destination is refused, or what it needs is not installed
    """
    destination = tuned_destination(options.destination)
    check_driver(destination)
    folder = _pipelines_dir(options) / options.pipeline
    delete_half_written(folder)
    if reason := damage(folder):
        progress.warn(
            f"The working folder of the pipeline is damaged ({reason}): it is removed, and restored"
            " from what the dataset holds."
        )
        delete_folder(folder)
    be_patient(destination, wait, progress.say)
    return dlt.pipeline(
        options.pipeline,
        pipelines_dir=options.pipelines_dir,  # type: ignore[arg-type]
        destination=destination,
        dataset_name=options.dataset,
        progress=progress.collector,
    )


def restore_state(
    pipeline: dlt.Pipeline,
    dataset_id: str | None,
    say: Callable[[str], None],
    drop_pending: bool = False,
) -> dlt.Pipeline:
    """Returns the pipeline with the state that its dataset holds.

    dataset_id: the id that the dataset gives itself; None where it cannot
    drop_pending: whether to drop load packages that could be loaded
    """
    pipeline = drop_packages(pipeline, drop_pending, say)
    known = PipelineState.of_pipeline(pipeline.state).dataset_id
    if dataset_id and known and known != dataset_id:
        say("The working folder is about another dataset: restoring the state that this one holds.")
        pipeline = start_over(pipeline)
    if pipeline.has_pending_data and _predates_erasure(pipeline):
        say(
            "Rows that an earlier run had read but not loaded are from before an erasure: they are"
            " dropped, and what is due is read again."
        )
        pipeline = start_over(pipeline)
    pipeline.sync_destination()
    if not pipeline.has_pending_data and _is_ahead(pipeline):
        say(
            "The working folder knows of loads that the dataset does not hold, maybe because an"
            " older copy of it was restored: going on from what the dataset holds."
        )
        pipeline = start_over(pipeline)
        pipeline.sync_destination()
    forget_empty_schemas(pipeline)
    return pipeline


@contextmanager
def attached(options: Options, progress: ConsoleProgress) -> Iterator[dlt.Pipeline]:
    """Locks a pipeline, for a command that asks nothing of Coveo, and restores its state.

    progress: closed at the end

    Raises:
        PipelineBusy: if another process holds it
        PipelineMismatch: if it holds no data of Coveo's, or another source's
    """
    with closing(progress), graceful_shutdown(), pipeline_lock(options):
        pipeline = create_pipeline(options, progress)
        settle_home(pipeline, False, progress.say)
        check_copy(pipeline, read_file_settings().publish)
        create_database(pipeline)
        with kept_open(pipeline):
            with open_dataset(pipeline) as dataset:
                record = read_record(dataset) if dataset else None
            pipeline = restore_state(pipeline, record.id if record else None, progress.warn)
            _check_source(pipeline, options)
            yield pipeline


@contextmanager
def looking(options: Options, progress: ConsoleProgress) -> Iterator[dlt.Pipeline]:
    """Yields a pipeline with the state of its dataset, for a command that changes nothing.

    It works on a copy of the working folder, beside any run.

    progress: closed at the end

    Raises:
        PipelineMismatch: as `attached`
    """
    with (
        closing(progress),
        graceful_shutdown(),
        copied_folder(options) as copy,
        ExitStack() as opened,
    ):
        pipeline = create_pipeline(replace(options, pipelines_dir=str(copy)), progress)
        settle_home(pipeline, False, progress.say)
        if database_exists(pipeline):
            opened.enter_context(reading_settings(pipeline))
            with open_dataset(pipeline) as dataset:
                record = read_record(dataset) if dataset else None
            # what a look needs of the state does not change, and restoring takes half a second
            if not record or record.id != PipelineState.of_pipeline(pipeline.state).dataset_id:
                pipeline = restore_state(pipeline, record.id if record else None, progress.warn)
        else:
            # a database would be created
            pipeline = start_over(pipeline)
        _check_source(pipeline, options)
        yield pipeline


def _check_source(pipeline: dlt.Pipeline, options: Options) -> None:
    held = list(pipeline.schema_names)
    if held != [SOURCE]:
        mismatch = PipelineMismatch if held else NothingLoaded
        raise mismatch(
            f"The pipeline {options.pipeline} holds no data of Coveo's in the dataset"
            f" {options.dataset}. Load some first: {verb_command(options.pipeline, 'run')}"
        )


def _predates_erasure(pipeline: dlt.Pipeline) -> bool:
    """Returns True if a pending package, here, is older than an erasure, maybe elsewhere."""
    packages = [
        *pipeline.list_extracted_load_packages(),
        *pipeline.list_normalized_load_packages(),
    ]
    with open_dataset(pipeline) as dataset:
        last = last_erasure(dataset) if dataset else None
    return last is not None and any(float(load_id) < float(last) for load_id in packages)


def _is_ahead(pipeline: dlt.Pipeline) -> bool:
    """Returns True if the local state or schema is newer than what the dataset holds.

    dlt keeps the newer one, and would not create tables again that this schema says are there.
    """
    with pipeline.destination_client() as client:
        if not isinstance(client, WithStateSync):
            return False
        try:
            stored = load_pipeline_state_from_destination(pipeline.pipeline_name, client)
        except DestinationUndefinedEntity:
            stored = None
        local = pipeline.state
        if not stored:
            return PipelineState.of_pipeline(local).dataset_id is not None
        if local["_version_hash"] != stored["_version_hash"]:
            return True
        schema = pipeline.default_schema.version_hash
        return client.get_stored_schema_by_hash(schema) is None
