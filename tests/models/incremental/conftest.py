"""A warehouse with a first load, and models to be changed."""

import shutil
from pathlib import Path

import pytest

from coveo_source.models.files import sql_folder
from tests.models.incremental.history import load, much
from tests.models.incremental.warehouse import Warehouse


@pytest.fixture(scope="session")
def first_load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a first load, from which all models are built."""
    folder = tmp_path_factory.mktemp("first_load")
    made = Warehouse(folder)
    load(made.pipeline, much(1))
    made.build()
    return folder


@pytest.fixture
def warehouse(first_load: Path, tmp_path: Path) -> Warehouse:
    """The same in a folder of the test's own."""
    return Warehouse(shutil.copytree(first_load, tmp_path / "warehouse"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the models, to be changed."""
    return shutil.copytree(sql_folder(), tmp_path / "sql")
