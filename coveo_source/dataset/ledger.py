"""What a dataset really holds, read from its table `exports`.

The state that dlt keeps says what was asked for; a row of `exports` whose counts were compared with
the destination says what is there. Where they disagree, this is right.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..exports import Window, merge_windows, subtract_window
from ..tables import EXPORTS, TABLES
from .audit_tables import BACKFILL, LOADED, RECONCILED_AT, REPLACED, VERSION
from .sql import DatasetSql, utc


@dataclass(frozen=True)
class LoadedExport:
    """One export that was loaded.

    is_complete: whether its load has ended
    is_counted: whether the rows in the dataset were compared with those of the export, and agreed
    is_former: whether an early version loaded it, which did not compare every load
    backfill: the id of the backfill that it is part of; None for others
    replaced: whether rows that Coveo no longer has were removed
    """

    id: str
    window: Window
    tables: tuple[str, ...]
    load_id: str
    is_complete: bool = True
    is_counted: bool = True
    is_former: bool = False
    backfill: str | None = None
    replaced: bool = False

    @property
    def is_proved(self) -> bool:
        """True if the dataset held exactly its rows after the load, as far as anybody knows."""
        return self.is_complete and (self.is_counted or self.is_former)


class Ledger:
    """All exports that were ever loaded into a dataset, in the order of their loads.

    unloaded: tables without a row of any complete load, as after a full refresh that was broken off
    """

    def __init__(self, exports: Iterable[LoadedExport] = (), unloaded: Iterable[str] = ()) -> None:
        self.exports = sorted(exports, key=lambda export: float(export.load_id))
        self._unloaded = frozenset(unloaded)

    @property
    def proved_ids(self) -> frozenset[str]:
        """The ids of the exports whose rows are all there."""
        return frozenset(export.id for export in self.exports if export.is_proved)

    def proved(self, table: str) -> list[Window]:
        """Returns the windows of a table that are proved to be loaded, oldest first."""
        return self._windows(table)[0]

    def unproved(self, table: str) -> list[Window]:
        """Returns the windows of a table that were loaded last without proof, oldest first."""
        return self._windows(table)[1]

    def knows(self, table: str) -> bool:
        """Returns True if it is certain what is loaded of a table: some exports, or nothing."""
        return table in self._unloaded or any(table in each.tables for each in self.exports)

    @property
    def end(self) -> datetime | None:
        """The end of the latest window that is proved for any table; None without one."""
        ends = [window.end for table in TABLES for window in self.proved(table)[-1:]]
        return max(ends, default=None)

    @property
    def history(self) -> list[Window]:
        """What is proved for any table, as disjoint windows, oldest first."""
        return merge_windows(window for table in TABLES for window in self.proved(table))

    def without_backfills(self) -> "Ledger":
        """Returns the exports that are not part of a backfill."""
        return Ledger(export for export in self.exports if not export.backfill)

    @property
    def uncounted_loads(self) -> list[str]:
        """The loads whose rows are still to be compared with those of their exports."""
        newest = self.exports[-1].load_id if self.exports else None
        return list(
            dict.fromkeys(
                export.load_id
                for export in self.exports
                if export.is_complete
                and not export.is_counted
                and (self._is_open(export) or export.load_id == newest)
            )
        )

    def _is_open(self, export: LoadedExport) -> bool:
        """Returns True if a window of an export was not proved since, by another one."""
        return any(
            subtract_window(windows, export.window) != windows
            for windows in map(self.unproved, export.tables)
        )

    def of_backfill(self, backfill: str, replaced: bool) -> "Ledger":
        """Returns the exports of a backfill that are done.

        replaced: whether being done includes that rows were removed
        """
        return Ledger(
            export
            for export in self.exports
            if export.backfill == backfill
            and export.is_proved
            and (export.replaced or not replaced)
        )

    def _windows(self, table: str) -> tuple[list[Window], list[Window]]:
        proved: list[Window] = []
        unproved: list[Window] = []
        for export in self.exports:
            if table in export.tables:
                gains, loses = (proved, unproved) if export.is_proved else (unproved, proved)
                gains[:] = merge_windows([*gains, export.window])
                loses[:] = subtract_window(loses, export.window)
        return proved, unproved


def read_ledger(dataset: DatasetSql | None) -> Ledger:
    """Reads the exports of a dataset; none if there is no such dataset, or no SQL."""
    if not dataset:
        return Ledger()
    exports = _loaded_exports(dataset)
    known = {table for export in exports for table in export.tables}
    return Ledger(exports, _unloaded(dataset, [table for table in TABLES if table not in known]))


def _loaded_exports(dataset: DatasetSql) -> list[LoadedExport]:
    columns = dataset.columns(EXPORTS)[EXPORTS]
    if not columns:
        return []
    keys = [f"{table}_keys" for table in TABLES]
    loaded = [f"{table}_{LOADED}" for table in TABLES]
    wanted = ["export_id", "window_start", "window_end", "tables", "_dlt_load_id", RECONCILED_AT]
    wanted += [*keys, *loaded, VERSION, BACKFILL, REPLACED]
    known = [name for name in wanted if name in columns]
    query = f"select {', '.join(map(dataset.column, known))} from {dataset.table(EXPORTS)}"
    complete = _complete_loads(dataset)
    found = [dict(zip(known, row, strict=True)) for row in dataset.rows(query)]
    return [_loaded_export(dict.fromkeys(wanted) | row, complete) for row in found]


def _unloaded(dataset: DatasetSql, tables: Iterable[str]) -> Iterator[str]:
    """Yields those tables that have no row of a complete load."""
    complete = f"select load_id from {dataset.table('_dlt_loads')} where status = 0"
    for table, columns in dataset.columns(*tables).items():
        # a pipeline may be configured not to write the column
        if columns and "_dlt_load_id" not in columns:
            continue
        query = f"select 1 from {dataset.table(table)} where _dlt_load_id in ({complete}) limit 1"
        if not dataset.rows(query):
            yield table


def _complete_loads(dataset: DatasetSql) -> set[str]:
    query = f"select load_id from {dataset.table('_dlt_loads')} where status = 0"
    return {load_id for (load_id,) in dataset.rows(query)}


def _loaded_export(row: dict[str, Any], complete: set[str]) -> LoadedExport:
    counts = [(row[f"{table}_{LOADED}"], row[f"{table}_keys"]) for table in TABLES]
    # early versions also wrote down counts that differed
    agree = all(None in each or each[0] == each[1] for each in counts)
    return LoadedExport(
        id=row["export_id"],
        window=Window(utc(row["window_start"]), utc(row["window_end"])),
        tables=tuple(row["tables"].split(",")),
        load_id=row["_dlt_load_id"],
        is_complete=row["_dlt_load_id"] in complete,
        is_counted=row[RECONCILED_AT] is not None and agree,
        is_former=row[VERSION] is None and agree,
        backfill=row[BACKFILL],
        replaced=bool(row[REPLACED]),
    )
