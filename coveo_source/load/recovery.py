"""The working folder after a run that was killed, made fit for the next one.

dlt moves a package from folder to folder and saves schema and state in between. A process that
is killed between two of these steps leaves what dlt's own next run stumbles over.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import dlt
from dlt.common.runtime import signals

from ..exceptions import CountMismatch
from .reconciliation import loaded, reconcile, unreconciled


def load_pending(pipeline: dlt.Pipeline, say: Callable[[str], None]) -> None:
    """Loads the packages that a run left which did not come to its end.

    Raises:
        CountMismatch: if other rows were loaded than the files held
    """
    repair_packages(pipeline)
    if not pipeline.has_pending_data:
        check_last_load(pipeline, say)
        return
    say("Loading first what an earlier run had read but not yet loaded.")
    reconcile(pipeline, loaded(pipeline.run()))
    # the package holds the cursors that belong to it; those in the working folder may be older
    pipeline.sync_destination()
    signals.raise_if_signalled()


def check_last_load(pipeline: dlt.Pipeline, say: Callable[[str], None]) -> None:
    """Compares the counts of a load whose run was killed before it could.

    A difference is told, and ends nothing: since then somebody may have changed the tables.
    """
    if pipeline.default_schema_name:
        try:
            reconcile(pipeline, unreconciled(pipeline))
        except CountMismatch as error:
            say(str(error))


def repair_packages(pipeline: dlt.Pipeline) -> None:
    """Brings packages and schema together again; loses no package."""
    remove_half_extracts(Path(pipeline.working_dir))
    extracted = pipeline._get_normalize_storage().extracted_packages
    normalized = pipeline._get_load_storage().normalized_packages
    ready = set(pipeline.list_normalized_load_packages())
    for load_id in pipeline.list_extracted_load_packages():
        if load_id in ready:
            # killed before this copy was removed; dlt would fail to normalize it a second time
            extracted.delete_package(load_id)
        else:
            adopt_schema(pipeline, extracted.load_schema(load_id))
    for load_id in ready:
        adopt_schema(pipeline, normalized.load_schema(load_id))


def adopt_schema(pipeline: dlt.Pipeline, schema: dlt.Schema) -> None:
    """Saves the schema of a package if it is ahead of the pipeline's.

    dlt would use the pipeline's, which does not know the new tables and keys of the package.
    """
    known = pipeline.schemas.list_schemas()
    if schema.name not in known or pipeline.schemas[schema.name].version < schema.version:
        pipeline.schemas.save_schema(schema)


def remove_half_extracts(working_dir: Path) -> None:
    """Removes what was read but is no package yet: it is read again, and dlt never looks at it."""
    for folder in (working_dir / "normalize").glob("*"):
        if folder.is_dir() and folder.name != "extracted":
            shutil.rmtree(folder, ignore_errors=True)
