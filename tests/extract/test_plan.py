"""The range and the windows of a plan, and the row limit."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest

from coveo_source.demo import DemoServer, Traffic
from coveo_source.extract.plan import make_plan
from coveo_source.extract.state import PipelineState
from tests.extract.plans import (
    ALL_TABLES,
    DAY,
    LOADED,
    MINUTE,
    OWNER,
    SETTLED,
    Serve,
    client_of,
    day,
    notices_of,
    parts_of,
    plan_of,
    settings_of,
    state,
    windows_of,
    write_requests,
)


def test_a_first_run_without_a_start_begins_30_days_back_with_a_notice(demo: DemoServer) -> None:
    plan = plan_of(demo)
    [(start, end)] = windows_of(plan)
    assert end == SETTLED
    assert start == datetime(2026, 2, 10, tzinfo=timezone.utc)
    assert start.time() == datetime.min.time()
    assert end - start <= 30 * DAY
    assert "30 days back" in notices_of(plan)
    assert "2026-02-10" in notices_of(plan)
    assert "--from" in notices_of(plan)


def test_a_first_run_begins_at_a_given_start_without_a_notice(demo: DemoServer) -> None:
    plan = plan_of(demo, from_date="2026-03-01")
    assert windows_of(plan) == [(day(1), SETTLED)]
    assert parts_of(plan)[0].tables == ALL_TABLES
    assert plan.notices == []


def test_windows_are_as_long_as_the_setting_says(demo: DemoServer) -> None:
    plan = plan_of(demo, from_date="2026-03-01", window_days=4)
    assert windows_of(plan) == [(day(1), day(5)), (day(5), day(9)), (day(9), SETTLED)]


@pytest.mark.parametrize(("settle", "end"), [(0, day(11, 12)), (30, SETTLED - 15 * MINUTE)])
def test_the_range_ends_a_settle_margin_before_now(
    demo: DemoServer, settle: float, end: datetime
) -> None:
    [(_, planned_end)] = windows_of(plan_of(demo, from_date="2026-03-01", settle_minutes=settle))
    assert planned_end == end


def test_now_is_the_server_time_in_whole_minutes(serve: Serve, clock: Any) -> None:
    clock.advance(days=400, seconds=29)
    [(_, end)] = windows_of(plan_of(serve(), from_date=clock().date()))
    assert end == SETTLED + 400 * DAY


def test_a_range_that_has_not_settled_is_waited_for(demo: DemoServer) -> None:
    plan = plan_of(demo, from_date="2026-03-10", to_date="2026-03-11T11:50:00Z")
    assert windows_of(plan) == [(day(10), SETTLED + 5 * MINUTE)]
    assert plan.settles_at == SETTLED + 20 * MINUTE


def test_an_end_without_a_start_that_has_not_settled_is_brought_forward_with_a_notice(
    demo: DemoServer,
) -> None:
    plan = plan_of(demo, LOADED, to_date="2026-03-11T11:50:00Z")
    assert windows_of(plan) == [(day(8), SETTLED)]
    assert plan.settles_at is None
    assert "2026-03-11 11:45 and not at 2026-03-11 11:50" in notices_of(plan)


def test_an_end_that_has_settled_is_kept(demo: DemoServer) -> None:
    plan = plan_of(demo, from_date="2026-03-10", to_date="2026-03-11T11:45:00Z")
    assert windows_of(plan) == [(day(10), SETTLED)]
    assert plan.settles_at is None
    assert plan.notices == []


def test_a_range_in_the_future_has_no_windows(demo: DemoServer) -> None:
    assert plan_of(demo, from_date="2026-04-01", to_date="2026-04-02").steps == []
    assert plan_of(demo, from_date="2026-04-01").steps == []


def test_the_next_run_begins_a_look_back_before_the_cursors(demo: DemoServer) -> None:
    plan = plan_of(demo, LOADED)
    assert windows_of(plan) == [(day(8), SETTLED)]
    assert parts_of(plan)[0].tables == ALL_TABLES
    assert plan.notices == []
    assert windows_of(plan_of(demo, LOADED, lookback_days=0)) == [(day(9), SETTLED)]


def test_a_look_back_does_not_go_back_beyond_the_history(demo: DemoServer) -> None:
    assert windows_of(plan_of(demo, LOADED, lookback_days=300)) == [(day(1), SETTLED)]


def test_cursors_take_precedence_over_a_start(demo: DemoServer) -> None:
    plan = plan_of(demo, LOADED, from_date="2026-01-01")
    assert windows_of(plan) == [(day(8), SETTLED)]
    # a script has a constant start, and is not to be told at every run
    assert plan.notices == []


def test_an_end_without_a_start_ends_a_run_that_continues_from_its_cursors(
    demo: DemoServer,
) -> None:
    assert windows_of(plan_of(demo, LOADED, to_date="2026-03-10")) == [(day(8), day(10))]


def test_a_backfill_ignores_the_cursors(demo: DemoServer) -> None:
    plan = plan_of(demo, LOADED, from_date="2026-02-01", to_date="2026-03-10")
    february = datetime(2026, 2, 1, tzinfo=timezone.utc)
    assert windows_of(plan) == [(february, february + 30 * DAY), (february + 30 * DAY, day(10))]
    assert plan.notices == []


def test_if_everything_is_loaded_only_the_exports_are_listed(demo: DemoServer) -> None:
    stored = state(dict.fromkeys(ALL_TABLES, SETTLED), [(day(1), SETTLED)])
    plan = plan_of(demo, stored, lookback_days=0)
    assert plan.steps == []
    assert [request.path for request in demo.requests] == ["/rest/ua/v15/exports"]


def test_only_the_requested_tables_are_due(demo: DemoServer) -> None:
    plan = plan_of(demo, LOADED, ["groups", "clicks"])
    assert [part.tables for part in parts_of(plan)] == [("clicks", "groups")]


def test_windows_of_an_odd_length_leave_no_gap(demo: DemoServer) -> None:
    settings = settings_of(demo, from_date="2026-03-01")
    odd = replace(settings, window=timedelta(days=1, minutes=7, seconds=13))
    plan = make_plan(odd, PipelineState({}), client_of(demo), OWNER, ALL_TABLES)
    assert windows_of(plan)[0][0] == day(1)
    assert windows_of(plan)[-1][1] == SETTLED
    assert all(end == start for (_, end), (start, _) in pairwise(windows_of(plan)))


def test_each_window_has_an_estimate(serve: Serve, clock: Any) -> None:
    server = serve()
    plan = plan_of(server, from_date="2026-03-01", to_date="2026-03-02")
    counts = server.traffic.counts(day(1), day(2), arrived_by=clock())
    assert [step.estimate for step in plan.steps] == [sum(counts.values())]
    clicks = plan_of(server, None, ["clicks"], from_date="2026-03-01", to_date="2026-03-02")
    assert [step.estimate for step in clicks.steps] == [counts["clicks"]]
    assert plan.row_limit == 1_000_000


def test_filters_reduce_the_estimate(demo: DemoServer) -> None:
    span: dict[str, Any] = {"from_date": "2026-03-01", "to_date": "2026-03-04"}
    [all_rows] = plan_of(demo, **span).steps
    [filtered] = plan_of(demo, filters="(deviceCategory=='Mobile')", **span).steps
    assert all_rows.estimate is not None
    assert filtered.estimate is not None
    assert filtered.estimate < all_rows.estimate


def test_a_window_above_the_row_limit_is_halved_before_anything_is_created(serve: Serve) -> None:
    server = serve(row_limit=300)
    plan = plan_of(server, from_date="2026-03-01", to_date="2026-03-09")
    assert len(plan.steps) > 2
    assert windows_of(plan)[0][0] == day(1)
    assert windows_of(plan)[-1][1] == day(9)
    assert all(end == start for (_, end), (start, _) in pairwise(windows_of(plan)))
    assert all(step.estimate is not None and step.estimate <= 300 for step in plan.steps)
    assert plan.row_limit == 300
    assert write_requests(server) == []
    whole = plan_of(serve(), from_date="2026-03-01", to_date="2026-03-09")
    assert sum(step.estimate or 0 for step in plan.steps) == whole.steps[0].estimate


def test_the_smallest_window_is_planned_whatever_its_estimate(serve: Serve) -> None:
    server = serve(Traffic(visits_per_day=20_000), row_limit=1)
    plan = plan_of(server, from_date="2026-03-02T12:00:00Z", to_date="2026-03-02T12:04:00Z")
    assert [end - start for start, end in windows_of(plan)] == [MINUTE] * 4
    assert any((step.estimate or 0) > 1 for step in plan.steps)
