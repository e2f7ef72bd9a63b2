"""Repairs the working folder after a run that was killed, and loads what that run left.

If a process is killed between the steps in which dlt moves a package, dlt's next run may fail.
"""

from collections.abc import Callable

import dlt
from dlt.common.runtime import signals

from ..causes import reason
from ..dataset import completed_loads, open_dataset, read_ledger, reconcile
from ..exceptions import CountMismatch, PackageStuck, UnsafeReplacement
from ..exports import after_load
from ..packages import delete_loaded, delete_unfinished
from ..signals import find_signal
from ..tables import EXPORTS, TABLES
from .missing import restore_missing


def load_pending(pipeline: dlt.Pipeline, say: Callable[[str], None]) -> None:
    """Loads the packages that an earlier run did not finish, and compares the counts.

    Deletes the rows of all others that it left on disk.

    Raises:
        CountMismatch: if other rows were loaded than the files of these packages held
        PackageStuck: if one cannot be loaded
        TableBroken: if somebody removed a column that all rows need
    """
    after_load.register()
    _repair_packages(pipeline)
    delete_loaded(pipeline)
    restore_missing(pipeline, say)
    if not pipeline.has_pending_data:
        _reconcile_loads(pipeline, say)
        return
    say("Loading first what an earlier run had read but not yet loaded.")
    try:
        info = pipeline.run()
    except Exception as error:
        if find_signal(error):
            raise
        raise PackageStuck(pipeline.pipeline_name, _pending(pipeline), reason(error)) from error
    for load_id in completed_loads(info):
        reconcile(pipeline, load_id)
    # the package holds the cursors that belong to it; those in the working folder may be older
    pipeline.sync_destination()
    signals.raise_if_signalled()


def _pending(pipeline: dlt.Pipeline) -> str:
    """Names the packages that are pending, and their tables."""
    normalized = pipeline.list_normalized_load_packages()
    jobs = [
        job.job_file_info.table_name
        for load_id in normalized
        for job in pipeline.get_load_package_info(load_id).jobs["new_jobs"]
    ]
    tables = ", ".join(name for name in (*TABLES, EXPORTS) if name in jobs)
    names = ", ".join([*pipeline.list_extracted_load_packages(), *normalized])
    return f"{names} ({tables})" if tables else names


def _reconcile_loads(pipeline: dlt.Pipeline, say: Callable[[str], None]) -> None:
    """Compares the counts of loads whose run was killed before it could do so."""
    with open_dataset(pipeline) as dataset:
        loads = read_ledger(dataset).uncounted_loads
    for load_id in loads:
        try:
            reconcile(pipeline, load_id)
        except (CountMismatch, UnsafeReplacement) as error:
            # not the end of this run: the window is due again
            say(str(error))


def _repair_packages(pipeline: dlt.Pipeline) -> None:
    """Makes packages and schema consistent again; no package is lost."""
    delete_unfinished(pipeline)
    _file_loaded(pipeline)
    extracted = pipeline._get_normalize_storage().extracted_packages
    normalized = pipeline._get_load_storage().normalized_packages
    ready = set(pipeline.list_normalized_load_packages())
    for load_id in pipeline.list_extracted_load_packages():
        if load_id in ready:
            # killed before this copy was removed; dlt would fail to normalize it a second time
            extracted.delete_package(load_id)
        else:
            _save_newer_schema(pipeline, extracted.load_schema(load_id))
    for load_id in ready:
        _save_newer_schema(pipeline, normalized.load_schema(load_id))


def _file_loaded(pipeline: dlt.Pipeline) -> None:
    """Puts packages that are loaded where dlt keeps such; it would fail to load them again."""
    storage = pipeline._get_load_storage()
    for load_id in pipeline.list_normalized_load_packages():
        if storage.normalized_packages.is_package_completed(load_id):
            pending = storage.get_normalized_package_path(load_id)
            storage.storage.rename_tree(pending, storage.get_loaded_package_path(load_id))


def _save_newer_schema(pipeline: dlt.Pipeline, schema: dlt.Schema) -> None:
    # dlt would use the pipeline's schema, which lacks the new tables and keys of the package
    known = pipeline.schemas.list_schemas()
    if schema.name not in known or pipeline.schemas[schema.name].version < schema.version:
        pipeline.schemas.save_schema(schema)
