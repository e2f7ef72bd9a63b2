import pytest

from tests.support.assertions import speed_up_retries


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


@pytest.fixture
def no_retries(fast_retries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch, retries=0)
