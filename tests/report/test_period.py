"""Which days a report is about by default, and when they are given."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.exceptions import SettingError
from coveo_source.report.period import Comparison, Period, compare, unfinished
from tests.exports.window_strategies import relaxed

MONDAY = date(2026, 3, 2)
TOO_LOW = "Not all of these days are loaded, so counts are too low."
NOT_COMPARED = "The days before are not loaded in full, so nothing is compared."

gaps = st.integers(1, 40)
lengths = st.integers(1, 200) | st.sampled_from([13, 14, 15, 27, 28, 41, 42, 55, 56, 57, 130])


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def period(start: int, end: int) -> Period:
    return Period(day(start), day(end))


@st.composite
def loaded_days(draw: st.DrawFn) -> list[Period]:
    """Days in a row, with at least one day between them."""
    found, end = [], 0
    for gap, length in draw(st.lists(st.tuples(gaps, lengths), min_size=1, max_size=4)):
        start, end = end + gap, end + gap + length
        found.append(period(start, end))
    return found


class Wish:
    """Loaded days, and a range of which at least one day is loaded."""

    def __init__(self, loaded: list[Period], start: date | None, end: date | None) -> None:
        self.loaded, self.start, self.end = loaded, start, end
        self.days = {each for part in loaded for each in part}
        self.made = compare(loaded, start, end)

    def __repr__(self) -> str:
        return f"{self.loaded}, {self.start}, {self.end}"


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    loaded = draw(loaded_days())
    one = draw(st.sampled_from([each for part in loaded for each in part]))
    start = draw(st.none() | st.integers(0, 90).map(lambda days: one - timedelta(days=days)))
    end = draw(st.none() | st.integers(1, 90).map(lambda days: one + timedelta(days=days)))
    return Wish(loaded, start, end)


@relaxed
@given(wishes())
def test_counts_are_called_too_low_exactly_if_a_day_of_the_period_is_not_loaded(
    wish: Wish,
) -> None:
    assert wish.made.now.days > 0
    assert (TOO_LOW not in wish.made.notes) == wish.days.issuperset(wish.made.now)


@relaxed
@given(wishes())
def test_the_period_before_is_right_before_as_long_and_there_exactly_if_it_is_loaded(
    wish: Wish,
) -> None:
    now, before = wish.made.now, wish.made.before
    wanted = {each - timedelta(days=now.days) for each in now}
    assert (before is not None) == wish.days.issuperset(wanted)
    assert (before is None) == (NOT_COMPARED in wish.made.notes)
    if before:
        assert set(before) == wanted
        assert before.end == now.start
        assert before.days == now.days


@relaxed
@given(wishes())
def test_days_that_are_asked_for_are_kept_and_an_end_that_is_too_late_is_said(wish: Wish) -> None:
    end = wish.end or wish.loaded[-1].end
    last = max(min(each.end, end) for each in wish.loaded if each.start < end)
    assert not wish.start or wish.made.now.start == wish.start
    assert wish.made.now.end == last
    is_said = any("the report ends there" in note for note in wish.made.notes)
    assert is_said == (wish.end is not None and wish.end > last)


@relaxed
@given(loaded_days(), st.integers(0, 199))
def test_four_weeks_are_usual_then_as_many_as_there_are_twice_then_all_days(
    loaded: list[Period], early: int
) -> None:
    last = loaded[-1]
    end = max(last.end - timedelta(days=early), last.start + timedelta(days=1))
    length = (end - last.start).days
    made = compare(loaded, None, None if end == last.end else end)
    assert made.now.end == end
    twice = [days for days in (28, 21, 14, 7) if length >= 2 * days]
    assert made.now.days == (twice[0] if twice else min(length, 28))
    assert (made.before is not None) == bool(twice)


@pytest.mark.parametrize(
    ("loaded", "days", "is_compared"),
    [
        (200, 28, True),
        (56, 28, True),
        (55, 21, True),
        (42, 21, True),
        (41, 14, True),
        (28, 14, True),
        (27, 7, True),
        (14, 7, True),
        (13, 13, False),
        (1, 1, False),
    ],
)
def test_the_usual_period_ends_with_the_newest_day(
    loaded: int, days: int, is_compared: bool
) -> None:
    made = compare([period(0, loaded)], None, None)
    assert made.now == period(loaded - days, loaded)
    assert made.before == (period(loaded - 2 * days, loaded - days) if is_compared else None)
    assert made.first == (made.before or made.now).start
    assert made.notes == (() if is_compared else (NOT_COMPARED,))


def test_days_around_a_gap_are_not_compared_across_it() -> None:
    made = compare([period(0, 100), period(101, 115)], None, None)
    assert (made.now, made.before) == (period(108, 115), period(101, 108))
    made = compare([period(0, 100), period(101, 114)], None, None)
    assert (made.now, made.before) == (period(101, 114), None)


@pytest.mark.parametrize("end", [0, 9])
def test_an_end_that_is_not_after_the_start_is_refused(end: int) -> None:
    with pytest.raises(SettingError, match="after 2026-03-11") as caught:
        compare([period(0, 50)], day(9), day(end))
    assert str(day(end)) in str(caught.value)


@pytest.mark.parametrize("end", [None, 60])
def test_a_start_after_the_newest_day_is_refused(end: int | None) -> None:
    with pytest.raises(SettingError, match=f"the last full day is {day(49)}"):
        compare([period(0, 50)], day(50), day(end) if end else None)
    assert compare([period(0, 50)], day(49), day(end) if end else None).now == period(49, 50)


def test_an_end_before_the_first_day_is_refused() -> None:
    with pytest.raises(SettingError, match=f"the first full day is {day(5)}"):
        compare([period(5, 50)], None, day(5))
    assert compare([period(5, 50)], None, day(6)).now == period(5, 6)


def test_days_of_which_none_is_full_are_shown_with_a_warning() -> None:
    made = unfinished(period(3, 4))
    assert (made.now, made.before) == (period(3, 4), None)
    assert len(made.notes) == 1
    assert made.first == day(3)


def test_a_period_has_its_start_and_not_its_end() -> None:
    days = period(2, 5)
    assert list(days) == [day(2), day(3), day(4)]
    assert (days.days, days.last, days.before) == (3, day(4), period(-1, 2))
    assert days.holds(days)
    assert days.holds(period(3, 4))
    assert not days.holds(period(1, 5))
    assert not days.holds(period(2, 6))


def test_a_period_and_a_comparison_are_written_with_their_last_day() -> None:
    assert f"{period(0, 1)}" == "2 March 2026"
    assert f"{period(0, 7)}" == "2 March 2026 to 8 March 2026 (7 days)"
    assert f"{Comparison(period(1, 2), None)}" == "3 March 2026"
    assert f"{Comparison(period(1, 2), period(0, 1))}" == (
        "3 March 2026, compared with 2 March 2026"
    )


@pytest.mark.parametrize(("length", "by_week"), [(1, False), (62, False), (63, True)])
def test_a_trend_of_more_than_two_months_is_by_week(length: int, by_week: bool) -> None:
    assert Comparison(period(3, 3 + length), None).by_week == by_week


def is_whole_week_in(monday: date, days: Period) -> bool:
    return days.start <= monday <= days.end - timedelta(days=7)


@relaxed
@given(st.integers(-400, 400), st.integers(1, 62), st.booleans())
def test_a_short_trend_has_all_days_each_with_the_one_as_many_days_before(
    start: int, length: int, is_compared: bool
) -> None:
    now = period(start, start + length)
    made = Comparison(now, now.before if is_compared else None)
    assert not made.by_week
    former = list(now.before) if is_compared else [None] * length
    assert made.points == list(zip(now, former, strict=True))


@relaxed
@given(st.integers(-400, 400), st.integers(63, 500), st.booleans())
def test_a_long_trend_has_all_whole_weeks_each_with_a_whole_week_before(
    start: int, length: int, is_compared: bool
) -> None:
    now = period(start, start + length)
    made = Comparison(now, now.before if is_compared else None)
    assert made.by_week
    weeks = [monday for monday, _ in made.points]
    assert weeks == [each for each in now if each.weekday() == 0 and is_whole_week_in(each, now)]
    former = [then for _, then in made.points if then]
    assert bool(former) == is_compared
    assert all(then.weekday() == 0 and is_whole_week_in(then, now.before) for then in former)
    assert shifts(made.points) <= {round(length / 7) * 7}
    assert all(after - then == timedelta(days=7) for then, after in pairwise(former))


def shifts(points: Sequence[tuple[date, date | None]]) -> set[int]:
    return {(monday - then).days for monday, then in points if then}


@relaxed
@given(st.integers(-400, 400))
def test_the_first_week_is_the_one_of_the_first_day(start: int) -> None:
    monday = Comparison(period(start, start + 1), None).first_week
    assert monday.weekday() == 0
    assert 0 <= (day(start) - monday).days < 7


@pytest.mark.parametrize(
    ("loaded", "start", "end"),
    [
        ([(10, 50)], 1, 5),
        ([(0, 10), (20, 50)], 12, 15),
        ([(0, 10)], 10, None),
    ],
)
def test_days_of_which_none_is_loaded_are_an_error(
    loaded: list[tuple[int, int]], start: int, end: int | None
) -> None:
    periods = [Period(day(first), day(last)) for first, last in loaded]
    with pytest.raises(SettingError, match="loaded in full"):
        compare(periods, day(start), None if end is None else day(end))


def test_an_end_between_loaded_days_is_the_last_one_before_it() -> None:
    loaded = [Period(day(0), day(40)), Period(day(60), day(130))]
    made = compare(loaded, None, day(50))
    assert made.now == Period(day(26), day(40))
    assert made.before == Period(day(12), day(26))
