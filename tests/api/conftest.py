import pytest

from coveo_source.api import retries
from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer
from tests.api.calls import client_of


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # urllib3 makes the first retry at once, and pauses before all others
    monkeypatch.setattr(retries, "RETRIES", 1)
    monkeypatch.setattr(retries, "CONNECT_RETRIES", 0)
    monkeypatch.setattr(retries, "PAGE_PAUSE", 0.01)


@pytest.fixture
def client(demo: DemoServer) -> CoveoClient:
    return client_of(demo)
