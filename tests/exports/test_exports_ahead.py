"""Exports that are asked for before it is their turn."""

from collections.abc import Callable

import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer, Request, Traffic
from coveo_source.demo.faults import Fault, at, inject, server_error
from tests.support.assertions import TRAFFIC, assert_loaded, run_against, speed_up_retries
from tests.support.cli_user import connection_settings, create_requests, load, open_pipeline

Serve = Callable[..., DemoServer]


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def most_at_once(server: DemoServer) -> Callable[[], int]:
    """Notes how many exports there are when a file is fetched."""
    seen = [0]

    def note(request: Request) -> None:
        if request.host == "storage":
            seen.append(len(server.exports))

    server.intercept = note
    return lambda: max(seen)


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_so_many_exports_are_built_beside_the_one_that_is_loaded(serve: Serve, ahead: int) -> None:
    server = serve(TRAFFIC)
    most = most_at_once(server)
    load(server, from_date="2026-03-08", window_days=1, exports_ahead=ahead)
    assert most() == ahead + 1
    starts = [query["from"] for query in create_requests(server)]
    assert len(starts) == 4
    assert server.exports == []


@pytest.mark.slow
def test_each_window_is_asked_for_once(serve: Serve) -> None:
    server = serve(TRAFFIC)
    load(server, from_date="2026-03-08", window_days=1)
    starts = [tuple(query["from"]) for query in create_requests(server)]
    assert len(set(starts)) == len(starts) == 4


@pytest.mark.slow
def test_where_the_quota_is_full_the_loading_goes_on_with_what_there_is(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=2)
    most = most_at_once(server)
    assert_loaded(run_against(server, "--window-days", "0.5", exports_ahead=5))
    assert most() == 2
    assert server.exports == []


@pytest.mark.slow
def test_what_fails_ahead_is_asked_for_again_when_it_is_its_turn(serve: Serve) -> None:
    server = serve(TRAFFIC)
    # the first creation succeeds, all tries of the second fail, as do those of its own turn's first
    inject(server, Fault(at("create"), server_error, times=2, skip=1))
    assert_loaded(run_against(server, "--window-days", "0.5"))
    assert server.exports == []


def test_one_load_of_several_windows_asks_ahead_too(serve: Serve) -> None:
    server = serve(Traffic(seed=3, visits_per_day=5))
    most = most_at_once(server)
    source = coveo_source(
        from_date="2026-03-08", window_days=1, exports_ahead=1, **connection_settings(server)
    )
    open_pipeline().run(source)
    # they go when the whole load is done
    assert most() == len(create_requests(server)) == 4
    assert server.exports == []
