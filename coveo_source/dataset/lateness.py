"""Late rows: those that a window brings although it was loaded before, because they came since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dlt

from ..exports import Window, common_windows
from ..tables import CURSOR
from .ledger import Ledger
from .sql import DatasetSql, open_dataset


@dataclass(frozen=True)
class HeldRows:
    """What a dataset held of a table before a load.

    windows: the parts of the load's window that had been loaded before
    count: the number of their rows
    """

    windows: tuple[Window, ...]
    count: int


def held_rows(
    pipeline: dlt.Pipeline, ledger: Ledger, window: Window, tables: Iterable[str]
) -> dict[str, HeldRows]:
    """Returns what the dataset holds of a window that is to be loaded, by table.

    ledger: what was loaded before
    """
    before = {table: tuple(common_windows(ledger.proved(table), window)) for table in tables}
    if not any(before.values()):
        return {table: HeldRows((), 0) for table in before}
    with open_dataset(pipeline) as dataset:
        if dataset is None:
            return {}
        columns = dataset.columns(*before)
        return {
            table: HeldRows(windows, _count(dataset, table, windows))
            for table, windows in before.items()
            if not windows or columns[table]
        }


def late_rows(dataset: DatasetSql, held: Mapping[str, HeldRows]) -> dict[str, int]:
    """Returns how many rows were not there before the load, by table.

    An event whose time has changed may leave a window, so that fewer rows are there than before.
    """
    return {
        table: max(_count(dataset, table, rows.windows) - rows.count, 0)
        for table, rows in held.items()
    }


def _count(dataset: DatasetSql, table: str, windows: Iterable[Window]) -> int:
    time = dataset.column(CURSOR)
    query = f"select count(*) from {dataset.table(table)} where {time} >= %s and {time} < %s"
    return sum(int(rows[0][0]) for window in windows for rows in [dataset.rows(query, *window)])
