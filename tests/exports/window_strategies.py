"""Windows, spans and cursors for property tests."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st

from coveo_source.exports.window import LoadRange, Window, merge_windows
from coveo_source.tables import TABLES

ZERO = datetime(2024, 2, 28, 22, tzinfo=timezone.utc)
"""Two hours before a leap day, so that the tests cross into it."""
MINUTE = timedelta(minutes=1)
LAST_MINUTE = 300

relaxed = settings(deadline=None)
minutes = st.integers(0, LAST_MINUTE)
instants = st.integers(0, LAST_MINUTE * 60_000).map(lambda ms: ZERO + timedelta(milliseconds=ms))
lengths = st.integers(60_000, 90 * 60_000).map(lambda ms: timedelta(milliseconds=ms))


def at(minute: int) -> datetime:
    return ZERO + minute * MINUTE


def window_of(pair: tuple[datetime, datetime]) -> Window:
    return Window(min(pair), max(pair) + timedelta(milliseconds=1))


windows = st.tuples(instants, instants).map(window_of)
whole_windows = (
    st.tuples(minutes, minutes)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: Window(at(min(pair)), at(max(pair))))
)
gaps_of_tables = st.dictionaries(
    st.sampled_from(list(TABLES)), st.lists(whole_windows, max_size=2), max_size=2
)


@st.composite
def spans(draw: st.DrawFn) -> LoadRange:
    return LoadRange(
        end=at(draw(minutes)),
        backfill_from=draw(st.none() | minutes.map(at)),
        first=at(draw(minutes)),
        lookback=draw(st.integers(0, 80)) * MINUTE,
        interval_from=draw(st.none() | minutes.map(at)),
        history=draw(st.lists(whole_windows, max_size=3).map(merge_windows)),
        gaps=draw(gaps_of_tables),
    )


cursors_of_tables = st.dictionaries(
    st.sampled_from(list(TABLES)), st.none() | minutes.map(at), min_size=1
)


def is_due(table: str, cursor: datetime | None, span: LoadRange, instant: datetime) -> bool:
    """Returns True if an instant is due; restates the rules of `windows_due`."""
    if instant >= span.end:
        return False
    if span.backfill_from is not None:
        return instant >= span.backfill_from
    if any(gap.start <= instant < gap.end for gap in span.gaps.get(table, ())):
        return True
    if cursor is None:
        loaded = any(past.start <= instant < past.end for past in span.history)
        return loaded or instant >= span.first
    start = min(cursor, span.interval_from) if span.interval_from else cursor
    if instant >= start:
        return True
    ever_loaded = any(past.start <= instant for past in span.history)
    return ever_loaded and instant >= start - span.lookback


def tables_due(cursors: dict[str, datetime | None], span: LoadRange, instant: datetime) -> set[str]:
    return {table for table, cursor in cursors.items() if is_due(table, cursor, span, instant)}


def assert_tiles(pieces: Sequence[Window], whole: Window) -> None:
    """Checks that pieces cover a window without gaps or overlaps."""
    assert pieces[0].start == whole.start
    assert pieces[-1].end == whole.end
    assert all(piece.start < piece.end for piece in pieces)
    assert all(before.end == after.start for before, after in pairwise(pieces))
