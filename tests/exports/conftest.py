from collections.abc import Iterator
from pathlib import Path

import pytest

from coveo_source.api import retries
from coveo_source.exports import export, job
from tests.exports.prefetching import prefetch_threads
from tests.support.assertions import speed_up_retries
from tests.support.cli_user import export_files


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few retries, and hundredths of a second between them and between two polls."""
    monkeypatch.setattr(export, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(export, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(job, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(retries, "RETRIES", 1)
    monkeypatch.setattr(retries, "CONNECT_RETRIES", 0)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few retries in whole runs."""
    speed_up_retries(monkeypatch)


@pytest.fixture
def nothing_left(tmp_path: Path) -> Iterator[None]:
    """No prefetch thread and no file of an export is left after the test."""
    yield
    assert prefetch_threads() == []
    assert export_files(tmp_path) == []


@pytest.fixture
def target(own_folder: Path) -> Path:
    """An empty folder to unpack into, far enough down for members that point upwards."""
    folder = own_folder / "deep" / "target"
    folder.mkdir(parents=True)
    return folder
