"""What hangs on erased rows, or keeps values of them: models, lists of work, files.

Erasures of which this is not done yet are written down in the dataset, so any later command that
writes to it goes on with them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import dlt
from dlt.pipeline.trace import TRACE_FILE_NAME

from ..dataset import (
    DatasetSql,
    Erasure,
    Lease,
    clear_traces,
    complete_erasure,
    dbt_dataset_with,
    has_removed_rows,
    open_dataset,
    open_sql_dataset,
    publish_copy,
    unfinished_erasures,
)
from ..destination import (
    database_file,
    forget_history,
    let_go,
    patience_of,
    remove_copy,
    rewrite,
)
from ..exceptions import CopyNotWritten, DatabaseUnusable, ErasureUnfinished
from ..extract import files_folder
from ..file_settings import read_file_settings
from ..models import UNITS, consumed_loads, selected
from ..packages import delete_loaded
from ..private_files import delete_folder
from .building import update_models
from .progress import ConsoleProgress


def finish_erasures(pipeline: dlt.Pipeline, lease: Lease | None, progress: ConsoleProgress) -> None:
    """Goes on with erasures that an earlier command did not finish, and says so.

    Raises:
        ModelError: if a model fails
    """
    if file := database_file(pipeline):
        remove_copy(file)
    with open_dataset(pipeline) as dataset:
        erasures = unfinished_erasures(dataset) if dataset else []
    if erasures and lease:
        progress.say("Finishing first what an earlier erase had begun.")
        try:
            remove_traces(pipeline, lease, erasures, progress)
        except ErasureUnfinished as error:
            progress.warn(str(error))


def remove_traces(
    pipeline: dlt.Pipeline, lease: Lease, erasures: Sequence[Erasure], progress: ConsoleProgress
) -> None:
    """Rebuilds the models without the erased rows, and removes what keeps values of them.

    Raises:
        ModelError: if a model fails
        ErasureUnfinished: if something still holds values, and what
    """
    _rebuild_models(pipeline, erasures, progress)
    _delete_files(pipeline)
    with open_sql_dataset(pipeline) as dataset:
        _clear_tables(pipeline, dataset, erasures)
    if file := database_file(pipeline):
        progress.say("Writing the database file anew, without the bytes of the erased rows.")
        let_go(pipeline)
        with lease.paused():
            rewrite(file, patience_of(pipeline.destination))
    _replace_copy(pipeline, lease, progress.say)
    forget_history(pipeline)
    with open_sql_dataset(pipeline) as dataset:
        for erasure in erasures:
            complete_erasure(dataset, erasure)


def _replace_copy(pipeline: dlt.Pipeline, lease: Lease, say: Callable[[str], None]) -> None:
    """Writes the copy for readers anew, which still holds the rows."""
    try:
        if copy := publish_copy(pipeline, lease, read_file_settings().publish):
            say(f"Copy for readers, without the erased rows: {copy}")
    except (CopyNotWritten, DatabaseUnusable) as error:
        raise ErasureUnfinished(f"The copy for readers still holds them. {error}") from error


def _rebuild_models(
    pipeline: dlt.Pipeline, erasures: Sequence[Erasure], progress: ConsoleProgress
) -> None:
    """Brings the models that exist up to date with what was removed."""
    names = [model.name for model in selected(())]
    with open_sql_dataset(pipeline) as dataset:
        built = [name for name, columns in dataset.columns(*names).items() if columns]
        removed = [each.load_id for each in erasures if has_removed_rows(dataset, each)]
    if not built or not removed:
        return
    # a build of all is remembered, so that it can be continued
    wanted = built if len(built) < len(names) else []
    update_models(pipeline, wanted, False, progress.show)
    if not consumed_loads(pipeline).issuperset(removed):
        update_models(pipeline, wanted, True, progress.show)


def _delete_files(pipeline: dlt.Pipeline) -> None:
    """Deletes the files in the working folder that hold rows, or may quote some in an error."""
    delete_loaded(pipeline, kept_too=True)
    (Path(pipeline.working_dir) / TRACE_FILE_NAME).unlink(missing_ok=True)
    # of a run that was killed
    delete_folder(files_folder(pipeline))


def _clear_tables(pipeline: dlt.Pipeline, dataset: DatasetSql, erasures: Sequence[Erasure]) -> None:
    if name := dbt_dataset_with(dataset, erasures):
        raise ErasureUnfinished(
            f"The models that dbt has built in {name} still hold some: build them, with dbt build."
        )
    dataset.empty(UNITS)
    clear_traces(dataset, erasures, list(pipeline.default_schema.tables))
