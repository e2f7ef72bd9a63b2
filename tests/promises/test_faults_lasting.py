"""Faults that last: the run fails with one message, and the next run continues."""

from collections.abc import Callable
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import (
    Endpoint,
    Fault,
    Then,
    answer,
    at,
    expired_link,
    hang_up,
    inject,
    refuse,
    reported,
    rewritten,
    server_error,
    unavailable,
)
from tests.support.assertions import (
    FROM_DATE,
    RUN_AGAIN,
    TRAFFIC,
    WINDOW,
    assert_failed_with,
    assert_loaded,
    clean_run_tables,
    run_against,
)
from tests.support.cases import some_of
from tests.support.cli_user import create_requests, rows

Serve = Callable[..., DemoServer]

WEB_PAGE = answer(200, b"<html>Please log in</html>")
INVALID_JSON = answer(200, b"{not json", "application/json")
REVOKED = refuse(401, "INVALID_TOKEN", "The access token is not valid.")


@pytest.mark.parametrize(
    ("where", "then", "reason"),
    [
        pytest.param("list", server_error, "HTTP 500", id="500"),
        pytest.param("list", WEB_PAGE, "not JSON", id="web page"),
        pytest.param("estimate", INVALID_JSON, "not JSON", id="invalid JSON"),
        pytest.param("row limit", hang_up, "No answer from", id="connection reset"),
    ],
)
def test_a_fault_before_the_first_export_fails_the_run(
    demo: DemoServer, where: Endpoint, then: Then, reason: str
) -> None:
    inject(demo, Fault(at(where), then, times=None))
    assert_failed_with(run_against(demo), reason, RUN_AGAIN)
    assert create_requests(demo) == []
    inject(demo)
    assert_loaded(run_against(demo))


LASTING: dict[str, tuple[Endpoint, Then, tuple[str, ...]]] = {
    "500 on create": ("create", server_error, ("HTTP 500", RUN_AGAIN)),
    "web page on create": ("create", WEB_PAGE, ("not JSON", RUN_AGAIN)),
    "503 on status": ("status", unavailable, ("HTTP 503", RUN_AGAIN)),
    "invalid JSON on status": ("status", INVALID_JSON, ("not JSON", RUN_AGAIN)),
    "unknown status": ("status", reported("PAUSED"), ("'PAUSED'", "newer version")),
    "download reset": ("file", hang_up, ("No answer from", RUN_AGAIN)),
    "download refused": ("file", expired_link, ("storage", RUN_AGAIN)),
    "key refused on create": (
        "create",
        refuse(403, "ACCESS_DENIED", "Access denied."),
        ("HTTP 403", "api_key"),
    ),
    "key revoked before status": ("status", REVOKED, ("HTTP 401", "api_key")),
    "key revoked before download": ("address", REVOKED, ("HTTP 401", "api_key")),
}


@pytest.mark.parametrize(
    "fault",
    some_of(LASTING, "500 on create", "key revoked before download", "download reset"),
)
def test_after_a_lasting_fault_the_next_run_continues(demo: DemoServer, fault: str) -> None:
    where, then, message = LASTING[fault]
    inject(demo, Fault(at(where), then, times=None))
    assert_failed_with(run_against(demo), WINDOW, *message)
    inject(demo)
    assert_loaded(run_against(demo))
    assert len({tuple(query["from"]) for query in create_requests(demo)}) == 1
    assert demo.exports == []


@pytest.mark.slow
def test_windows_loaded_before_a_fault_stay_loaded(demo: DemoServer) -> None:
    fault = Fault(at("create"), REVOKED, times=None, skip=1)
    inject(demo, fault)
    completed = run_against(demo, "--window-days", "1", exports_ahead=0)
    assert_failed_with(completed, "HTTP 401", "api_key")
    assert 0 < len(rows("clicks")) < len(clean_run_tables()["clicks"])
    assert fault.seen == 2
    inject(demo)
    assert_loaded(run_against(demo, "--window-days", "1", lookback_days=0))
    starts = [query["from"] for query in create_requests(demo)]
    assert starts.count([f"{FROM_DATE}T00:00:00.000Z"]) == 1


def test_an_export_that_is_built_too_slowly_is_used_by_the_next_run(serve: Serve) -> None:
    server = serve(TRAFFIC, export_seconds=2)
    completed = run_against(server, poll_timeout_minutes=0.01)
    export_id = server.exports[0].id
    assert_failed_with(completed, "still being built", WINDOW, export_id, "poll_timeout_minutes")
    assert_loaded(run_against(server))
    assert len(create_requests(server)) == 1


@pytest.mark.parametrize("change", ["no status", "a list"])
def test_a_malformed_export_fails_the_run(demo: DemoServer, change: str) -> None:
    changes: dict[str, Callable[[dict[str, Any]], Any]] = {
        "no status": lambda export: {name: export[name] for name in export if name != "status"},
        "a list": lambda export: [export],
    }
    inject(demo, Fault(at("status"), rewritten(changes[change]), times=None))
    assert_failed_with(run_against(demo), RUN_AGAIN)
    inject(demo)
    assert_loaded(run_against(demo))
