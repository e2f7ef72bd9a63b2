"""Late rows: those that a window brings although it was loaded before, because they came since."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

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
        counts = {table: _count(dataset, table, windows) for table, windows in before.items()}
        return {
            table: HeldRows(before[table], count)
            for table, count in counts.items()
            if count is not None
        }


def late_rows(dataset: DatasetSql, held: Mapping[str, HeldRows]) -> dict[str, int]:
    """Returns how many rows were not there before the load, by table.

    An event whose time has changed may leave a window, so that fewer rows are there than before.
    """
    return {
        table: max((_count(dataset, table, rows.windows) or 0) - rows.count, 0)
        for table, rows in held.items()
    }


def _count(dataset: DatasetSql, table: str, windows: Sequence[Window]) -> int | None:
    """Returns the number of rows in some windows; None if there is no such table."""
    if not windows:
        return 0
    time = dataset.column(CURSOR)
    within = " or ".join([f"{time} >= %s and {time} < %s"] * len(windows))
    query = f"select count(*) from {dataset.table(table)} where {within}"
    [(count,)] = dataset.rows(query, *chain.from_iterable(windows)) or [(None,)]
    return None if count is None else int(count)
