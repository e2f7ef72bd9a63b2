"""From two runs to a billion events: what grows with the day, and what with the history."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .counted import Counts, Day, Statement
from .scanned import billed, scans

EVENTS = 1e9
DAYS = 730
"""A history of so many events in so many days."""

MONTH = 30
"""The days of which rows are read where a warehouse skips those of another time."""

LAID_OUT_BY = ("event_day", "day", "week", "datetime")
"""The columns of time that tables are laid out by; a table by the first that it has."""

CORRELATED = {*LAID_OUT_BY, "event_week", "_dlt_load_id"}
"""The columns that rise with that time."""

WAREHOUSES = ("BigQuery", "Snowflake", "Databricks")
STATISTICS = 32
"""Columns of a table of which Databricks keeps the least and the greatest value in each file."""

Key = tuple[str, ...]
"""What statements are added up by: the step and the table, and perhaps what they do to it."""


class Total(NamedTuple):
    """What some statements count together.

    short, long: after the short and after the long history
    paper: rows that the warehouses read at a billion events
    billed: bytes that BigQuery bills then
    """

    short: Counts
    long: Counts
    paper: Sequence[float]
    billed: float


class Scale:
    """Two runs, and what follows from them for a billion events."""

    def __init__(self, short: Day, long: Day) -> None:
        self.short, self.long = short, long
        growth = EVENTS / (long.history + long.events)
        self.rows = {
            name: (size.rows * growth, size.rows * growth * MONTH / DAYS)
            for name, size in long.sizes.items()
        }
        self.columns = {name: size.columns for name, size in long.sizes.items()}
        self.laid_out_by = {
            name: next(each for each in LAID_OUT_BY if each in columns)
            for name, columns in self.columns.items()
            if not columns.keys().isdisjoint(LAID_OUT_BY) and "staging" not in name
        }

    def times(self, warehouse: str) -> dict[str, set[str]]:
        """Returns the columns by which a warehouse skips rows, by table."""
        found = {name: {time} for name, time in self.laid_out_by.items()}
        for name in found if warehouse != "BigQuery" else ():
            count = STATISTICS if warehouse == "Databricks" else None
            found[name] |= CORRELATED.intersection([*self.columns[name]][:count])
        return found

    def parts(self, short: float, long: float) -> tuple[float, float]:
        """Returns what is counted for each event of the day, and for each of the history."""
        slope = max(0.0, (long - short) / (self.long.history - self.short.history))
        return (long - slope * self.long.history) / self.long.events, slope

    def at_scale(self, short: float, long: float) -> float:
        """Returns what would be counted after a billion events."""
        day, history = self.parts(short, long)
        return day * EVENTS / DAYS + history * EVENTS

    def totals(self, key: Callable[[Statement], Key]) -> dict[Key, Total]:
        """Returns the totals of statements, by a key."""
        short, long = (_added(run.statements, key) for run in (self.short, self.long))
        paper: dict[Key, list[float]] = defaultdict(lambda: [0.0] * (len(WAREHOUSES) + 1))
        for place, warehouse in enumerate(WAREHOUSES):
            times = self.times(warehouse)
            for statement in self.long.statements:
                found = list(scans(statement.text, times))
                rows = sum(self.rows[scan.table][scan.in_part] for scan in found)
                paper[key(statement)][place] += rows
                if warehouse == "BigQuery":
                    paper[key(statement)][-1] += billed(found, self.rows, self.columns)
        nothing = Counts(0, 0, 0, 0)
        return {
            each: Total(short.get(each, nothing), counts, paper[each][:-1], paper[each][-1])
            for each, counts in long.items()
        }


def _added(statements: Iterable[Statement], key: Callable[[Statement], Key]) -> dict[Key, Counts]:
    totals: dict[Key, Counts] = {}
    for statement in statements:
        before = totals.get(key(statement), Counts(0, 0, 0, 0))
        totals[key(statement)] = Counts(*map(sum, zip(before, statement.counts, strict=True)))
    return totals
