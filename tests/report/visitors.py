"""Intervals of measures over visitors that are known one by one."""

from coveo_source.report.intervals import Interval, count_interval, mean_interval, share_interval

Pairs = list[tuple[int, int]]


def share_of(visitors: Pairs) -> Interval | None:
    """Returns the interval of a share; visitors: part and whole of each."""
    return share_interval(
        sum(part for part, _ in visitors),
        sum(whole for _, whole in visitors),
        len(visitors),
        sum(part**2 for part, _ in visitors),
        sum(whole**2 for _, whole in visitors),
        sum(part * whole for part, whole in visitors),
    )


def mean_of(visitors: Pairs) -> Interval | None:
    """Returns the interval of a mean; visitors: total and count of each."""
    return mean_interval(
        sum(total for total, _ in visitors),
        sum(count for _, count in visitors),
        len(visitors),
        sum(total**2 for total, _ in visitors),
        sum(count**2 for _, count in visitors),
        sum(total * count for total, count in visitors),
    )


def count_of(bundles: list[int]) -> Interval:
    return count_interval(sum(bundles), sum(bundle**2 for bundle in bundles))
