"""Plans with exports that an earlier run left."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject, rewritten
from coveo_source.exports.job import ExportOwner
from coveo_source.exports.window import Window
from tests.extract.plans import (
    ALL_TABLES,
    DAY,
    LOADED,
    MINUTE,
    SETTLED,
    Serve,
    client_of,
    day,
    leave_export,
    plan_of,
    windows_of,
    write_requests,
)


def test_an_export_of_the_same_window_is_adopted(demo: DemoServer) -> None:
    export_id = leave_export(demo, day(8), SETTLED)
    plan = plan_of(demo, LOADED)
    [step] = plan.steps
    assert step.export is not None
    assert (step.export.id, step.estimate) == (export_id, None)
    assert windows_of(plan) == [(day(8), SETTLED)]
    assert plan.stale == []


def test_an_earlier_export_is_adopted_and_the_time_since_then_is_planned(
    serve: Serve, clock: Any
) -> None:
    server = serve()
    export_id = leave_export(server, day(8), SETTLED)
    clock.advance(days=3)
    first, second = plan_of(server, LOADED).steps
    assert first.export is not None
    assert first.export.id == export_id
    assert (first.window, first.tables) == (Window(day(8), SETTLED), ALL_TABLES)
    # what arrived in the day before the export was made may be missing from it
    assert second.export is None
    assert second.window == Window(SETTLED - DAY + 15 * MINUTE, SETTLED + 3 * DAY)
    assert second.tables == ALL_TABLES
    assert second.estimate is not None


@pytest.mark.parametrize("epoch", [4 * 10**12, 10**15])
def test_events_that_came_late_are_read_even_if_an_export_is_said_to_be_of_the_future(
    serve: Serve, clock: Any, epoch: int
) -> None:
    server = serve()
    leave_export(server, day(8), SETTLED)
    clock.advance(days=3)
    lying = rewritten(lambda exports: [{**export, "startDate": epoch} for export in exports])
    inject(server, Fault(at("list"), lying))
    assert windows_of(plan_of(server, LOADED)) == [
        (day(8), SETTLED),
        (SETTLED - DAY, SETTLED + 3 * DAY),
    ]


def test_an_export_is_adopted_once_even_if_its_whole_window_is_read_again(
    serve: Serve, clock: Any
) -> None:
    server = serve()
    export_id = leave_export(server, day(1), SETTLED)
    clock.advance(days=1)
    plan = plan_of(server, LOADED, lookback_days=30)
    assert [step.export and step.export.id for step in plan.steps] == [export_id, None]
    assert windows_of(plan) == [(day(1), SETTLED), (day(1), SETTLED + DAY)]


def test_consecutive_exports_are_all_adopted(serve: Serve) -> None:
    server = serve()
    ids = [leave_export(server, day(1), day(3)), leave_export(server, day(3), day(5))]
    span: dict[str, Any] = {"from_date": "2026-03-01", "window_days": 2}
    plan = plan_of(server, **span)
    assert [step.export and step.export.id for step in plan.steps[:2]] == ids
    assert windows_of(plan)[:3] == [(day(1), day(3)), (day(3), day(5)), (day(5), day(7))]
    assert plan.stale == []


def test_an_export_of_half_a_window_is_adopted_without_halving_it_again(serve: Serve) -> None:
    server = serve(row_limit=600)
    span: dict[str, Any] = {"from_date": "2026-03-01", "to_date": "2026-03-09"}
    steps = plan_of(server, **span).steps
    assert len(steps) > 2
    export = steps[0].request.create(client_of(server))
    again = plan_of(server, **span)
    assert again.steps[0].export is not None
    assert again.steps[0].export.id == export.id
    assert again.steps[0].request == steps[0].request
    assert windows_of(again)[-1][1] == day(9)
    assert all(end == start for (_, end), (start, _) in pairwise(windows_of(again)))


OTHER_REQUESTS: dict[str, Callable[[DemoServer], str]] = {
    "another start": lambda server: leave_export(server, day(7), SETTLED),
    "a later end": lambda server: leave_export(server, day(8), SETTLED + 5 * MINUTE),
    "other tables": lambda server: leave_export(server, day(8), SETTLED, ("clicks",)),
    "another filter": lambda server: leave_export(
        server, day(8), SETTLED, filters="(deviceCategory=='Mobile')"
    ),
    "another format": lambda server: leave_export(
        server, day(8), SETTLED, export_format="NO_NEWLINE"
    ),
}


@pytest.mark.parametrize("name", OTHER_REQUESTS)
def test_our_export_for_another_request_is_stale(demo: DemoServer, name: str) -> None:
    export_id = OTHER_REQUESTS[name](demo)
    plan = plan_of(demo, LOADED)
    assert [step.export for step in plan.steps] == [None]
    assert [export.id for export in plan.stale] == [export_id]


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_our_export_without_a_file_is_stale(demo: DemoServer, status: Any) -> None:
    export_id = leave_export(demo, day(8), SETTLED)
    [export] = demo.exports
    export.cancelled.set()
    while export.status == "PENDING":
        continue
    export.status = status
    plan = plan_of(demo, LOADED)
    assert [step.export for step in plan.steps] == [None]
    assert [export.id for export in plan.stale] == [export_id]


def test_the_exports_of_others_are_neither_adopted_nor_stale(demo: DemoServer) -> None:
    leave_export(demo, day(8), SETTLED, owner=ExportOwner("coveo2", "coveo_ua"))
    leave_export(demo, day(8), SETTLED, owner=ExportOwner("coveo", "another"))
    client_of(demo).create_export({**Window(day(8), SETTLED).wire, "d": "made by hand"})
    client_of(demo).create_export(Window(day(8), SETTLED).wire)
    plan = plan_of(demo, LOADED)
    assert [step.export for step in plan.steps] == [None]
    assert plan.stale == []


def test_with_keep_exports_no_export_is_stale(demo: DemoServer) -> None:
    leave_export(demo, day(1), day(2))
    assert plan_of(demo, LOADED, keep_exports=True).stale == []


def test_a_plan_creates_and_deletes_nothing(demo: DemoServer) -> None:
    leave_export(demo, day(1), day(2))
    before = [export.id for export in demo.exports]
    requests = len(write_requests(demo))
    plan_of(demo, LOADED)
    assert [export.id for export in demo.exports] == before
    assert len(write_requests(demo)) == requests
