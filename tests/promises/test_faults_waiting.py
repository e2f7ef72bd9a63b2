"""Pauses that Coveo asks for, and answers that hardly come: told, bounded, and never silent."""

from collections.abc import Callable
from types import SimpleNamespace

import dlt
import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import (
    Endpoint,
    Fault,
    answer,
    at,
    endpoint,
    inject,
    slow,
    too_many_requests,
    trickle,
)
from tests.extract.sources import source
from tests.support.assertions import (
    FROM_DATE,
    RUN_AGAIN,
    TRAFFIC,
    assert_failed_with,
    assert_loaded,
    run_against,
)
from tests.support.cli_user import create_requests

Serve = Callable[..., DemoServer]

UNREADABLE = (
    *("1s", "abc", "-1", "", "nan", "1e9", "0x10", "PT1M"),
    *("Fri, 99 Foo 2026 00:00:00 GMT", "2026-13-45T99:00:00Z", "9" * 5000),
)


@pytest.fixture
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were to be slept before something was tried again; no time passes."""
    slept: list[float] = []
    monkeypatch.setattr("coveo_source.api.retries.RETRIES", 20)
    monkeypatch.setattr("coveo_source.api.pauses.time.sleep", slept.append)
    return slept


def test_a_pause_that_cannot_be_read_ends_no_run(demo: DemoServer, no_sleep: list[float]) -> None:
    """Each request gets one bad value after the other, until it is answered."""
    faults = [
        Fault(at(endpoint), too_many_requests(text), skip=number)
        for endpoint in ("list", "create", "address", "file")
        for number, text in enumerate(UNREADABLE)
    ]
    inject(demo, *faults)
    assert_loaded(run_against(demo))
    assert all(fault.seen > fault.skip for fault in faults)
    assert max(no_sleep) <= 60
    assert len(create_requests(demo)) == len(UNREADABLE) + 1


@pytest.mark.parametrize(
    ("where", "status", "asked", "said"),
    [
        ("list", 429, "86400", "Coveo answered HTTP 429 and asks for 86,400 s: trying again in 60"),
        ("create", 429, "1.5", "Coveo answered HTTP 429: trying again in 1.5 s."),
        ("create", 503, "45", "may not have been created (HTTP 503): trying again in 45 s."),
        ("file", 503, "20", "Coveo's storage answered HTTP 503: trying again in 20 s."),
    ],
)
def test_a_pause_is_shown_with_its_reason_and_length(
    demo: DemoServer, no_sleep: list[float], where: Endpoint, status: int, asked: str, said: str
) -> None:
    inject(demo, Fault(at(where), answer(status, Retry_After=asked)))
    completed = run_against(demo)
    assert said in completed.err
    assert_loaded(completed)
    assert min(float(asked), 60) in no_sleep


def test_a_storage_that_asks_for_pauses_again_and_again_is_given_up(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a bound, five addresses with six pauses each would take half an hour."""
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr("coveo_source.api.retries.RETRIES", 6)
    # their own only: to wait for the export is another matter
    monkeypatch.setattr("coveo_source.api.pauses.time", SimpleNamespace(sleep=sleep))
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr("coveo_source.exports.download.time", clock)
    inject(demo, Fault(at("file"), answer(503, Retry_After="3600"), times=None))
    assert_failed_with(run_against(demo), demo.exports[0].id, RUN_AGAIN)
    assert 300 <= now <= 10 * 60
    inject(demo)
    assert_loaded(run_against(demo))


def test_an_export_that_is_being_built_is_waited_for_aloud(serve: Serve) -> None:
    server = serve(TRAFFIC, export_seconds=1.5)
    completed = run_against(server)
    assert_loaded(completed)
    said = f"{create_requests(server)[0]['from'][0][:10]} to"
    assert said in completed.err
    assert "building, 60 minutes at most (poll_timeout_minutes)" in completed.err


def test_a_library_user_reads_of_a_pause_in_dlts_log(
    demo: DemoServer, no_sleep: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr("dlt.common.logger.warning", logged.append, raising=False)
    inject(demo, Fault(at("create"), too_many_requests("30")))
    dlt.pipeline("coveo", destination="duckdb").run(source(demo, from_date=FROM_DATE))
    assert "Coveo answered HTTP 429: trying again in 30 s." in logged


def test_an_answer_that_times_out_is_told(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coveo_source.api.client.READ_SECONDS", 0.3)
    inject(demo, Fault(at("list"), slow(0.6)))
    completed = run_against(demo)
    assert_loaded(completed)
    assert "Coveo has not answered in time: trying again." in completed.err


@pytest.fixture
def short_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate of a connection is measured over a moment, so that no test waits a minute."""
    monkeypatch.setattr("coveo_source.api.rates.PERIOD_SECONDS", 0.2)


@pytest.mark.usefixtures("short_period")
def test_a_download_that_trickles_goes_on_with_a_new_address(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), trickle(), times=2))
    completed = run_against(demo)
    assert_loaded(completed)
    ranges = [request.headers.get("range") for request in demo.storage_requests]
    assert ranges[0] is None
    assert None not in ranges[1:]
    addresses = [request for request in demo.requests if endpoint(request) == "address"]
    assert len(addresses) == len(ranges) == 3
    assert "sends too slowly" in completed.err
    assert "going on with a new address" in completed.err


@pytest.mark.usefixtures("short_period")
def test_a_download_that_trickles_again_and_again_fails_the_run(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), trickle(), times=None))
    completed = run_against(demo)
    assert_failed_with(completed, "sends too slowly", "min_download_rate", "1,000", RUN_AGAIN)
    assert len(demo.storage_requests) == 5
    assert "Signature" not in completed.err
    inject(demo)
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1


@pytest.mark.usefixtures("short_period")
def test_without_a_floor_a_slow_download_is_waited_for(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), trickle(1000, 0.1)))
    assert_loaded(run_against(demo, min_download_rate=0))
    assert len(demo.storage_requests) == 1


@pytest.mark.usefixtures("short_period")
def test_an_answer_that_trickles_is_asked_for_again(demo: DemoServer) -> None:
    faults = [Fault(at(where), trickle(2)) for where in ("list", "row limit", "create", "status")]
    inject(demo, *faults)
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1
