"""The folder in which a pipeline keeps its database, wherever it is called from.

dlt remembers the folder of a pipeline's first run. It may be moved, with the database in it, or be
deleted, or be on a disk that is not mounted. Only the first is clear by itself: then the database
in the current folder is the pipeline's own.
"""

from collections.abc import Callable
from pathlib import Path

import dlt

from ..dataset import open_dataset, read_record
from ..destination import catalog_file, database_file, reading_settings
from ..exceptions import FolderMissing
from ..extract import PipelineState
from ..working_folder import home_of, move_home


def settle_home(pipeline: dlt.Pipeline, may_begin_anew: bool, say: Callable[[str], None]) -> None:
    """Lets a pipeline whose folder is gone go on in the current one, if its database is there.

    may_begin_anew: whether it may go on in the current folder without a database

    Raises:
        FolderMissing: if the folder of its database is gone, and nobody knows where that is
    """
    file = database_file(pipeline) or catalog_file(pipeline)
    if file is None or file.parent.is_dir():
        return
    name = pipeline.pipeline_name
    home = home_of(pipeline).resolve()
    here = Path(dlt.current.run_context().local_dir).resolve()
    if home == here or not file.is_relative_to(home):
        raise FolderMissing(
            name,
            str(file.parent),
            "Make it, or mount its disk, then run again. If the database is to be elsewhere, change"
            " its path in dlt's configuration.",
        )
    move_home(pipeline, here)
    if _is_own(pipeline, here / file.relative_to(home), may_begin_anew):
        say(f"The folder {home} is gone: going on with {here / file.relative_to(home)}.")
        return
    move_home(pipeline, home)
    raise FolderMissing(
        name,
        str(file.parent),
        f"If it was moved, run this in the folder that {file.name} is in now. If its disk is not"
        " mounted, mount it. If it was deleted, this begins anew in the current folder:"
        f" dlt pipeline {name} run --full-refresh",
    )


def _is_own(pipeline: dlt.Pipeline, file: Path, may_begin_anew: bool) -> bool:
    """Returns True if a pipeline can go on with a file, where it keeps its database now."""
    # a path that is written down in full has not changed, and a DuckLake's files know their folder
    if database_file(pipeline) != file:
        return False
    if not file.exists():
        return may_begin_anew and file.parent.is_dir()
    with reading_settings(pipeline), open_dataset(pipeline) as dataset:
        record = read_record(dataset) if dataset else None
    known = PipelineState.of_pipeline(pipeline.state).dataset_id
    return known is None or (record is not None and record.id == known)
