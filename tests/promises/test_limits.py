"""What the service sets bounds to: rows in an export, kept exports, the length of a range."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import (
    Fault,
    Then,
    answer,
    at,
    becomes,
    inject,
    refuse,
    rewritten,
    server_error,
)
from tests.support.assertions import (
    LOADED_TABLES,
    TRAFFIC,
    assert_failed_with,
    assert_loaded,
    clean_run_tables,
    run_against,
    speed_up_retries,
)
from tests.support.cli_user import create_requests, rows

Serve = Callable[..., DemoServer]

ROWS = 236
"""How many rows the window of these tests has, all tables together."""


BUSY = Traffic(seed=3, visits_per_day=2_000)
MINUTES = ("--from", "2026-03-11T10:25:00Z", "--to", "2026-03-11T10:29:00Z")
CROWDED = "2026-03-11T10:27:00Z"
"""The minute of these that has the most rows begins here."""


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def estimated(factor: float) -> Then:
    """Estimates that are wrong by this factor."""
    return rewritten(
        lambda given: {
            "estimates": {table: int(n * factor) for table, n in given["estimates"].items()}
        }
    )


def windows(server: DemoServer) -> list[tuple[datetime, datetime]]:
    """The windows of all exports that were asked for, oldest first."""
    asked = [(query["from"][0], query["to"][0]) for query in create_requests(server)]
    one = timedelta(milliseconds=1)
    return sorted((instant(start), instant(last) + one) for start, last in asked)


def instant(text: str) -> datetime:
    """A time as the API writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def assert_tiled(parts: list[tuple[datetime, datetime]]) -> None:
    """Windows that leave nothing out and load nothing twice."""
    assert all(one[1] == other[0] for one, other in pairwise(parts)), parts


# --- rows ---


def test_the_rows_of_these_tests_are_as_many_as_they_say() -> None:
    assert sum(map(len, clean_run_tables().values())) == ROWS


def test_a_window_of_too_many_rows_is_halved_before_anything_is_created(serve: Serve) -> None:
    server = serve(TRAFFIC, row_limit=ROWS * 2 // 3)
    assert_loaded(run_against(server))
    assert len(windows(server)) > 1
    assert_tiled(windows(server))
    assert server.exports == []


def test_an_export_that_fails_for_its_size_is_halved_until_it_fits(serve: Serve) -> None:
    server = serve(TRAFFIC, row_limit=ROWS // 2)
    inject(server, Fault(at("estimate"), estimated(0.1), times=None))
    assert_loaded(run_against(server))
    whole, *parts = create_requests(server)
    assert len(parts) > 1
    assert all(part["from"] >= whole["from"] and part["to"] <= whole["to"] for part in parts)
    assert server.exports == []


def test_a_failure_that_passes_costs_a_halving_and_no_rows(demo: DemoServer) -> None:
    inject(demo, Fault(at("status"), becomes("FAILED")))
    assert_loaded(run_against(demo))
    whole, *halves = [(query["from"], query["to"]) for query in create_requests(demo)]
    assert [halves[0][0], halves[1][1]] == list(whole)
    assert len(halves) == 2
    assert demo.exports == []


def test_a_run_that_halves_and_is_broken_goes_on_with_the_halves(demo: DemoServer) -> None:
    revoked = refuse(401, "INVALID_TOKEN", "The access token is not valid.")
    inject(
        demo,
        Fault(at("status"), becomes("FAILED")),
        Fault(at("create"), revoked, times=None, skip=2),
    )
    assert_failed_with(run_against(demo), "HTTP 401")
    assert 0 < len(rows("clicks")) < len(clean_run_tables()["clicks"])
    inject(demo)
    assert_loaded(run_against(demo))
    assert demo.exports == []


def test_the_smallest_window_that_fails_is_named(serve: Serve) -> None:
    crowded = instant(CROWDED)

    def fails_if_crowded(server: DemoServer, request: Any) -> Any:
        export = next(export for export in server.exports if export.id in request.path)
        too_much = export.order.start <= crowded < export.order.end
        return becomes("FAILED")(server, request) if too_much else server.answer(request)

    server = serve(BUSY)
    inject(server, Fault(at("status"), fails_if_crowded, times=None))
    ended = run_against(server, *MINUTES, exports_ahead=0)
    assert_failed_with(ended, "2026-03-11 10:27 to 2026-03-11 10:28", "un again")
    # all before it is loaded, and nothing after it
    before = clean_run_tables(BUSY, from_date=MINUTES[1], to_date=CROWDED)
    assert {table: rows(table) for table in LOADED_TABLES} == before
    inject(server)
    whole = clean_run_tables(BUSY, from_date=MINUTES[1], to_date=MINUTES[3])
    assert_loaded(run_against(server, *MINUTES), whole)
    assert server.exports == []


def test_the_smallest_window_of_too_many_rows_is_named_with_their_number(serve: Serve) -> None:
    server = serve(BUSY, row_limit=30)
    ended = run_against(server, *MINUTES)
    assert_failed_with(
        ended, "2026-03-11 10:27 to 2026-03-11 10:28", "34 rows", "is 30", "un again"
    )
    before = clean_run_tables(BUSY, from_date=MINUTES[1], to_date=CROWDED)
    assert {table: rows(table) for table in LOADED_TABLES} == before


def test_an_estimate_that_is_too_high_halves_needlessly_and_loads_the_same(serve: Serve) -> None:
    server = serve(TRAFFIC, row_limit=ROWS * 2)
    inject(server, Fault(at("estimate"), estimated(3), times=None))
    assert_loaded(run_against(server))
    assert len(windows(server)) > 1
    assert_tiled(windows(server))


@pytest.mark.parametrize(
    "then",
    [
        answer(200, b"{}", "application/json"),
        answer(200, b'{"exportRowCountLimit": null}', "application/json"),
    ],
    ids=["nothing", "null"],
)
def test_there_may_be_no_row_limit(demo: DemoServer, then: Then) -> None:
    inject(demo, Fault(at("row limit"), then, times=None))
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1


def test_a_row_limit_of_0_is_told_at_once(serve: Serve) -> None:
    server = serve(TRAFFIC, row_limit=0)
    assert_failed_with(run_against(server), "row limit", " 0")
    assert len(server.requests) < 20
    assert create_requests(server) == []


# --- kept exports ---


def by_others(server: DemoServer, count: int = 1) -> list[str]:
    """Exports that somebody makes in Coveo's console."""
    query = {"from": "2026-03-01T00:00:00.000Z", "to": "2026-03-01T23:59:59.999Z", "d": "weekly"}
    made = [
        requests.post(
            f"{server.base_url}/rest/ua/v15/exports",
            params=query,
            headers={"Authorization": f"Bearer {server.api_key}"},
            timeout=5,
        )
        for _ in range(count)
    ]
    server.requests.clear()
    return [str(answer.json()["id"]) for answer in made]


def test_one_export_at_a_time_is_enough(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=1, row_limit=ROWS * 2 // 3)
    assert_loaded(run_against(server))
    assert len(create_requests(server)) > 1


def test_what_an_earlier_run_left_is_deleted_before_anything_is_created(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=1)
    inject(server, Fault(at("delete"), server_error, times=None))
    assert_loaded(run_against(server))
    assert len(server.exports) == 1
    inject(server)
    assert_loaded(run_against(server, "--full-refresh"))
    assert server.exports == []


def test_an_export_of_ours_that_is_done_makes_room(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=1, row_limit=ROWS * 2 // 3)
    # the first export resists to be deleted after its load: one try and one retry
    inject(server, Fault(at("delete"), server_error, times=2))
    assert_loaded(run_against(server))
    assert server.exports == []


def test_a_quota_that_others_fill_is_told_with_what_fills_it(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=2)
    theirs = by_others(server, 2)
    ended = run_against(server)
    assert ended.code == 1
    assert "Traceback" not in ended.err
    for text in (*theirs, "2026-03-01", "available", "demo@example.com", "un again"):
        assert text in ended.err, ended.err
    assert [export.id for export in server.exports] == theirs


def test_what_others_keep_is_never_deleted(serve: Serve) -> None:
    server = serve(TRAFFIC, quota=2)
    theirs = by_others(server, 2)
    assert run_against(server).code == 1
    assert [export.id for export in server.exports] == theirs
    server._ledger.delete(theirs.pop())
    assert_loaded(run_against(server))
    assert [export.id for export in server.exports] == theirs


# --- ranges ---


def test_a_range_of_more_than_a_year_is_tiled(serve: Serve) -> None:
    quiet = Traffic(seed=3, visits_per_day=1)
    server = serve(quiet)
    ended = run_against(
        server, "--from", "2025-01-20", "--window-days", "365", "--tables", "clicks"
    )
    assert ended.code == 0, ended.err
    asked = windows(server)
    assert asked[0][0] == datetime.fromisoformat("2025-01-20T00:00:00+00:00")
    assert asked[-1][1] == datetime.fromisoformat("2026-03-11T11:45:00+00:00")
    assert_tiled(asked)
    assert max(end - start for start, end in asked) == timedelta(days=365)
    assert len(rows("clicks")) == quiet.counts(asked[0][0], asked[-1][1])["clicks"] > 0
