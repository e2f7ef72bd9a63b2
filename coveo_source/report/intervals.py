"""How far a measure, and its change between two periods, may be chance.

Visitors are what varies: the searches of one visitor are alike, so an interval over searches would
be too narrow. All intervals are for a confidence of 95 %.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Any, NamedTuple

_Z = 1.96
"""Standard errors on each side of an interval."""


class Interval(NamedTuple):
    """A value, and between what it lies if what was counted is a sample."""

    value: float
    low: float
    high: float

    @property
    def is_noise(self) -> bool:
        """True of a difference that may as well be none."""
        return self.low <= 0 <= self.high


def count_interval(total: float, squares: float) -> Interval:
    """Returns the interval of a count whose parts come in bundles, such as searches of visitors.

    It is the score interval of a Poisson count of bundles, so it holds for small ones too.

    squares: sum of the squared bundles; equal to the total if each holds one
    """
    bundle = squares / total if total else 1.0
    bundles = total / bundle
    middle, reach = bundles + _Z**2 / 2, _Z * sqrt(bundles + _Z**2 / 4)
    return Interval(total, bundle * (middle - reach), bundle * (middle + reach))


def share_interval(  # noqa: PLR0913, RUF100
    part: float, whole: float, units: float, part_squares: float, whole_squares: float, both: float
) -> Interval | None:
    """Returns the interval of a share by Wilson's formula; None of nothing.

    The sample counts for as many independent cases as the variance between visitors says, but for
    no more than there are.

    units: number of visitors
    part_squares, whole_squares, both: sums over visitors of part², whole² and part · whole
    """
    if not whole or not units:
        return None
    share = part / whole
    error = _ratio_error(share, whole, units, part_squares, whole_squares, both)
    binomial = share * (1 - share)
    cases = min(binomial / error**2, whole) if error and binomial else min(units, whole)
    middle = (share + _Z**2 / (2 * cases)) / (1 + _Z**2 / cases)
    reach = _Z * sqrt(binomial / cases + _Z**2 / (4 * cases**2)) / (1 + _Z**2 / cases)
    return Interval(share, max(min(middle - reach, share), 0.0), min(max(middle + reach, share), 1))


def mean_interval(  # noqa: PLR0913, RUF100
    total: float, count: float, units: float, total_squares: float, squares: float, both: float
) -> Interval | None:
    """Returns the interval of a mean over visitors, as the model `ab_tests` has it.

    None of nothing, and of a single visitor, who says nothing about others.

    units: number of visitors
    total_squares, squares, both: sums over visitors of total², count² and total · count
    """
    if not count or units < 2:
        return None
    mean = total / count
    reach = _Z * _ratio_error(mean, count, units, total_squares, squares, both)
    return Interval(mean, mean - reach, mean + reach)


def rank_interval(row: Mapping[str, Any]) -> Interval | None:
    """Returns the interval of the average rank, from sums over visitors as `ab_tests` has them."""
    return mean_interval(
        row["click_rank_sum"],
        row["ranked_clicks"],
        row["visitors"],
        row["rank_sum_squared"],
        row["ranked_squared"],
        row["ranked_by_rank_sum"],
    )


def difference(now: Interval | None, before: Interval | None) -> Interval | None:
    """Returns the interval of a change, from those of both periods (Newcombe's, or MOVER)."""
    if now is None or before is None:
        return None
    value = now.value - before.value
    down = sqrt((now.value - now.low) ** 2 + (before.high - before.value) ** 2)
    up = sqrt((now.high - now.value) ** 2 + (before.value - before.low) ** 2)
    return Interval(value, value - down, value + up)


def _ratio_error(  # noqa: PLR0913, RUF100
    ratio: float, base: float, units: float, squares: float, base_squares: float, both: float
) -> float:
    """Returns the standard error of a ratio of two sums over visitors; 0 of a single one."""
    if units < 2:
        return 0.0
    spread = squares - 2 * ratio * both + ratio**2 * base_squares
    return sqrt(units / (units - 1) * max(spread, 0.0)) / base
