"""Exports that are requested before they are needed."""

from collections.abc import Callable

import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer, Request, Traffic
from coveo_source.demo.faults import Fault, at, inject, server_error
from tests.support.assertions import TRAFFIC, assert_loaded, run_against
from tests.support.cases import some_of
from tests.support.cli_user import connection_settings, create_requests, load, open_pipeline

Serve = Callable[..., DemoServer]

pytestmark = [pytest.mark.usefixtures("hurried"), pytest.mark.slow]


def most_at_once(server: DemoServer) -> Callable[[], int]:
    """Returns a function that returns the most exports there were when a file was fetched."""
    counts = [0]

    def count(request: Request) -> None:
        if request.host == "storage":
            counts.append(len(server.exports))

    server.intercept = count
    return lambda: max(counts)


@pytest.mark.parametrize("ahead", some_of([0, 1, 3], 3))
def test_exports_ahead_is_the_number_of_exports_built_while_one_is_loaded(
    serve: Serve, ahead: int
) -> None:
    server = serve(TRAFFIC)
    most = most_at_once(server)
    load(server, from_date="2026-03-08", window_days=1, exports_ahead=ahead)
    assert most() == ahead + 1
    starts = [query["from"] for query in create_requests(server)]
    assert len(starts) == 4
    assert server.exports == []


def test_each_window_is_exported_once(serve: Serve) -> None:
    server = serve(TRAFFIC)
    load(server, from_date="2026-03-08", window_days=1)
    starts = [tuple(query["from"]) for query in create_requests(server)]
    assert len(set(starts)) == len(starts) == 4


def test_a_full_quota_limits_the_exports_ahead_and_the_run_succeeds(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=2)
    most = most_at_once(server)
    assert_loaded(run_against(server, "--window-days", "0.5", exports_ahead=5))
    assert most() == 2
    assert server.exports == []


def test_an_early_request_that_fails_is_repeated_when_the_export_is_needed(serve: Serve) -> None:
    server = serve(TRAFFIC)
    # the first creation succeeds; both tries of the second, which comes early, fail
    inject(server, Fault(at("create"), server_error, times=2, skip=1))
    assert_loaded(run_against(server, "--window-days", "0.5"))
    assert server.exports == []


def test_a_single_load_of_several_windows_requests_exports_early_too(serve: Serve) -> None:
    server = serve(Traffic(seed=3, visits_per_day=5))
    most = most_at_once(server)
    settings = {"window_days": 1, "exports_ahead": 1, **connection_settings(server)}
    source = coveo_source(from_date="2026-03-08", **settings)
    open_pipeline().run(source)
    # none is deleted before the whole load is done
    assert most() == len(create_requests(server)) == 4
    assert server.exports == []
