from collections.abc import Iterator

import pytest

from coveo_source.demo import DemoServer, Traffic
from tests.demo.calls import NOW, Calls


@pytest.fixture
def server() -> Iterator[DemoServer]:
    traffic = Traffic(visits_per_day=60)
    with DemoServer(traffic, clock=lambda: NOW, export_seconds=0.05, quota=3) as server:
        yield server


@pytest.fixture
def calls(server: DemoServer) -> Calls:
    return Calls(server)
