"""Coveo's limits on an export: its rows and its days."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from coveo_source.demo import DemoServer, Request, Response, Traffic
from coveo_source.demo.faults import (
    Fault,
    Then,
    answer,
    at,
    becomes,
    fails,
    inject,
    refuse,
    rewritten,
)
from tests.support.assertions import (
    LOADED_TABLES,
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
WindowBounds = tuple[datetime, datetime]

ROWS = 236
"""Rows in the default window, all tables together."""

BUSY_TRAFFIC = Traffic(seed=3, visits_per_day=2_000)
FOUR_MINUTES = ("--from", "2026-03-11T10:25:00Z", "--to", "2026-03-11T10:29:00Z")
BUSIEST_MINUTE = "2026-03-11T10:27:00Z"
"""The start of the one of these minutes that has the most rows."""


def scaled_estimates(factor: float) -> Then:
    """Multiplies all estimates by a factor."""
    return rewritten(
        lambda content: {
            "estimates": {table: int(n * factor) for table, n in content["estimates"].items()}
        }
    )


def requested_windows(server: DemoServer) -> list[WindowBounds]:
    """Returns start and end of all exports that runs asked for, in order."""
    bounds = [(query["from"][0], query["to"][0]) for query in create_requests(server)]
    millisecond = timedelta(milliseconds=1)
    return sorted((parse_time(start), parse_time(last) + millisecond) for start, last in bounds)


def parse_time(text: str) -> datetime:
    """Reads a time as the API writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def assert_contiguous(windows: list[WindowBounds]) -> None:
    """Checks that there are no gaps and no overlaps."""
    assert all(window[1] == following[0] for window, following in pairwise(windows)), windows


def busy_tables(until: str) -> dict[str, Any]:
    """Returns what a clean run loads of the four minutes up to a time."""
    return clean_run_tables(BUSY_TRAFFIC, from_date=FOUR_MINUTES[1], to_date=until)


def test_the_default_window_has_the_number_of_rows_assumed_here() -> None:
    assert sum(map(len, clean_run_tables().values())) == ROWS


def test_a_window_over_the_row_limit_is_halved_before_any_export_is_created(serve: Serve) -> None:
    server = serve(TRAFFIC, row_limit=ROWS * 2 // 3)
    assert_loaded(run_against(server))
    assert len(requested_windows(server)) > 1
    assert_contiguous(requested_windows(server))
    assert server.exports == []


@pytest.mark.slow
def test_an_export_that_fails_for_its_size_is_halved_until_it_fits(serve: Serve) -> None:
    server = serve(TRAFFIC, row_limit=ROWS * 2 // 3)
    # the estimate is a little below the limit, and wrong
    inject(server, Fault(at("estimate"), scaled_estimates(0.6), times=None))
    completed = run_against(server)
    assert_loaded(completed)
    assert "trying the window in two halves" in completed.err
    whole, *parts = create_requests(server)
    assert len(parts) > 1
    assert all(part["from"] >= whole["from"] and part["to"] <= whole["to"] for part in parts)
    assert server.exports == []


TOO_LARGE = "The export has too many rows."
UNKNOWN: dict[str, tuple[Fault, ...]] = {
    "Coveo names the size": (Fault(at("status"), fails(TOO_LARGE)),),
    "no limit": (
        Fault(at("status"), becomes("FAILED")),
        Fault(at("row limit"), answer(200, b"{}", "application/json"), times=None),
    ),
    "no estimate": (
        Fault(at("status"), becomes("FAILED")),
        Fault(at("estimate"), answer(400), times=None, skip=1),
    ),
}


@pytest.mark.parametrize("kind", some_of(UNKNOWN, "Coveo names the size", "no estimate"))
def test_an_export_that_may_have_failed_for_its_size_is_halved(demo: DemoServer, kind: str) -> None:
    inject(demo, *UNKNOWN[kind])
    assert_loaded(run_against(demo))
    whole, *halves = [(query["from"], query["to"]) for query in create_requests(demo)]
    assert [halves[0][0], halves[1][1]] == list(whole)
    assert len(halves) == 2
    assert demo.exports == []


@pytest.mark.parametrize("message", [None, "Internal error 17"])
def test_an_export_that_failed_for_another_reason_is_tried_once_more_as_a_whole(
    demo: DemoServer, message: str | None
) -> None:
    inject(demo, Fault(at("status"), fails(message)))
    completed = run_against(demo)
    assert_loaded(completed)
    assert f"the export of {WINDOW}; trying it once more" in completed.err
    first, second = create_requests(demo)
    assert first == second
    assert demo.exports == []


def test_an_export_that_always_fails_for_another_reason_is_told(demo: DemoServer) -> None:
    inject(demo, Fault(at("status"), fails("Internal error 17"), times=None))
    completed = run_against(demo)
    numbers = (f"{ROWS} rows", "the row limit is 1,000,000")
    ways_out = ("--tables", "--window-days", "--from and --to", RUN_AGAIN)
    assert_failed_with(completed, WINDOW, "'Internal error 17'", *numbers, *ways_out)
    assert len(create_requests(demo)) == 2
    assert demo.exports == []
    inject(demo)
    assert_loaded(run_against(demo))


@pytest.mark.slow
def test_a_run_interrupted_between_two_halves_is_completed_by_the_next(demo: DemoServer) -> None:
    revoked = refuse(401, "INVALID_TOKEN", "The access token is not valid.")
    inject(
        demo,
        Fault(at("status"), fails(TOO_LARGE)),
        Fault(at("create"), revoked, times=None, skip=2),
    )
    assert_failed_with(run_against(demo), "HTTP 401")
    assert 0 < len(rows("clicks")) < len(clean_run_tables()["clicks"])
    inject(demo)
    assert_loaded(run_against(demo))
    assert demo.exports == []


@pytest.mark.slow
def test_the_smallest_window_that_fails_is_named(serve: Serve) -> None:
    busiest, too_large = parse_time(BUSIEST_MINUTE), fails(TOO_LARGE)

    def fail_if_busiest(server: DemoServer, request: Request) -> Response:
        export = next(export for export in server.exports if export.id in request.path)
        is_struck = export.order.start <= busiest < export.order.end
        return too_large(server, request) if is_struck else server.answer(request)

    server = serve(BUSY_TRAFFIC)
    inject(server, Fault(at("status"), fail_if_busiest, times=None))
    completed = run_against(server, *FOUR_MINUTES, exports_ahead=0)
    assert_failed_with(completed, "2026-03-11 10:27 to 2026-03-11 10:28", RUN_AGAIN)
    # everything before it is loaded, and nothing after it
    assert {table: rows(table) for table in LOADED_TABLES} == busy_tables(BUSIEST_MINUTE)
    inject(server)
    assert_loaded(run_against(server, *FOUR_MINUTES), busy_tables(FOUR_MINUTES[3]))
    assert server.exports == []


@pytest.mark.slow
def test_the_smallest_window_over_the_row_limit_is_named_with_its_rows(serve: Serve) -> None:
    server = serve(BUSY_TRAFFIC, row_limit=30)
    completed = run_against(server, *FOUR_MINUTES)
    window = "2026-03-11 10:27 to 2026-03-11 10:28"
    assert_failed_with(completed, window, "34 rows", "is 30", RUN_AGAIN)
    assert {table: rows(table) for table in LOADED_TABLES} == busy_tables(BUSIEST_MINUTE)


@pytest.mark.slow
def test_an_estimate_that_is_too_high_costs_exports_but_no_rows(serve: Serve) -> None:
    server = serve(TRAFFIC, row_limit=ROWS * 2)
    inject(server, Fault(at("estimate"), scaled_estimates(3), times=None))
    assert_loaded(run_against(server))
    assert len(requested_windows(server)) > 1
    assert_contiguous(requested_windows(server))


@pytest.mark.parametrize(
    "then",
    [
        answer(200, b"{}", "application/json"),
        answer(200, b'{"exportRowCountLimit": null}', "application/json"),
    ],
    ids=["missing", "null"],
)
def test_an_organization_may_have_no_row_limit(demo: DemoServer, then: Then) -> None:
    inject(demo, Fault(at("row limit"), then, times=None))
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1


def test_a_row_limit_of_0_is_reported_at_once(serve: Serve) -> None:
    server = serve(TRAFFIC, row_limit=0)
    assert_failed_with(run_against(server), "row limit", " 0")
    assert len(server.requests) < 20
    assert create_requests(server) == []


@pytest.mark.slow
def test_a_range_of_more_than_a_year_is_cut_into_windows(serve: Serve) -> None:
    traffic = Traffic(seed=3, visits_per_day=1)
    server = serve(traffic)
    start = ("--from", "2025-01-20", "--window-days", "365", "--tables", "clicks")
    completed = run_against(server, *start)
    assert completed.code == 0, completed.err
    windows = requested_windows(server)
    assert windows[0][0] == datetime.fromisoformat("2025-01-20T00:00:00+00:00")
    assert windows[-1][1] == datetime.fromisoformat("2026-03-11T11:45:00+00:00")
    assert_contiguous(windows)
    assert max(end - start for start, end in windows) == timedelta(days=365)
    expected = traffic.counts(windows[0][0], windows[-1][1])["clicks"]
    assert len(rows("clicks")) == expected > 0
