"""Repairs the working folder after a run that was killed, and loads what that run left.

If a process is killed between the steps in which dlt moves a package, dlt's next run may fail.
"""

from collections.abc import Callable

import dlt
from dlt.common.runtime import signals

from ..dataset import completed_loads, open_dataset, read_ledger, reconcile
from ..exceptions import CountMismatch, PackageNotLoaded, UnsafeReplacement
from ..exports import after_load
from ..packages import delete_loaded, delete_unfinished, file_loaded
from ..working_folder import start_over
from .mending import forget_tables, mend_dataset
from .pending import explained, pending_packages, why_dropped

_Say = Callable[[str], None]


def drop_packages(pipeline: dlt.Pipeline, on_request: bool, say: _Say) -> dlt.Pipeline:
    """Drops packages on disk that cannot be loaded or, on request, all; returns the pipeline.

    Whatever else dlt keeps in the working folder goes too: it describes the time after the load.
    """
    packages = pending_packages(pipeline)
    damages = [package.damage for package in packages if package.damage]
    if not damages and not (on_request and packages):
        if on_request:
            say("There is no load package to drop.")
        return pipeline
    say(why_dropped(packages, damages[0] if damages else "that was asked for"))
    return start_over(pipeline)


def load_pending(pipeline: dlt.Pipeline, say: _Say) -> None:
    """Loads the packages that an earlier run did not finish, and compares the counts.

    Deletes the rows of all others that it left on disk, and mends what is missing in the dataset.

    Raises:
        CountMismatch: if other rows were loaded than the files of these packages held
        PackageNotLoaded: if the destination refuses one
        TableUnusable: if a table cannot be mended
    """
    after_load.register()
    _repair_packages(pipeline)
    delete_loaded(pipeline)
    if gone := mend_dataset(pipeline, say):
        if packages := pending_packages(pipeline):
            _drop(pipeline, why_dropped(packages, f"{', '.join(gone)} is gone"), say)
        forget_tables(pipeline, gone, say)
    if not pipeline.has_pending_data:
        _reconcile_loads(pipeline, say)
        return
    say("Loading first what an earlier run had read but not yet loaded.")
    try:
        with explained(pipeline):
            loads = completed_loads(pipeline.run())
    except PackageNotLoaded as error:
        left = pending_packages(pipeline)
        if not error.is_lasting or not all(package.is_replaceable for package in left):
            raise
        _drop(pipeline, f"{error} It is dropped, and made anew.", say)
        return
    for load_id in loads:
        reconcile(pipeline, load_id)
    # the package holds the cursors that belong to it; those in the working folder may be older
    pipeline.sync_destination()
    signals.raise_if_signalled()


def _drop(pipeline: dlt.Pipeline, text: str, say: _Say) -> None:
    """Drops all packages on disk, and restores from the dataset what the pipeline knows."""
    say(text)
    start_over(pipeline).sync_destination()


def _reconcile_loads(pipeline: dlt.Pipeline, say: _Say) -> None:
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
    file_loaded(pipeline)
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
