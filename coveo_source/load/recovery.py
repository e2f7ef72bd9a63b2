"""Repairs the working folder after a run that was killed, and loads what that run left.

If a process is killed between the steps in which dlt moves a package, dlt's next run may fail.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import dlt
from dlt.common.runtime import signals

from ..exceptions import CountMismatch
from .reconciliation import completed_loads, reconcile, unreconciled_loads


def load_pending(pipeline: dlt.Pipeline, say: Callable[[str], None]) -> None:
    """Loads the packages that an earlier run did not finish, and compares the counts.

    Raises:
        CountMismatch: if other rows were loaded than the files of these packages held
    """
    _repair_packages(pipeline)
    if not pipeline.has_pending_data:
        _reconcile_last_load(pipeline, say)
        return
    say("Loading first what an earlier run had read but not yet loaded.")
    reconcile(pipeline, completed_loads(pipeline.run()))
    # the package holds the cursors that belong to it; those in the working folder may be older
    pipeline.sync_destination()
    signals.raise_if_signalled()


def _reconcile_last_load(pipeline: dlt.Pipeline, say: Callable[[str], None]) -> None:
    """Compares the counts of the last load if its run was killed before it could do so."""
    if pipeline.default_schema_name:
        try:
            reconcile(pipeline, unreconciled_loads(pipeline))
        except CountMismatch as error:
            # only reported: somebody may have changed the tables since then
            say(str(error))


def _repair_packages(pipeline: dlt.Pipeline) -> None:
    """Makes packages and schema consistent again; no package is lost."""
    for folder in (Path(pipeline.working_dir) / "normalize").glob("*"):
        if folder.is_dir() and folder.name != "extracted":
            # not in a package yet: dlt would never look at it, and extracts it again
            shutil.rmtree(folder, ignore_errors=True)
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


def _save_newer_schema(pipeline: dlt.Pipeline, schema: dlt.Schema) -> None:
    # dlt would use the pipeline's schema, which lacks the new tables and keys of the package
    known = pipeline.schemas.list_schemas()
    if schema.name not in known or pipeline.schemas[schema.name].version < schema.version:
        pipeline.schemas.save_schema(schema)
