"""Three days at a demo server, and what one run over all of them loads."""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from tests.support.cli_user import Rows, load
from tests.support.clock import Clock
from tests.support.schedulers import Project, make_project

DAYS = [datetime(2026, 3, day, tzinfo=timezone.utc) for day in (2, 3, 4)]
END = DAYS[-1] + timedelta(days=1)


def settled(day: datetime) -> datetime:
    """Returns when a day has just settled, and nothing of the next one has."""
    return day + timedelta(days=1, minutes=15)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has all tests of this folder run only if they are asked for."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("schedulers")


@pytest.fixture
def server(serve: Callable[..., DemoServer], clock: Clock) -> DemoServer:
    """A server at which the third day has just settled, and the fourth is to come."""
    clock.now = settled(DAYS[-1])
    return serve()


@pytest.fixture
def project(server: DemoServer, tmp_path: Path) -> Project:
    """A folder for jobs, in an empty home folder."""
    return make_project(tmp_path / "home", server)


@pytest.fixture
def incremental(project: Project) -> Project:
    """The same for jobs without intervals, with a first day and the environment `.venv`."""
    (project.folder / ".venv").symlink_to(Path(sys.prefix))
    text = f'[sources.coveo_source]\nfrom_date = "{DAYS[0]:%Y-%m-%d}"\n'
    (project.folder / ".dlt" / "config.toml").write_text(text)
    return project


@pytest.fixture
def one_run(server: DemoServer, project: Project, own_folder: Path) -> dict[str, Rows]:
    """All rows of the five tables after one run over the three days."""
    load(server, from_date=DAYS[0], to_date=END)
    rows = Project(own_folder).tables()
    assert all(rows.values())
    return rows
