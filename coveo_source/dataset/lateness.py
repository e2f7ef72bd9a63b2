"""What a look-back brings of a time that was loaded before: rows that are late, changed or gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dlt

from ..exports import Window, common_windows
from ..tables import TABLES
from .ages import Ages, ByAge, within
from .changes import Contents, changed_rows, held_contents
from .ledger import Ledger
from .sql import DatasetSql, open_dataset


@dataclass(frozen=True)
class HeldRows:
    """What a dataset held of a table before a load.

    windows: the parts of the load's window that had been loaded before
    ages: measured from the end of all that had been loaded; None if nothing had
    counts: the numbers of the rows in these windows, by age
    contents: what they held; None if that is not compared
    """

    windows: tuple[Window, ...] = ()
    ages: Ages | None = None
    counts: Mapping[int, int] | None = None
    contents: Contents | None = None


@dataclass
class LookBack:
    """What a load brought of a time that was loaded before: rows by table, and then by age in days.

    late: rows that were not there then
    changed: rows that were there with other content; without the tables that nobody has compared
    gone: rows that are there and not, or no longer, in the export
    """

    late: dict[str, ByAge] = field(default_factory=dict)
    changed: dict[str, ByAge] = field(default_factory=dict)
    gone: dict[str, ByAge] = field(default_factory=dict)

    @property
    def late_days(self) -> int | None:
        """The age of the oldest row that was late; None if none was."""
        return max((days for ages in self.late.values() for days in ages), default=None)

    def rows(self) -> list[dict[str, Any]]:
        """Returns one object for each table and age of which there is anything to tell."""
        kinds = {"late": self.late, "changed": self.changed, "gone": self.gone}
        return [
            {"table": table, "days": days}
            | {kind: found[table].get(days, 0) for kind, found in kinds.items() if table in found}
            for table in TABLES
            for days in sorted({days for found in kinds.values() for days in found.get(table, ())})
        ]


def held_rows(
    pipeline: dlt.Pipeline, ledger: Ledger, window: Window, tables: Iterable[str]
) -> dict[str, HeldRows]:
    """Returns what the dataset holds of a window that is to be loaded, by table.

    ledger: what was loaded before
    """
    before = {table: tuple(common_windows(ledger.proved(table), window)) for table in tables}
    if not any(before.values()):
        return {table: HeldRows() for table in before}
    with open_dataset(pipeline) as dataset:
        if dataset is None:
            return {}
        columns = dataset.columns(*before)
        return {
            table: _held(dataset, ledger, table, columns[table], windows)
            for table, windows in before.items()
            # of a table that somebody has dropped nobody knows what is late
            if columns[table] or not windows
        }


def _held(
    dataset: DatasetSql, ledger: Ledger, table: str, columns: list[str], windows: tuple[Window, ...]
) -> HeldRows:
    if not windows:
        return HeldRows()
    ages = Ages(ledger.proved(table)[-1].end)
    counts = _count(dataset, table, ages, windows)
    contents = held_contents(dataset, table, columns, windows, sum(counts.values()))
    return HeldRows(windows, ages, counts, contents)


def late_rows(dataset: DatasetSql, table: str, held: HeldRows) -> ByAge:
    """Returns how many rows were not there before the load, by their age.

    An event whose time has changed may leave a window, so that fewer rows are there than before.
    """
    if not held.ages or held.counts is None:
        return {}
    now = _count(dataset, table, held.ages, held.windows)
    came = {age: rows - held.counts.get(age, 0) for age, rows in now.items()}
    return {age: rows for age, rows in came.items() if rows > 0}


def changes(dataset: DatasetSql, table: str, load_id: str, held: HeldRows) -> ByAge | None:
    """Returns how many rows a load has changed, by their age; None if nobody has compared them."""
    if not held.ages:
        return {}
    if held.contents is None:
        return None
    return changed_rows(dataset, table, load_id, held.windows, held.ages, held.contents)


def _count(dataset: DatasetSql, table: str, ages: Ages, windows: tuple[Window, ...]) -> ByAge:
    condition, values = within(dataset, windows)
    return ages.count(dataset, table, windows[0].start, condition, *values)
