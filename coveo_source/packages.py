"""dlt's load packages on disk, which hold the rows: described, and deleted once nobody needs them.

dlt itself keeps what is loaded, unless `load.delete_completed_jobs` is set. Here that is the
default, and whoever wants to keep the files sets it to false.
"""

import shutil
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import dlt
from dlt.common.configuration import configspec, known_sections
from dlt.common.configuration.resolve import inject_section, resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.configuration.specs.config_section_context import ConfigSectionContext
from dlt.common.storages.load_package import (
    PackageStorage,
    TPackageJobState,
    commit_load_package_state,
)

from .private_files import delete_folder
from .tables import SOURCE

_WITH_ROWS = (*get_args(TPackageJobState), PackageStorage.EXCEPTIONS_FOLDER)
"""Folders of a package with its files, and with messages of the database, which may quote them."""

_DESCRIPTION = "coveo_source"
"""Key in the state that dlt keeps in a package, under which the source says what it holds."""


def describe_package(
    windows: Iterable[str], tables: Iterable[str], others: Iterable[str], is_range: bool
) -> None:
    """Writes into the package that is being extracted what it will hold.

    tables, others: of which there will be a file, even if it is empty; others hold no events
    is_range: whether the range was asked for, so that another run does not load it by itself
    """
    state: Any = dlt.current.load_package_state()["state"]
    state[_DESCRIPTION] = {
        "windows": list(windows),
        "tables": list(tables),
        "others": list(others),
        "is_range": is_range,
        "version": version("coveo-source"),
    }
    commit_load_package_state()


def package_description(storage: PackageStorage, load_id: str) -> dict[str, Any]:
    """Returns what a package says that it holds; empty if another source or version made it."""
    state: Any = storage.get_load_package_state(load_id)
    return dict(state.get(_DESCRIPTION, {}))


@configspec
class _LoadConfiguration(BaseConfiguration):
    """dlt's setting of this name, with another default."""

    delete_completed_jobs: bool = True


def file_loaded(pipeline: dlt.Pipeline) -> None:
    """Puts packages that are loaded where dlt keeps such; it would fail to load them again.

    A run may be killed between the two.
    """
    storage = pipeline._get_load_storage()
    for load_id in pipeline.list_normalized_load_packages():
        if storage.normalized_packages.is_package_completed(load_id):
            pending = storage.get_normalized_package_path(load_id)
            storage.storage.rename_tree(pending, storage.get_loaded_package_path(load_id))


def delete_loaded(
    pipeline: dlt.Pipeline, load_ids: Iterable[str] | None = None, kept_too: bool = False
) -> None:
    """Deletes the rows of our packages that are loaded or given up; what describes them stays.

    load_ids: of the packages; None for all that earlier runs left
    kept_too: whether to delete them even if the user keeps them
    """
    storage = pipeline._get_load_storage()
    if not storage.is_storage_ready() or not (kept_too or _deletes(pipeline)):
        return
    loaded = storage.loaded_packages
    for load_id in loaded.list_packages() if load_ids is None else load_ids:
        package = Path(loaded.storage.make_full_path(loaded.get_package_path(load_id)))
        with_rows = [package / name for name in _WITH_ROWS if (package / name).exists()]
        if with_rows and loaded.schema_name(load_id) == SOURCE:
            for folder in with_rows:
                delete_folder(folder)


def delete_unfinished(pipeline: dlt.Pipeline, running: Path | None = None) -> None:
    """Deletes what a killed run extracted but did not complete; dlt would never look at it again.

    running: the folder of the extract that is running
    """
    # dlt takes a relative folder for its pipelines as it is
    kept = running and running.resolve()
    for folder in (Path(pipeline.working_dir).resolve() / "normalize").glob("*"):
        if folder.is_dir() and folder.name != "extracted" and folder != kept:
            shutil.rmtree(folder, ignore_errors=True)


def _deletes(pipeline: dlt.Pipeline) -> bool:
    """Returns what is configured for this pipeline, or for all."""
    section = ConfigSectionContext(pipeline.pipeline_name, (known_sections.LOAD,))
    with inject_section(section):
        return resolve_configuration(_LoadConfiguration()).delete_completed_jobs
