"""Which days of a time zone windows cover, and which they touch."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from coveo_source.exports import Window
from coveo_source.report.period import Period, full_days, touched_days
from tests.exports.window_strategies import relaxed

ZONES = [ZoneInfo(name) for name in ("America/Montreal", "UTC", "Asia/Kolkata", "Europe/Berlin")]
MONTREAL = ZONES[0]
CHANGES = [date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1)]
"""When clocks change in one of the zones."""

zones = st.sampled_from(ZONES)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Returns the first instant of a day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(timezone.utc)


@st.composite
def windows_near_changes(draw: st.DrawFn) -> tuple[ZoneInfo, date, list[Window]]:
    """Windows within three days of a change of clocks, most of whose ends are near midnights."""
    zone, change = draw(zones), draw(st.sampled_from(CHANGES))
    near = st.sampled_from([0, 0, 0, -1, 1, 3_600_000, -3_600_000, 40_000_000])
    edges = st.builds(
        lambda days, ms: midnight(change + timedelta(days=days), zone) + timedelta(milliseconds=ms),
        st.integers(-3, 3),
        near,
    )
    pairs = draw(st.lists(st.tuples(edges, edges).filter(lambda pair: pair[0] != pair[1])))
    return zone, change, [Window(min(pair), max(pair)) for pair in pairs]


def around(change: date) -> Iterator[date]:
    return (change + timedelta(days=number) for number in range(-6, 7))


@relaxed
@given(windows_near_changes())
def test_a_day_is_full_exactly_if_windows_have_all_of_it(
    drawn: tuple[ZoneInfo, date, list[Window]],
) -> None:
    zone, change, windows = drawn
    full = full_days(windows, zone)
    for day in around(change):
        start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
        # what is covered can only change at an edge of a window
        probes = [start, *(edge for each in windows for edge in each if start < edge < end)]
        is_full = all(any(low <= probe < high for low, high in windows) for probe in probes)
        assert [day in set(each) for each in full].count(True) == is_full


@relaxed
@given(windows_near_changes())
def test_periods_of_full_days_are_in_order_and_do_not_touch(
    drawn: tuple[ZoneInfo, date, list[Window]],
) -> None:
    zone, _, windows = drawn
    full = full_days(windows, zone)
    assert all(each.start < each.end for each in full)
    assert all(full[at].end < full[at + 1].start for at in range(len(full) - 1))


@relaxed
@given(windows_near_changes())
def test_touched_days_are_from_the_first_instant_to_the_last(
    drawn: tuple[ZoneInfo, date, list[Window]],
) -> None:
    zone, change, windows = drawn
    touched = touched_days(windows, zone)
    if not windows:
        assert touched is None
        return
    hit = [
        day
        for day in around(change)
        for start, end in windows
        if start < midnight(day + timedelta(days=1), zone) and midnight(day, zone) < end
    ]
    assert touched == Period(min(hit), max(hit) + timedelta(days=1))


def test_days_of_23_and_25_hours_are_full_at_their_own_midnight() -> None:
    spring, autumn = CHANGES[0], CHANGES[3]
    for day, hours in ((spring, 23), (autumn, 25)):
        start = midnight(day, MONTREAL)
        end = start + timedelta(hours=hours)
        assert full_days([Window(start, end)], MONTREAL) == [Period(day, day + timedelta(days=1))]
        assert full_days([Window(start, end - timedelta(milliseconds=1))], MONTREAL) == []
        assert full_days([Window(start + timedelta(milliseconds=1), end)], MONTREAL) == []


def test_a_day_in_two_windows_that_touch_is_full() -> None:
    day = date(2026, 5, 5)
    noon = midnight(day, MONTREAL) + timedelta(hours=12)
    windows = [Window(noon, noon + timedelta(days=1)), Window(noon - timedelta(days=1), noon)]
    assert full_days(windows, MONTREAL) == [Period(day, day + timedelta(days=1))]
    assert full_days(windows[:1], MONTREAL) == []
