"""The windows that are due, and their tables."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from coveo_source.exports.window import (
    LoadRange,
    Window,
    WindowTables,
    common_windows,
    merge_windows,
    split_by_length,
    windows_due,
)
from coveo_source.tables import TABLES
from tests.exports.window_strategies import (
    LAST_MINUTE,
    MINUTE,
    at,
    cursors_of_tables,
    instants,
    lengths,
    minutes,
    relaxed,
    spans,
    tables_due,
    windows,
)


@relaxed
@given(cursors_of_tables, spans(), st.integers(1, 120))
def test_every_minute_due_for_a_table_is_in_exactly_one_window_that_names_it(
    cursors: dict[str, datetime | None], span: LoadRange, length: int
) -> None:
    parts = split_by_length(windows_due(cursors, span, TABLES), length * MINUTE)
    for number in range(LAST_MINUTE + 1):
        minute = at(number)
        containing = [part for part in parts if part.window.start <= minute < part.window.end]
        assert len(containing) <= 1
        named = containing[0].tables if containing else ()
        assert set(named) == tables_due(cursors, span, minute)


@relaxed
@given(cursors_of_tables, spans(), st.integers(1, 120))
def test_due_windows_are_ordered_and_within_bounds_and_list_tables_in_the_given_order(
    cursors: dict[str, datetime | None], span: LoadRange, length: int
) -> None:
    parts = split_by_length(windows_due(cursors, span, TABLES), length * MINUTE)
    order = list(TABLES)
    for part in parts:
        assert part.window.start < part.window.end <= span.end
        assert part.window.end - part.window.start <= length * MINUTE
        assert part.tables
        assert list(part.tables) == sorted(part.tables, key=order.index)
    assert all(before.window.end <= after.window.start for before, after in pairwise(parts))


@relaxed
@given(
    st.dictionaries(st.sampled_from(list(TABLES)), st.none() | instants, min_size=1),
    st.builds(
        LoadRange,
        end=instants,
        backfill_from=st.none() | instants,
        first=instants,
        lookback=lengths,
        interval_from=st.none() | instants,
        history=st.lists(windows, max_size=3).map(merge_windows),
        gaps=st.dictionaries(st.sampled_from(list(TABLES)), st.lists(windows, max_size=2)),
        unproved=st.just({}),
        done=st.just({}),
    ),
    lengths,
    st.lists(instants, max_size=10),
)
def test_due_windows_are_exact_to_the_millisecond(
    cursors: dict[str, datetime | None], span: LoadRange, length: timedelta, probes: list[datetime]
) -> None:
    parts = split_by_length(windows_due(cursors, span, TABLES), length)
    edges = [edge for part in parts for edge in part.window]
    near = [edge + timedelta(milliseconds=step) for edge in edges for step in (-1, 0, 1)]
    for instant in (*probes, *near):
        containing = [part for part in parts if part.window.start <= instant < part.window.end]
        assert len(containing) <= 1
        named = set(containing[0].tables) if containing else set()
        assert named == tables_due(cursors, span, instant)


@relaxed
@given(cursors_of_tables, spans())
def test_a_backfill_ignores_the_cursors(
    cursors: dict[str, datetime | None], span: LoadRange
) -> None:
    backfill = span._replace(backfill_from=at(10), end=at(200))
    parts = split_by_length(windows_due(cursors, backfill, TABLES), timedelta(days=1))
    wanted = tuple(name for name in TABLES if name in cursors)
    assert parts == [WindowTables(Window(at(10), at(200)), wanted)]


@relaxed
@given(spans().filter(lambda span: bool(span.history)), minutes)
def test_the_lookback_stops_at_the_start_of_the_history(span: LoadRange, cursor: int) -> None:
    span = span._replace(backfill_from=None, interval_from=None, gaps={})
    parts = split_by_length(windows_due({"clicks": at(cursor)}, span, TABLES), timedelta(days=1))
    earliest = min(span.history[0].start, at(cursor))
    assert all(part.window.start >= earliest for part in parts)


def test_a_table_with_a_cursor_resumes_one_lookback_before_it() -> None:
    history = [Window(at(0), at(100))]
    span = LoadRange(at(130), None, at(0), 20 * MINUTE, history=history)
    parts = split_by_length(windows_due({"clicks": at(100)}, span, TABLES), timedelta(days=1))
    assert parts == [WindowTables(Window(at(80), at(130)), ("clicks",))]


def test_a_table_added_later_catches_up_on_its_own_and_then_shares_a_window() -> None:
    history = [Window(at(0), at(20)), Window(at(50), at(100))]
    span = LoadRange(at(130), None, at(50), 10 * MINUTE, history=history)
    parts = split_by_length(
        windows_due({"clicks": None, "searches": at(100)}, span, TABLES), timedelta(days=1)
    )
    assert parts == [
        WindowTables(Window(at(0), at(20)), ("clicks",)),
        WindowTables(Window(at(50), at(90)), ("clicks",)),
        WindowTables(Window(at(90), at(130)), ("searches", "clicks")),
    ]


def test_a_table_without_a_cursor_is_not_due_where_nothing_was_ever_loaded() -> None:
    history = [Window(at(0), at(20)), Window(at(50), at(100))]
    span = LoadRange(at(100), None, at(90), 10 * MINUTE, history=history)
    parts = split_by_length(windows_due({"clicks": None}, span, TABLES), timedelta(days=1))
    assert [part.window for part in parts] == history


def test_nothing_is_due_when_everything_is_loaded() -> None:
    span = LoadRange(at(50), None, at(0), timedelta(), history=[Window(at(0), at(50))])
    assert (
        split_by_length(windows_due({"clicks": at(50), "groups": at(60)}, span, TABLES), MINUTE)
        == []
    )


@relaxed
@given(st.lists(windows, max_size=4).map(merge_windows), windows, st.lists(instants, max_size=10))
def test_what_windows_have_in_common_with_another_is_in_both(
    loaded: list[Window], window: Window, probes: list[datetime]
) -> None:
    common = common_windows(loaded, window)
    edges = [edge for each in (*loaded, window) for edge in each]
    near = [edge + timedelta(milliseconds=step) for edge in edges for step in (-1, 0, 1)]
    for instant in [*probes, *near]:
        is_in_both = is_in(instant, loaded) and is_in(instant, [window])
        assert is_in(instant, common) == is_in_both


def is_in(instant: datetime, windows: Sequence[Window]) -> bool:
    return any(start <= instant < end for start, end in windows)
