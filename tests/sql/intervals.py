"""Confidence intervals of 95 %, from the textbook's formulas."""

from collections.abc import Sequence
from math import sqrt

Z = 1.96


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Returns Wilson's interval of a share."""
    p, n = part / whole, whole
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    margin = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return middle - margin, middle + margin


def ratio(pairs: Sequence[tuple[int, int]]) -> tuple[float, float] | None:
    """Returns the interval of a ratio of sums over visitors; None if too little is known.

    pairs: the numerator and denominator of each visitor
    """
    n, whole = len(pairs), sum(y for _, y in pairs)
    if n < 2 or not whole:
        return None
    r = sum(x for x, _ in pairs) / whole
    error = sqrt(n / (n - 1) * sum((x - r * y) ** 2 for x, y in pairs)) / whole
    return r - Z * error, r + Z * error
