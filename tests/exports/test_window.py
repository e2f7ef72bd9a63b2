from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.exports.window import (
    SMALLEST,
    Span,
    Window,
    WindowTables,
    fit,
    floor_to,
    halves,
    short_time,
    split_after_export,
    tile,
    tiled,
    union,
    window_between,
    windows_due,
    wire_time,
)
from coveo_source.tables import TABLES

ZERO = datetime(2024, 2, 28, 22, tzinfo=timezone.utc)
"""Shortly before a leap day, so that all tests pass over one."""
MINUTE = timedelta(minutes=1)
LAST_MINUTE = 300

relaxed = settings(deadline=None)

minutes = st.integers(0, LAST_MINUTE)
instants = st.integers(0, LAST_MINUTE * 60_000).map(lambda ms: ZERO + timedelta(milliseconds=ms))
lengths = st.integers(60_000, 90 * 60_000).map(lambda ms: timedelta(milliseconds=ms))


def at(minute: int) -> datetime:
    return ZERO + minute * MINUTE


def ordered(pair: tuple[datetime, datetime]) -> Window:
    return Window(min(pair), max(pair) + timedelta(milliseconds=1))


windows = st.tuples(instants, instants).map(ordered)
whole_windows = (
    st.tuples(minutes, minutes)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: Window(at(min(pair)), at(max(pair))))
)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    return Span(
        end=at(draw(minutes)),
        backfill_from=draw(st.none() | minutes.map(at)),
        first=at(draw(minutes)),
        lookback=draw(st.integers(0, 80)) * MINUTE,
        history=draw(st.lists(whole_windows, max_size=3).map(union)),
    )


cursors_of_tables = st.dictionaries(
    st.sampled_from(list(TABLES)), st.none() | minutes.map(at), min_size=1
)


def is_due(cursor: datetime | None, span: Span, instant: datetime) -> bool:
    """What is due, said once more and one instant at a time."""
    if instant >= span.end:
        return False
    if span.backfill_from is not None:
        return instant >= span.backfill_from
    if cursor is None:
        loaded = any(past.start <= instant < past.end for past in span.history)
        return loaded or instant >= span.first
    if instant >= cursor:
        return True
    ever_loaded = any(past.start <= instant for past in span.history)
    return ever_loaded and instant >= cursor - span.lookback


# --- wire format and text ---


@pytest.mark.parametrize(
    ("start", "end", "wire"),
    [
        (
            datetime(2024, 2, 29, tzinfo=timezone.utc),
            datetime(2024, 3, 1, tzinfo=timezone.utc),
            {"from": "2024-02-29T00:00:00.000Z", "to": "2024-02-29T23:59:59.999Z"},
        ),
        (
            datetime(2025, 12, 31, 23, 59, tzinfo=timezone.utc),
            datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=timezone.utc),
            {"from": "2025-12-31T23:59:00.000Z", "to": "2026-01-01T00:00:00.000Z"},
        ),
        (
            datetime(2026, 3, 29, 1, 30, 7, 45_000, tzinfo=timezone.utc),
            datetime(2026, 3, 29, 3, tzinfo=timezone.utc),
            {"from": "2026-03-29T01:30:07.045Z", "to": "2026-03-29T02:59:59.999Z"},
        ),
    ],
)
def test_on_the_wire_a_window_ends_with_its_last_millisecond(
    start: datetime, end: datetime, wire: dict[str, str]
) -> None:
    assert Window(start, end).wire == wire


@relaxed
@given(windows, instants)
def test_neighbours_on_the_wire_share_no_millisecond_and_leave_none_out(
    window: Window, cut: datetime
) -> None:
    pieces = list(tile(window, max(cut - ZERO, MINUTE)))
    for before, after in pairwise(pieces):
        last = datetime.fromisoformat(before.wire["to"].replace("Z", "+00:00"))
        first = datetime.fromisoformat(after.wire["from"].replace("Z", "+00:00"))
        assert first - last == timedelta(milliseconds=1)


@given(instants)
def test_wire_time_says_exactly_the_instant(instant: datetime) -> None:
    assert datetime.fromisoformat(wire_time(instant).replace("Z", "+00:00")) == instant


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 13, 5), "2026-01-31 13:05"),
        (datetime(2026, 1, 31, 13, 5, 9), "2026-01-31 13:05:09.000"),
        (datetime(2026, 1, 31, 0, 0, 0, 7000), "2026-01-31 00:00:00.007"),
    ],
)
def test_short_time_leaves_out_what_is_nought(instant: datetime, text: str) -> None:
    assert short_time(instant.replace(tzinfo=timezone.utc)) == text


def test_a_due_window_names_its_ends_and_tables() -> None:
    part = WindowTables(Window(at(0), at(121)), ("searches", "clicks"))
    assert str(part) == "2024-02-28 22:00 to 2024-02-29 00:01 (searches, clicks)"


@relaxed
@given(instants, st.sampled_from([SMALLEST, timedelta(hours=1), timedelta(days=1)]))
def test_floor_goes_back_less_than_a_grain_to_a_multiple_of_it(
    instant: datetime, grain: timedelta
) -> None:
    floor = floor_to(instant, grain)
    assert timedelta() <= instant - floor < grain
    assert (floor - datetime(2024, 2, 28, tzinfo=timezone.utc)) % grain == timedelta()


# --- tiling ---


def assert_tiles(pieces: Sequence[Window], whole: Window) -> None:
    assert pieces[0].start == whole.start
    assert pieces[-1].end == whole.end
    assert all(piece.start < piece.end for piece in pieces)
    assert all(before.end == after.start for before, after in pairwise(pieces))


@relaxed
@given(windows, lengths)
def test_pieces_cover_a_window_exactly_and_are_never_longer_than_asked(
    window: Window, length: timedelta
) -> None:
    pieces = list(tile(window, length))
    assert_tiles(pieces, window)
    assert all(piece.end - piece.start == length for piece in pieces[:-1])
    assert pieces[-1].end - pieces[-1].start <= length


@pytest.mark.parametrize("window", [Window(at(5), at(5)), Window(at(6), at(5))])
def test_nothing_is_cut_into_no_pieces(window: Window) -> None:
    assert list(tile(window, MINUTE)) == []
    assert window_between(window.start, window.end) == []


@relaxed
@given(st.lists(windows, max_size=6), instants)
def test_a_union_holds_the_same_instants_as_disjoint_windows_that_do_not_touch(
    parts: list[Window], instant: datetime
) -> None:
    merged = union(parts)
    assert all(before.end < after.start for before, after in pairwise(merged))
    probes = [instant, *(edge for part in parts for edge in part)]
    for probe in probes:
        within = [part for part in merged if part.start <= probe < part.end]
        assert len(within) == any(part.start <= probe < part.end for part in parts)


def test_windows_that_touch_become_one() -> None:
    assert union([Window(at(3), at(9)), Window(at(0), at(3))]) == [Window(at(0), at(9))]


# --- what is due ---


@relaxed
@given(cursors_of_tables, spans(), st.integers(1, 120))
def test_every_minute_due_for_a_table_is_in_exactly_one_window_that_names_it(
    cursors: dict[str, datetime | None], span: Span, length: int
) -> None:
    parts = tiled(windows_due(cursors, span, TABLES), length * MINUTE)
    for number in range(LAST_MINUTE + 1):
        minute = at(number)
        holding = [part for part in parts if part.window.start <= minute < part.window.end]
        assert len(holding) <= 1
        named = holding[0].tables if holding else ()
        assert set(named) == {name for name, c in cursors.items() if is_due(c, span, minute)}


@relaxed
@given(cursors_of_tables, spans(), st.integers(1, 120))
def test_due_windows_are_in_order_within_bounds_and_name_tables_as_the_catalogue_does(
    cursors: dict[str, datetime | None], span: Span, length: int
) -> None:
    parts = tiled(windows_due(cursors, span, TABLES), length * MINUTE)
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
        Span,
        end=instants,
        backfill_from=st.none() | instants,
        first=instants,
        lookback=lengths,
        history=st.lists(windows, max_size=3).map(union),
    ),
    lengths,
    st.lists(instants, max_size=10),
)
def test_due_windows_are_exact_to_the_millisecond(
    cursors: dict[str, datetime | None], span: Span, length: timedelta, probes: list[datetime]
) -> None:
    parts = tiled(windows_due(cursors, span, TABLES), length)
    edges = [edge for part in parts for edge in part.window]
    close = [edge + timedelta(milliseconds=step) for edge in edges for step in (-1, 0, 1)]
    for instant in (*probes, *close):
        holding = [part for part in parts if part.window.start <= instant < part.window.end]
        assert len(holding) <= 1
        named = set(holding[0].tables) if holding else set()
        assert named == {name for name, c in cursors.items() if is_due(c, span, instant)}


@relaxed
@given(cursors_of_tables, spans())
def test_a_backfill_asks_no_cursor(cursors: dict[str, datetime | None], span: Span) -> None:
    fixed = span._replace(backfill_from=at(10), end=at(200))
    parts = tiled(windows_due(cursors, fixed, TABLES), timedelta(days=1))
    wanted = tuple(name for name in TABLES if name in cursors)
    assert parts == [WindowTables(Window(at(10), at(200)), wanted)]


@relaxed
@given(spans().filter(lambda span: bool(span.history)), minutes, minutes)
def test_looking_back_stops_at_the_earliest_history(span: Span, cursor: int, table: int) -> None:
    span = span._replace(backfill_from=None)
    parts = tiled(windows_due({"clicks": at(cursor)}, span, TABLES), timedelta(days=1))
    earliest = min(span.history[0].start, at(cursor))
    assert all(part.window.start >= earliest for part in parts)


def test_a_table_with_a_cursor_goes_on_a_look_back_before_it() -> None:
    history = [Window(at(0), at(100))]
    span = Span(at(130), None, at(0), 20 * MINUTE, history)
    parts = tiled(windows_due({"clicks": at(100)}, span, TABLES), timedelta(days=1))
    assert parts == [WindowTables(Window(at(80), at(130)), ("clicks",))]


def test_a_table_added_later_catches_up_on_its_own_and_then_shares_a_window() -> None:
    history = [Window(at(0), at(20)), Window(at(50), at(100))]
    span = Span(at(130), None, at(50), 10 * MINUTE, history)
    parts = tiled(
        windows_due({"clicks": None, "searches": at(100)}, span, TABLES), timedelta(days=1)
    )
    assert parts == [
        WindowTables(Window(at(0), at(20)), ("clicks",)),
        WindowTables(Window(at(50), at(90)), ("clicks",)),
        WindowTables(Window(at(90), at(130)), ("searches", "clicks")),
    ]


def test_a_table_without_a_cursor_is_not_due_where_nothing_was_ever_loaded() -> None:
    history = [Window(at(0), at(20)), Window(at(50), at(100))]
    span = Span(at(100), None, at(90), 10 * MINUTE, history)
    parts = tiled(windows_due({"clicks": None}, span, TABLES), timedelta(days=1))
    assert [part.window for part in parts] == history


def test_nothing_is_due_when_all_is_loaded() -> None:
    span = Span(at(50), None, at(0), timedelta(), [Window(at(0), at(50))])
    assert tiled(windows_due({"clicks": at(50), "groups": at(60)}, span, TABLES), MINUTE) == []


# --- halving ---


@relaxed
@given(windows)
def test_halves_are_two_windows_that_tile_the_whole_and_differ_by_little(window: Window) -> None:
    pieces = halves(window)
    if pieces is None:
        # a start that is no whole minute costs up to one in each half
        assert window.end - window.start < 4 * SMALLEST
        return
    assert_tiles(pieces, window)
    first, second = (piece.end - piece.start for piece in pieces)
    assert min(first, second) >= SMALLEST
    assert abs(second - first) <= 2 * SMALLEST


def test_a_window_of_two_minutes_can_be_halved_and_one_of_less_cannot() -> None:
    assert halves(Window(at(4), at(6))) == (Window(at(4), at(5)), Window(at(5), at(6)))
    assert halves(Window(at(4), at(6) - timedelta(milliseconds=1))) is None


@relaxed
@given(windows, st.lists(instants, max_size=60), st.integers(0, 20))
def test_a_window_is_halved_until_each_piece_fits_or_is_of_the_smallest_size(
    window: Window, events: list[datetime], limit: int
) -> None:
    def rows(part: WindowTables) -> int:
        assert part.tables == ("searches",)
        return sum(part.window.start <= event < part.window.end for event in events)

    whole = WindowTables(window, ("searches",))
    pieces = list(fit(whole, rows, limit))
    assert_tiles([piece.window for piece, _ in pieces], window)
    for piece, estimate in pieces:
        assert estimate == rows(piece)
        assert estimate <= limit or halves(piece.window) is None
    if rows(whole) <= limit:
        assert pieces == [(whole, rows(whole))]


def test_halving_ends_at_the_smallest_window_whatever_the_estimates() -> None:
    pieces = [
        piece for piece, _ in fit(WindowTables(Window(at(0), at(64)), ()), lambda part: 10**9, 1)
    ]
    assert [piece.window.end - piece.window.start for piece in pieces] == [SMALLEST] * 64


def test_a_window_is_left_whole_where_there_is_no_limit() -> None:
    part = WindowTables(Window(at(0), at(64)), ("clicks",))
    assert list(fit(part, lambda _: 10**9, None)) == [(part, 10**9)]


# --- going on from an export that was made earlier ---


@relaxed
@given(windows, instants, instants, lengths)
def test_resuming_leaves_no_gap_and_reads_again_what_may_have_been_missing(
    window: Window, end: datetime, made: datetime, lookback: timedelta
) -> None:
    end = min(max(end, window.start + timedelta(milliseconds=1)), window.end)
    part = WindowTables(window, ("clicks",))
    first, *rest = split_after_export(part, end, made, lookback)
    assert first == WindowTables(Window(window.start, end), ("clicks",))
    if end == window.end:
        assert rest == []
        return
    [second] = rest
    assert second.tables == part.tables
    assert second.window.end == window.end
    assert window.start <= second.window.start <= end
    missing_from = max(made - lookback, window.start)
    assert second.window.start == min(missing_from, end)
