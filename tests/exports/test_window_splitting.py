"""Windows that are cut, halved and merged."""

from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.exports.window import (
    SHORTEST_WINDOW,
    Window,
    WindowTables,
    floor_to,
    halves,
    merge_windows,
    split_after_export,
    split_to_limit,
    tile,
    window_between,
)
from tests.exports.window_strategies import (
    MINUTE,
    assert_tiles,
    at,
    instants,
    lengths,
    relaxed,
    windows,
)


@relaxed
@given(instants, st.sampled_from([SHORTEST_WINDOW, timedelta(hours=1), timedelta(days=1)]))
def test_floor_is_the_last_multiple_of_the_grain(instant: datetime, grain: timedelta) -> None:
    floor = floor_to(instant, grain)
    assert timedelta() <= instant - floor < grain
    assert (floor - datetime(2024, 2, 28, tzinfo=timezone.utc)) % grain == timedelta()


@relaxed
@given(windows, lengths)
def test_tiles_cover_a_window_exactly_and_are_no_longer_than_asked(
    window: Window, length: timedelta
) -> None:
    pieces = list(tile(window, length))
    assert_tiles(pieces, window)
    assert all(piece.end - piece.start == length for piece in pieces[:-1])
    assert pieces[-1].end - pieces[-1].start <= length


@pytest.mark.parametrize("window", [Window(at(5), at(5)), Window(at(6), at(5))])
def test_an_empty_window_has_no_tiles(window: Window) -> None:
    assert list(tile(window, MINUTE)) == []
    assert window_between(window.start, window.end) == []


@relaxed
@given(st.lists(windows, max_size=6), instants)
def test_a_union_covers_the_same_instants_with_windows_that_do_not_touch(
    parts: list[Window], instant: datetime
) -> None:
    merged = merge_windows(parts)
    assert all(before.end < after.start for before, after in pairwise(merged))
    probes = [instant, *(edge for part in parts for edge in part)]
    for probe in probes:
        within = [part for part in merged if part.start <= probe < part.end]
        assert len(within) == any(part.start <= probe < part.end for part in parts)


def test_windows_that_touch_are_merged() -> None:
    assert merge_windows([Window(at(3), at(9)), Window(at(0), at(3))]) == [Window(at(0), at(9))]


@relaxed
@given(windows)
def test_halves_tile_a_window_and_are_about_equally_long(window: Window) -> None:
    pieces = halves(window)
    if pieces is None:
        # halves meet at a whole minute, which may leave one of them too short
        assert window.end - window.start < 4 * SHORTEST_WINDOW
        return
    assert_tiles(pieces, window)
    first, second = (piece.end - piece.start for piece in pieces)
    assert min(first, second) >= SHORTEST_WINDOW
    assert abs(second - first) <= 2 * SHORTEST_WINDOW


def test_a_window_of_two_minutes_can_be_halved_and_a_shorter_one_cannot() -> None:
    assert halves(Window(at(4), at(6))) == (Window(at(4), at(5)), Window(at(5), at(6)))
    assert halves(Window(at(4), at(6) - timedelta(milliseconds=1))) is None


@relaxed
@given(windows, st.lists(instants, max_size=60), st.integers(0, 20))
def test_a_window_is_halved_until_each_piece_fits_or_is_too_short_to_halve(
    window: Window, events: list[datetime], limit: int
) -> None:
    def rows(part: WindowTables) -> int:
        assert part.tables == ("searches",)
        return sum(part.window.start <= event < part.window.end for event in events)

    whole = WindowTables(window, ("searches",))
    pieces = list(split_to_limit(whole, rows, limit))
    assert_tiles([piece.window for piece, _ in pieces], window)
    for piece, estimate in pieces:
        assert estimate == rows(piece)
        assert estimate <= limit or halves(piece.window) is None
    if rows(whole) <= limit:
        assert pieces == [(whole, rows(whole))]


def test_halving_stops_at_the_smallest_window_whatever_the_estimates() -> None:
    pieces = [
        piece
        for piece, _ in split_to_limit(
            WindowTables(Window(at(0), at(64)), ()), lambda part: 10**9, 1
        )
    ]
    assert [piece.window.end - piece.window.start for piece in pieces] == [SHORTEST_WINDOW] * 64


def test_without_a_row_limit_a_window_stays_whole() -> None:
    part = WindowTables(Window(at(0), at(64)), ("clicks",))
    assert list(split_to_limit(part, lambda _: 10**9, None)) == [(part, 10**9)]


@relaxed
@given(windows, instants, instants, lengths)
def test_splitting_after_an_export_leaves_no_gap_and_repeats_what_may_be_missing(
    window: Window, end: datetime, made: datetime, lookback: timedelta
) -> None:
    end = min(max(end, window.start + timedelta(milliseconds=1)), window.end)
    part = WindowTables(window, ("clicks",))
    exported, *rest = split_after_export(part, end, made, lookback)
    assert exported == WindowTables(Window(window.start, end), ("clicks",))
    if end == window.end:
        assert rest == []
        return
    [second] = rest
    assert second.tables == part.tables
    assert second.window.end == window.end
    assert window.start <= second.window.start <= end
    missing_from = max(made - lookback, window.start)
    assert second.window.start == min(missing_from, end)
