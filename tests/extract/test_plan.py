from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest

from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer, Traffic
from coveo_source.exceptions import SettingError
from coveo_source.exports.job import ExportOwner, ExportRequest
from coveo_source.exports.window import Window, WindowTables
from coveo_source.extract.plan import Plan, make_plan
from coveo_source.extract.state import PipelineState
from coveo_source.settings import CoveoConfiguration, Settings, check_settings
from coveo_source.tables import TABLES

ALL = tuple(TABLES)
LEDGER = ExportOwner("coveo", "coveo_ua")
SETTLED = datetime(2026, 3, 11, 11, 45, tzinfo=timezone.utc)
"""A quarter of an hour before the clock of the tests' servers."""
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

Serve = Callable[..., DemoServer]


def day(number: int, hour: int = 0) -> datetime:
    """A time in March 2026."""
    return datetime(2026, 3, number, hour, tzinfo=timezone.utc)


def state(
    cursors: dict[str, datetime] | None = None, history: Iterable[tuple[datetime, datetime]] = ()
) -> dict[str, Any]:
    """The source's state as dlt keeps it."""
    return {
        "resources": {
            table: {"incremental": {"datetime": {"last_value": cursor}}}
            for table, cursor in (cursors or {}).items()
        },
        "history": [[start.isoformat(), end.isoformat()] for start, end in history],
    }


LOADED = state(dict.fromkeys(ALL, day(9)), [(day(1), day(9))])


def settings_of(server: DemoServer, **values: Any) -> Settings:
    configuration = CoveoConfiguration()
    configuration.api_key = server.api_key
    configuration.org = server.org
    configuration.base_url = server.base_url
    for name, value in values.items():
        assert hasattr(configuration, name), name
        setattr(configuration, name, value)
    return check_settings(configuration)


def client_of(server: DemoServer) -> CoveoClient:
    return CoveoClient(server.base_url, server.org, server.api_key)


def plan_of(
    server: DemoServer,
    memory: dict[str, Any] | None = None,
    tables: Iterable[str] = ALL,
    **values: Any,
) -> Plan:
    before = repr(memory)
    plan = make_plan(
        settings_of(server, **values),
        PipelineState(memory or {}),
        client_of(server),
        LEDGER,
        tables,
    )
    assert repr(memory) == before
    return plan


def parts_of(plan: Plan) -> list[WindowTables]:
    return [step.request.part for step in plan.steps]


def windows_of(plan: Plan) -> list[tuple[datetime, datetime]]:
    return [(part.window.start, part.window.end) for part in parts_of(plan)]


def notices_of(plan: Plan) -> str:
    return "\n".join(plan.notices)


def left(
    server: DemoServer,
    start: datetime,
    end: datetime,
    tables: tuple[str, ...] = ALL,
    ledger: ExportOwner = LEDGER,
    **values: Any,
) -> str:
    """Leaves an export on the server, as a run that was killed does; returns its id."""
    settings = settings_of(server, **values)
    return (
        ExportRequest(WindowTables(Window(start, end), tables), ledger, settings)
        .create(client_of(server))
        .id
    )


def posts(server: DemoServer) -> list[str]:
    return [request.path for request in server.requests if request.method != "GET"]


# --- the range ---


def test_a_first_run_without_a_start_begins_30_days_back_and_says_so(demo: DemoServer) -> None:
    plan = plan_of(demo)
    [(start, end)] = windows_of(plan)
    assert end == SETTLED
    assert start == datetime(2026, 2, 10, tzinfo=timezone.utc)
    assert start.time() == datetime.min.time()
    assert end - start <= 30 * DAY
    assert "30 days back" in notices_of(plan)
    assert "2026-02-10" in notices_of(plan)
    assert "--from" in notices_of(plan)


def test_a_first_run_begins_where_it_is_told_and_has_no_notice(demo: DemoServer) -> None:
    plan = plan_of(demo, from_date="2026-03-01")
    assert windows_of(plan) == [(day(1), SETTLED)]
    assert parts_of(plan)[0].tables == ALL
    assert plan.notices == []


def test_windows_are_as_long_as_asked_for(demo: DemoServer) -> None:
    plan = plan_of(demo, from_date="2026-03-01", window_days=4)
    assert windows_of(plan) == [(day(1), day(5)), (day(5), day(9)), (day(9), SETTLED)]


@pytest.mark.parametrize(("settle", "end"), [(0, day(11, 12)), (30, SETTLED - 15 * MINUTE)])
def test_the_range_ends_a_settle_margin_before_now(
    demo: DemoServer, settle: float, end: datetime
) -> None:
    [(_, found)] = windows_of(plan_of(demo, from_date="2026-03-01", settle_minutes=settle))
    assert found == end


def test_now_is_the_time_of_the_server_in_whole_minutes(serve: Serve, clock: Any) -> None:
    clock.advance(days=400, seconds=29)
    [(_, end)] = windows_of(plan_of(serve(), from_date=clock().date()))
    assert end == SETTLED + 400 * DAY


def test_an_end_that_has_not_settled_is_brought_forward_with_a_notice(demo: DemoServer) -> None:
    plan = plan_of(demo, from_date="2026-03-10", to_date="2026-03-11T11:50:00Z")
    assert windows_of(plan) == [(day(10), SETTLED)]
    assert "2026-03-11 11:45 and not at 2026-03-11 11:50" in notices_of(plan)


def test_an_end_that_has_settled_is_kept(demo: DemoServer) -> None:
    plan = plan_of(demo, from_date="2026-03-10", to_date="2026-03-11T11:45:00Z")
    assert windows_of(plan) == [(day(10), SETTLED)]
    assert plan.notices == []


def test_a_range_that_lies_ahead_has_no_window(demo: DemoServer) -> None:
    assert plan_of(demo, from_date="2026-04-01", to_date="2026-04-02").steps == []
    assert plan_of(demo, from_date="2026-04-01").steps == []


def test_a_next_run_begins_a_look_back_before_the_cursors(demo: DemoServer) -> None:
    plan = plan_of(demo, LOADED)
    assert windows_of(plan) == [(day(8), SETTLED)]
    assert parts_of(plan)[0].tables == ALL
    assert plan.notices == []
    assert windows_of(plan_of(demo, LOADED, lookback_days=0)) == [(day(9), SETTLED)]


def test_a_look_back_does_not_reach_before_what_was_loaded(demo: DemoServer) -> None:
    assert windows_of(plan_of(demo, LOADED, lookback_days=300)) == [(day(1), SETTLED)]


def test_cursors_go_before_a_start_and_a_notice_says_so(demo: DemoServer) -> None:
    plan = plan_of(demo, LOADED, from_date="2026-01-01")
    assert windows_of(plan) == [(day(8), SETTLED)]
    for words in ("2026-03-09", "2026-01-01", "--from and --to"):
        assert words in notices_of(plan)


def test_an_end_alone_ends_a_run_that_goes_on_from_its_cursors(demo: DemoServer) -> None:
    assert windows_of(plan_of(demo, LOADED, to_date="2026-03-10")) == [(day(8), day(10))]


def test_a_backfill_asks_no_cursor(demo: DemoServer) -> None:
    plan = plan_of(demo, LOADED, from_date="2026-02-01", to_date="2026-03-10")
    february = datetime(2026, 2, 1, tzinfo=timezone.utc)
    assert windows_of(plan) == [(february, february + 30 * DAY), (february + 30 * DAY, day(10))]
    assert plan.notices == []


def test_a_scheduler_may_assign_the_range(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_INTERVAL_START", "2026-03-05T00:00:00Z")
    monkeypatch.setenv("DLT_INTERVAL_END", "2026-03-06T00:00:00Z")
    assert windows_of(plan_of(demo, LOADED)) == [(day(5), day(6))]


def test_all_loaded_leaves_nothing_to_ask_the_server_for(demo: DemoServer) -> None:
    memory = state(dict.fromkeys(ALL, SETTLED), [(day(1), SETTLED)])
    plan = plan_of(demo, memory, lookback_days=0)
    assert plan.steps == []
    assert [request.path for request in demo.requests] == ["/rest/ua/v15/exports"]


def test_only_the_tables_that_are_asked_for_are_due(demo: DemoServer) -> None:
    plan = plan_of(demo, LOADED, ["groups", "clicks"])
    assert [part.tables for part in parts_of(plan)] == [("clicks", "groups")]


# --- tables that came later ---


def without(memory: dict[str, Any], table: str) -> dict[str, Any]:
    resources = {name: slot for name, slot in memory["resources"].items() if name != table}
    return {**memory, "resources": resources}


def test_a_dropped_table_catches_up_on_its_own(demo: DemoServer) -> None:
    plan = plan_of(demo, without(LOADED, "clicks"))
    assert parts_of(plan) == [
        WindowTables(Window(day(1), day(8)), ("clicks",)),
        WindowTables(Window(day(8), SETTLED), ALL),
    ]
    assert plan.notices == []


def test_a_table_added_later_catches_up_with_what_was_loaded_and_with_no_more(
    demo: DemoServer,
) -> None:
    old = (datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2024, 1, 20, tzinfo=timezone.utc))
    memory = state(dict.fromkeys(ALL, day(9)), [old, (day(1), day(9))])
    plan = plan_of(demo, without(memory, "groups"))
    assert parts_of(plan) == [
        WindowTables(Window(*old), ("groups",)),
        WindowTables(Window(day(1), day(8)), ("groups",)),
        WindowTables(Window(day(8), SETTLED), ALL),
    ]


def test_a_table_added_after_a_backfill_ahead_of_the_cursors_misses_nothing_that_others_get(
    demo: DemoServer,
) -> None:
    memory = state(dict.fromkeys(ALL, day(4)), [(day(1), day(4)), (day(7), day(9))])
    parts = parts_of(plan_of(demo, without(memory, "groups"), lookback_days=0))
    for others, groups in ((part, "groups" in part.tables) for part in parts):
        assert groups, f"groups is left out of {others}"
    assert parts[0].window.start == day(1)
    assert all(before.window.end == after.window.start for before, after in pairwise(parts))


def test_a_history_without_cursors_is_loaded_again_and_gone_on_from(demo: DemoServer) -> None:
    plan = plan_of(demo, state({}, [(day(1), day(5))]))
    assert windows_of(plan) == [(day(1), SETTLED)]
    assert plan.notices == []


def test_a_given_start_before_the_history_counts_for_a_table_without_a_cursor(
    demo: DemoServer,
) -> None:
    february = datetime(2026, 2, 20, tzinfo=timezone.utc)
    plan = plan_of(demo, without(LOADED, "clicks"), from_date="2026-02-20")
    assert parts_of(plan) == [
        WindowTables(Window(february, day(8)), ("clicks",)),
        WindowTables(Window(day(8), SETTLED), ALL),
    ]


# --- the row limit ---


def test_each_window_has_its_estimate(serve: Serve, clock: Any) -> None:
    server = serve()
    plan = plan_of(server, from_date="2026-03-01", to_date="2026-03-02")
    counts = server.traffic.counts(day(1), day(2), arrived_by=clock())
    assert [step.estimate for step in plan.steps] == [sum(counts.values())]
    only = plan_of(server, None, ["clicks"], from_date="2026-03-01", to_date="2026-03-02")
    assert [step.estimate for step in only.steps] == [counts["clicks"]]
    assert plan.row_limit == 1_000_000


def test_filters_count_in_an_estimate(demo: DemoServer) -> None:
    span: dict[str, Any] = {"from_date": "2026-03-01", "to_date": "2026-03-04"}
    [every] = plan_of(demo, **span).steps
    [some] = plan_of(demo, filters="(deviceCategory=='Mobile')", **span).steps
    assert every.estimate is not None
    assert some.estimate is not None
    assert some.estimate < every.estimate


def test_a_window_above_the_row_limit_is_halved_before_anything_is_created(serve: Serve) -> None:
    server = serve(row_limit=300)
    plan = plan_of(server, from_date="2026-03-01", to_date="2026-03-09")
    assert len(plan.steps) > 2
    assert windows_of(plan)[0][0] == day(1)
    assert windows_of(plan)[-1][1] == day(9)
    assert all(one[1] == other[0] for one, other in pairwise(windows_of(plan)))
    assert all(step.estimate is not None and step.estimate <= 300 for step in plan.steps)
    assert plan.row_limit == 300
    assert posts(server) == []
    whole = plan_of(serve(), from_date="2026-03-01", to_date="2026-03-09")
    assert sum(step.estimate or 0 for step in plan.steps) == whole.steps[0].estimate


def test_the_smallest_window_passes_whatever_its_estimate(serve: Serve) -> None:
    server = serve(Traffic(visits_per_day=20_000), row_limit=1)
    plan = plan_of(server, from_date="2026-03-02T12:00:00Z", to_date="2026-03-02T12:04:00Z")
    assert [end - start for start, end in windows_of(plan)] == [MINUTE] * 4
    assert any((step.estimate or 0) > 1 for step in plan.steps)


# --- exports that are there ---


def test_an_export_of_the_same_window_is_adopted(demo: DemoServer) -> None:
    export_id = left(demo, day(8), SETTLED)
    plan = plan_of(demo, LOADED)
    [step] = plan.steps
    assert step.export is not None
    assert (step.export.id, step.estimate) == (export_id, None)
    assert windows_of(plan) == [(day(8), SETTLED)]
    assert plan.stale == []


def test_an_export_made_before_the_clock_went_on_is_adopted_and_the_rest_is_planned(
    serve: Serve, clock: Any
) -> None:
    server = serve()
    export_id = left(server, day(8), SETTLED)
    clock.advance(days=3)
    first, second = plan_of(server, LOADED).steps
    assert first.export is not None
    assert first.export.id == export_id
    assert first.request.part == WindowTables(Window(day(8), SETTLED), ALL)
    # what arrived in the day before the export was made may be missing from it
    assert second.export is None
    assert second.request.part == WindowTables(
        Window(SETTLED - DAY + 15 * MINUTE, SETTLED + 3 * DAY), ALL
    )
    assert second.estimate is not None


def test_an_export_is_adopted_once_although_all_of_it_is_read_again(
    serve: Serve, clock: Any
) -> None:
    server = serve()
    export_id = left(server, day(1), SETTLED)
    clock.advance(days=1)
    plan = plan_of(server, LOADED, lookback_days=30)
    assert [step.export and step.export.id for step in plan.steps] == [export_id, None]
    assert windows_of(plan) == [(day(1), SETTLED), (day(1), SETTLED + DAY)]


def test_a_chain_of_exports_is_adopted_one_after_the_other(serve: Serve) -> None:
    server = serve()
    ids = [left(server, day(1), day(3)), left(server, day(3), day(5))]
    span: dict[str, Any] = {"from_date": "2026-03-01", "window_days": 2}
    plan = plan_of(server, **span)
    assert [step.export and step.export.id for step in plan.steps[:2]] == ids
    assert windows_of(plan)[:3] == [(day(1), day(3)), (day(3), day(5)), (day(5), day(7))]
    assert plan.stale == []


def test_the_halves_of_a_window_are_adopted_without_halving_again(serve: Serve) -> None:
    server = serve(row_limit=600)
    span: dict[str, Any] = {"from_date": "2026-03-01", "to_date": "2026-03-09"}
    planned = plan_of(server, **span).steps
    assert len(planned) > 2
    made = planned[0].request.create(client_of(server))
    again = plan_of(server, **span)
    assert again.steps[0].export is not None
    assert again.steps[0].export.id == made.id
    assert again.steps[0].request.part == planned[0].request.part
    assert windows_of(again)[-1][1] == day(9)
    assert all(one[1] == other[0] for one, other in pairwise(windows_of(again)))


OTHERS: dict[str, Callable[[DemoServer], str]] = {
    "another start": lambda server: left(server, day(7), SETTLED),
    "a later end": lambda server: left(server, day(8), SETTLED + 5 * MINUTE),
    "other tables": lambda server: left(server, day(8), SETTLED, ("clicks",)),
    "another filter": lambda server: left(
        server, day(8), SETTLED, filters="(deviceCategory=='Mobile')"
    ),
    "another format": lambda server: left(server, day(8), SETTLED, export_format="NO_NEWLINE"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_export_of_ours_of_something_else_is_stale(demo: DemoServer, name: str) -> None:
    export_id = OTHERS[name](demo)
    plan = plan_of(demo, LOADED)
    assert [step.export for step in plan.steps] == [None]
    assert [export.id for export in plan.stale] == [export_id]


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_an_export_of_ours_without_a_file_is_stale(demo: DemoServer, status: Any) -> None:
    export_id = left(demo, day(8), SETTLED)
    [export] = demo.exports
    export.cancelled.set()
    while export.status == "PENDING":
        continue
    export.status = status
    plan = plan_of(demo, LOADED)
    assert [step.export for step in plan.steps] == [None]
    assert [export.id for export in plan.stale] == [export_id]


def test_the_exports_of_others_are_neither_adopted_nor_stale(demo: DemoServer) -> None:
    left(demo, day(8), SETTLED, ledger=ExportOwner("coveo2", "coveo_ua"))
    left(demo, day(8), SETTLED, ledger=ExportOwner("coveo", "another"))
    client_of(demo).create_export({**Window(day(8), SETTLED).wire, "d": "made by hand"})
    client_of(demo).create_export(Window(day(8), SETTLED).wire)
    plan = plan_of(demo, LOADED)
    assert [step.export for step in plan.steps] == [None]
    assert plan.stale == []


def test_exports_that_are_to_be_kept_are_never_stale(demo: DemoServer) -> None:
    left(demo, day(1), day(2))
    assert plan_of(demo, LOADED, keep_exports=True).stale == []


def test_a_plan_creates_and_deletes_nothing(demo: DemoServer) -> None:
    left(demo, day(1), day(2))
    before = [export.id for export in demo.exports]
    made = len(posts(demo))
    plan_of(demo, LOADED)
    assert [export.id for export in demo.exports] == before
    assert len(posts(demo)) == made


# --- dimensions ---


def test_an_unknown_dimension_is_refused_with_those_that_look_like_it(demo: DemoServer) -> None:
    with pytest.raises(SettingError) as error:
        plan_of(demo, dimensions="queryExpression, quereyExpresion")
    assert error.value.setting == "dimensions"
    assert "'quereyExpresion'" in str(error.value)
    assert "queryExpression" in error.value.accepted
    assert posts(demo) == []


def test_a_dimension_like_no_other_is_refused_with_some_that_there_are(demo: DemoServer) -> None:
    with pytest.raises(SettingError) as error:
        plan_of(demo, dimensions="zzzzzz")
    assert "among others: " in error.value.accepted
    assert error.value.accepted.count(",") > 3


def test_keys_times_and_links_are_asked_for_beside_the_dimensions(demo: DemoServer) -> None:
    [step] = plan_of(demo, dimensions=["queryExpression", "c_product"]).steps
    dimensions = step.request.dimensions
    assert dimensions[:2] == ("queryExpression", "c_product")
    for table in TABLES.values():
        assert {*table.key, "datetime"} <= set(dimensions)
    assert {"visitId", "searchId", "lastSearchId"} <= set(dimensions)
    assert len(dimensions) == len(set(dimensions))
    order = step.request.create(client_of(demo))
    assert order.status in ("PENDING", "AVAILABLE")


def test_no_dimensions_are_all_dimensions_and_are_not_asked_about(demo: DemoServer) -> None:
    [step] = plan_of(demo).steps
    assert step.request.dimensions == ()
    assert not [request for request in demo.requests if "dimensions" in request.path]


# --- what a pipeline remembers ---


def test_history_is_kept_as_disjoint_stretches() -> None:
    kept: dict[str, Any] = {}
    memory = PipelineState(kept)
    memory.add_history([Window(day(3), day(5)), Window(day(1), day(2))])
    memory.add_history([Window(day(2), day(3))])
    assert memory.history == [Window(day(1), day(5))]
    assert PipelineState(kept).history == memory.history


def test_without_its_cursors_a_memory_knows_its_history() -> None:
    memory = PipelineState(LOADED).without_cursors()
    assert memory.cursors(ALL) == dict.fromkeys(ALL)
    assert memory.history == PipelineState(LOADED).history


def test_settings_of_another_window_length_do_not_lose_what_is_due(demo: DemoServer) -> None:
    settings = settings_of(demo, from_date="2026-03-01")
    odd = replace(settings, window=timedelta(days=1, minutes=7, seconds=13))
    plan = make_plan(odd, PipelineState({}), client_of(demo), LEDGER, ALL)
    assert windows_of(plan)[0][0] == day(1)
    assert windows_of(plan)[-1][1] == SETTLED
    assert all(one[1] == other[0] for one, other in pairwise(windows_of(plan)))
