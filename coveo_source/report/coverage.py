"""What a dataset holds: from when to when, according to its own table `exports`."""

from functools import reduce

from ..dataset import Ledger
from ..exports import Window, common_windows, merge_windows
from ..tables import EVENT_TABLES


def loaded_windows(ledger: Ledger) -> list[Window]:
    """Returns the times for which all tables of events are loaded, as disjoint windows.

    A table that was never loaded does not count: somebody left it out.
    """
    by_table = [windows for table in EVENT_TABLES if (windows := _windows(ledger, table))]
    return reduce(_intersection, by_table) if by_table else []


def _windows(ledger: Ledger, table: str) -> list[Window]:
    # what was loaded without proof is told elsewhere on the page
    return merge_windows([*ledger.proved(table), *ledger.unproved(table)])


def _intersection(some: list[Window], others: list[Window]) -> list[Window]:
    return merge_windows(part for window in others for part in common_windows(some, window))
