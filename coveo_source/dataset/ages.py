"""How far behind rows are: whole days between them and the end of what had been loaded before.

That is what the look-back is measured from, so rows that are late by 0 days need a look-back of one
day, and so on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from ..exports import Window
from ..tables import CURSOR
from .sql import DatasetSql

OLDEST = 99
"""Days; all that is older counts as this old."""
_DAY = timedelta(days=1)

ByAge = dict[int, int]
"""Numbers of rows by their age in days."""


@dataclass(frozen=True)
class Ages:
    """The ages of the rows of a table.

    end: up to where the table had been loaded; rows after it have the age 0
    """

    end: datetime

    def sql(self, dataset: DatasetSql, start: datetime) -> tuple[str, list[datetime]]:
        """Returns the expression for the age of a row, and the values in it.

        start: the time of the oldest row
        """
        oldest = min(max((self.end - start) // _DAY, 0), OLDEST)
        if not oldest:
            return "0", []
        time = dataset.column(CURSOR)
        cases = " ".join(f"when {time} >= %s then {age}" for age in range(oldest))
        # all databases compare times, but each computes with them in its own way
        return f"case {cases} else {oldest} end", [
            self.end - (age + 1) * _DAY for age in range(oldest)
        ]

    def count(
        self, dataset: DatasetSql, table: str, start: datetime, where: str, *values: object
    ) -> ByAge:
        """Returns how many rows meet a condition, by their age; none if there is no such table.

        start: the time of the oldest of them
        values: those of the condition
        """
        age, bounds = self.sql(dataset, start)
        query = (
            f"select age, count(*) from (select {age} as age from {dataset.table(table)}"
            f" where {where}) as aged group by age"
        )
        found = dataset.rows(query, *bounds, *values)
        return {int(days): int(rows) for days, rows in sorted(found)}


def within(dataset: DatasetSql, windows: tuple[Window, ...]) -> tuple[str, list[datetime]]:
    """Returns the condition for the rows of some windows, and the values in it."""
    time = dataset.column(CURSOR)
    condition = " or ".join([f"{time} >= %s and {time} < %s"] * len(windows))
    return f"({condition})", list(chain.from_iterable(windows))
