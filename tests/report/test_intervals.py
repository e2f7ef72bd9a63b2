"""Intervals of measures and of their changes."""

from math import isclose

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coveo_source.report.intervals import Interval, count_interval, difference
from tests.exports.window_strategies import relaxed
from tests.report.visitors import Pairs, count_of, mean_of, share_of
from tests.sql.intervals import ratio, wilson

TINY = 1e-9
"""What rounding may do."""

sizes = st.integers(1, 60)
pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=30)
parts_of_wholes = st.lists(
    sizes.flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))), max_size=30
)
intervals = st.tuples(*[st.floats(-1e6, 1e6)] * 3).map(
    lambda three: Interval(sorted(three)[1], min(three), max(three))
)


@relaxed
@given(st.lists(sizes, max_size=40))
def test_a_count_is_inside_its_interval_which_is_not_below_nothing(bundles: list[int]) -> None:
    count = count_of(bundles)
    assert count.value == sum(bundles)
    assert -TINY <= count.low <= count.value + TINY
    assert count.low < count.high
    assert count.value < count.high


@relaxed
@given(st.integers(0, 10**6))
def test_the_interval_of_single_events_is_the_score_interval_of_poisson(events: int) -> None:
    low, high = count_interval(events, events)[1:]
    # where a Poisson count with this mean is just 1.96 standard deviations away
    for end in (low, high):
        assert isclose((events - end) ** 2, 1.96**2 * end, rel_tol=1e-6, abs_tol=1e-6)


@relaxed
@given(st.integers(1, 1000), st.integers(2, 50))
def test_a_count_in_bundles_is_as_uncertain_as_that_of_the_bundles(bundles: int, size: int) -> None:
    single, bundled = count_of([1] * bundles), count_of([size] * bundles)
    for plain, scaled in zip(single, bundled, strict=True):
        assert isclose(size * plain, scaled, rel_tol=TINY, abs_tol=TINY)


@relaxed
@given(parts_of_wholes)
def test_a_share_is_inside_its_interval_and_both_between_0_and_1(visitors: Pairs) -> None:
    share = share_of(visitors)
    assert (share is None) == (not visitors)
    if share:
        assert 0 <= share.low <= share.value <= share.high <= 1
        assert share.low < share.high


@relaxed
@given(parts_of_wholes.filter(bool))
def test_a_share_is_never_surer_than_that_of_independent_cases(visitors: Pairs) -> None:
    share = share_of(visitors)
    assert share
    low, high = wilson(sum(part for part, _ in visitors), sum(whole for _, whole in visitors))
    assert share.low <= low + TINY
    assert share.high >= high - TINY


@relaxed
@given(st.integers(1, 1000), st.integers(1, 30), st.booleans())
def test_a_share_of_none_or_all_counts_visitors_as_cases(
    visitors: int, searches: int, is_all: bool
) -> None:
    share = share_of([(searches * is_all, searches)] * visitors)
    assert share
    low, high = wilson(visitors * is_all, visitors)
    assert isclose(share.low, max(low, 0), abs_tol=TINY)
    assert isclose(share.high, min(high, 1), abs_tol=TINY)


@pytest.mark.parametrize(("part", "searches"), [(3, 10), (500, 1000)])
def test_a_single_visitor_is_one_case_however_many_searches(part: int, searches: int) -> None:
    share = share_of([(part, searches)])
    assert share
    middle = (part / searches + 1.96**2 / 2) / (1 + 1.96**2)
    assert isclose((share.low + share.high) / 2, middle, rel_tol=TINY)
    assert share.high - share.low > 0.7


@relaxed
@given(pairs)
def test_a_mean_is_that_of_the_reference(visitors: Pairs) -> None:
    mean, reference = mean_of(visitors), ratio(visitors)
    assert (mean is None) == (reference is None)
    if mean and reference:
        assert mean.low <= mean.value <= mean.high
        size = 1 + abs(reference[0]) + abs(reference[1])
        assert isclose(mean.low, reference[0], rel_tol=1e-6, abs_tol=1e-6 * size)
        assert isclose(mean.high, reference[1], rel_tol=1e-6, abs_tol=1e-6 * size)


@pytest.mark.parametrize("visitors", [[], [(0, 0), (0, 0)]])
def test_nothing_has_neither_a_share_nor_a_mean(visitors: Pairs) -> None:
    assert share_of(visitors) is None
    assert mean_of(visitors) is None


def test_a_single_visitor_has_no_mean() -> None:
    assert mean_of([(7, 3)]) is None
    assert mean_of([(7, 3), (5, 3)]) is not None


@relaxed
@given(intervals, intervals)
def test_a_change_the_other_way_round_is_its_mirror_image(now: Interval, before: Interval) -> None:
    there, back = difference(now, before), difference(before, now)
    assert there
    assert back
    assert (there.value, there.low, there.high) == (-back.value, -back.high, -back.low)
    assert there.is_noise == back.is_noise
    assert there.low <= there.value <= there.high


@relaxed
@given(intervals)
def test_no_change_is_noise(same: Interval) -> None:
    change = difference(same, same)
    assert change
    assert change.value == 0
    assert change.is_noise


@relaxed
@given(intervals, intervals)
def test_a_change_is_less_sure_than_each_of_its_periods_and_no_less_than_both(
    now: Interval, before: Interval
) -> None:
    change = difference(now, before)
    assert change
    assume(now.high - now.low > 1e-3 and before.high - before.low > 1e-3)
    up = change.high - change.value
    assert up >= max(now.high - now.value, before.value - before.low) - 1e-6
    assert up <= (now.high - now.value) + (before.value - before.low) + 1e-6


def test_without_one_of_the_periods_there_is_no_change() -> None:
    some = Interval(1, 0, 2)
    assert difference(some, None) is None
    assert difference(None, some) is None


def test_an_unlimited_mean_makes_every_change_noise() -> None:
    unlimited = Interval(5, -float("inf"), float("inf"))
    change = difference(unlimited, Interval(1, 0.9, 1.1))
    assert change == Interval(4, -float("inf"), float("inf"))
    assert change.is_noise


@pytest.mark.parametrize(
    ("low", "high", "is_noise"),
    [(-1, 1, True), (0, 1, True), (-1, 0, True), (0.1, 1, False), (-1, -0.1, False)],
)
def test_a_change_is_noise_if_it_may_be_none(low: float, high: float, is_noise: bool) -> None:
    assert Interval((low + high) / 2, low, high).is_noise == is_noise
