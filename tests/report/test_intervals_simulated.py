"""How often a change is called more than chance, over visitors who search in bundles."""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import NamedTuple

import pytest

from coveo_source.report.intervals import Interval, difference
from tests.report.visitors import Pairs, count_of, mean_of, share_of

COMPARISONS = 600


class Visits(NamedTuple):
    """The visitors of a period: clicks and searches, and ranks and clicks, of each."""

    clicked: Pairs
    ranked: Pairs


def visits(random: Random, visitors: float, taste: float, depth: float) -> Visits:
    """Makes the visitors of one period, each of whom has habits.

    visitors: how many there are on average
    taste: the share of searches with a click, on average
    depth: how much lower than the first one clicked results are
    """
    clicked, ranked, time = [], [], random.expovariate(1)
    while time < visitors:
        time += random.expovariate(1)
        searches = 1 + int(random.expovariate(0.4))
        habit, patience = random.betavariate(2 * taste, 2 * (1 - taste)), random.random() * depth
        clicks = sum(random.random() < habit for _ in range(searches))
        clicked.append((clicks, searches))
        ranked.append(
            (sum(1 + int(random.expovariate(1) * patience) for _ in range(clicks)), clicks)
        )
    return Visits(clicked, ranked)


@cache
def same() -> list[tuple[Visits, Visits]]:
    """Pairs of periods that only chance sets apart."""
    random = Random(20260302)
    return [(visits(random, 150, 0.4, 3), visits(random, 150, 0.4, 3)) for _ in range(COMPARISONS)]


@cache
def different() -> list[tuple[Visits, Visits]]:
    """Pairs of periods of which the first has more of everything."""
    random = Random(20260309)
    return [(visits(random, 260, 0.6, 6), visits(random, 150, 0.4, 3)) for _ in range(100)]


def searches(period: Visits) -> Interval:
    return count_of([whole for _, whole in period.clicked])


def clickthrough(period: Visits) -> Interval | None:
    return share_of(period.clicked)


def rank(period: Visits) -> Interval | None:
    return mean_of(period.ranked)


def careless_clickthrough(period: Visits) -> Interval | None:
    """Takes every search for one of another visitor."""
    return share_of(
        [(int(number < part), 1) for part, whole in period.clicked for number in range(whole)]
    )


def careless_searches(period: Visits) -> Interval:
    return count_of([1] * sum(whole for _, whole in period.clicked))


Measure = Callable[[Visits], Interval | None]
MEASURES: list[Measure] = [searches, clickthrough, rank]


def called(pairs: list[tuple[Visits, Visits]], measure: Measure) -> list[Interval]:
    """Returns the changes that are called more than chance."""
    changes = [difference(measure(now), measure(before)) for now, before in pairs]
    return [change for change in changes if change and not change.is_noise]


@pytest.mark.parametrize("measure", MEASURES)
def test_about_one_in_twenty_changes_by_chance_is_called_more_than_that(measure: Measure) -> None:
    share = len(called(same(), measure)) / COMPARISONS
    assert 0.02 <= share <= 0.08


@pytest.mark.parametrize("measure", MEASURES)
def test_a_large_change_is_nearly_always_called_more_than_chance(measure: Measure) -> None:
    found = called(different(), measure)
    assert len(found) >= 0.95 * len(different())
    assert all(change.value > 0 for change in found)


@pytest.mark.parametrize("measure", [careless_searches, careless_clickthrough])
def test_taking_searches_for_visitors_would_call_too_many(measure: Measure) -> None:
    assert len(called(same(), measure)) / COMPARISONS > 0.1
