"""An empty folder, a clean environment, a demo server and its clock for every test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from coveo_source.demo import DemoServer, Traffic
from tests.support import once
from tests.support.clock import ANY_TIME_MINUTES, Clock

# how long an example takes depends on the machine
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Returns one more than there are cores: tests often wait for servers and processes."""
    affinity = getattr(os, "sched_getaffinity", None)
    return (len(affinity(0)) if affinity else os.cpu_count() or 1) + 1


BEGUN_FIRST = ("tests/warehouses/", "tests/destination/test_ducklake", "tests/promises/crash/")
"""The tests that take longest: if they came last, one process would end long after the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest tests before all others."""
    items.sort(key=lambda item: not item.nodeid.startswith(BEGUN_FIRST))


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the processes of pytest-xdist have in common, for what is made only once."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "once"
    once.share(folder)
    return folder


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder that each test runs in, without the machine's own configuration."""
    for name in [name for name in os.environ if name.startswith(("SOURCES__", "DESTINATION__"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__CLOCK_TOLERANCE_MINUTES", str(ANY_TIME_MINUTES))
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    # demo servers build exports at once
    monkeypatch.setattr("coveo_source.exports.export.FIRST_WAIT", 0.05)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serve(clock: Clock) -> Iterator[Callable[..., DemoServer]]:
    """Starts demo servers on the test's clock, and stops them after the test."""
    servers: list[DemoServer] = []

    def start(traffic: Any = None, **options: Any) -> DemoServer:
        traffic = traffic or Traffic(seed=3, visits_per_day=25)
        options = {"clock": clock, "export_seconds": 0.05, **options}
        servers.append(DemoServer(traffic, **options).start())
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def demo(serve: Callable[..., DemoServer]) -> DemoServer:
    return serve()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a PostgreSQL server that a module's tests share."""
    from tests.support.postgres_server import postgres_server

    with postgres_server() as address:
        yield address
