"""A database with a first load, and a copy of the models that tests can change."""

import shutil
from pathlib import Path

import pytest

from coveo_source.models.files import sql_folder
from tests.models.incremental.history import load
from tests.models.incremental.random_rows import large_load
from tests.models.incremental.warehouse import Warehouse
from tests.support.once import once


@pytest.fixture(scope="session")
def first_load() -> Path:
    """A folder with a database that has a first load and all models."""
    return once("first load of the tests of incremental models", _load)


def _load(folder: Path) -> None:
    warehouse = Warehouse(folder)
    load(warehouse.pipeline, large_load(1))
    warehouse.build()


@pytest.fixture
def warehouse(first_load: Path, tmp_path: Path) -> Warehouse:
    """A copy of that database for one test."""
    return Warehouse(shutil.copytree(first_load, tmp_path / "warehouse"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the models that the test can change."""
    return shutil.copytree(sql_folder(), tmp_path / "sql")
