"""Plans for tables that were added later, or dropped."""

from datetime import datetime, timezone
from itertools import pairwise

from coveo_source.demo import DemoServer
from coveo_source.exports.window import Window, WindowTables
from tests.extract.plans import (
    ALL_TABLES,
    LOADED,
    SETTLED,
    day,
    parts_of,
    plan_of,
    state,
    windows_of,
    without_cursor,
)


def test_a_dropped_table_catches_up_on_its_own(demo: DemoServer) -> None:
    plan = plan_of(demo, without_cursor(LOADED, "clicks"))
    assert parts_of(plan) == [
        WindowTables(Window(day(1), day(8)), ("clicks",)),
        WindowTables(Window(day(8), SETTLED), ALL_TABLES),
    ]
    assert plan.notices == []


def test_a_table_added_later_catches_up_with_the_history_and_no_more(demo: DemoServer) -> None:
    old = (datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2024, 1, 20, tzinfo=timezone.utc))
    stored = state(dict.fromkeys(ALL_TABLES, day(9)), [old, (day(1), day(9))])
    plan = plan_of(demo, without_cursor(stored, "groups"))
    assert parts_of(plan) == [
        WindowTables(Window(*old), ("groups",)),
        WindowTables(Window(day(1), day(8)), ("groups",)),
        WindowTables(Window(day(8), SETTLED), ALL_TABLES),
    ]


def test_a_table_added_after_a_backfill_beyond_the_cursors_misses_no_window(
    demo: DemoServer,
) -> None:
    stored = state(dict.fromkeys(ALL_TABLES, day(4)), [(day(1), day(4)), (day(7), day(9))])
    parts = parts_of(plan_of(demo, without_cursor(stored, "groups"), lookback_days=0))
    for part in parts:
        assert "groups" in part.tables, f"groups is left out of {part}"
    assert parts[0].window.start == day(1)
    assert all(before.window.end == after.window.start for before, after in pairwise(parts))


def test_without_cursors_the_history_is_loaded_again_and_continued(demo: DemoServer) -> None:
    plan = plan_of(demo, state({}, [(day(1), day(5))]))
    assert windows_of(plan) == [(day(1), SETTLED)]
    assert plan.notices == []


def test_a_start_before_the_history_applies_to_a_table_without_a_cursor(demo: DemoServer) -> None:
    february = datetime(2026, 2, 20, tzinfo=timezone.utc)
    plan = plan_of(demo, without_cursor(LOADED, "clicks"), from_date="2026-02-20")
    assert parts_of(plan) == [
        WindowTables(Window(february, day(8)), ("clicks",)),
        WindowTables(Window(day(8), SETTLED), ALL_TABLES),
    ]
