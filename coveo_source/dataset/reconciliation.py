"""Proves that the destination holds what the files held, and removes what Coveo no longer has.

Right after a load its rows carry its id, and a merge leaves one row for each key. So there must be
as many rows as there were different keys in the files. Any other rows of the window are gone at
Coveo; they stay, unless the window is to be replaced.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import dlt
from dlt.common.pipeline import LoadInfo

from ..exceptions import CountMismatch, UnsafeReplacement
from ..exports import Window
from ..tables import CURSOR, EXPORTS, TABLES
from .ages import ByAge
from .audit_tables import (
    BY_AGE,
    CHANGED,
    COUNTS,
    GONE,
    LATE,
    LATE_DAYS,
    LOADED,
    RECONCILED_AT,
    REPLACED,
)
from .lateness import HeldRows, LookBack, changes, late_rows
from .removal import begin_removal, remove_rows
from .sql import DatasetSql, open_dataset, utc

_SAFE_ROWS = 100
"""A window with fewer rows is replaced without asking."""
_MOST_GONE = 0.5
"""Above this share of a window's rows, a user has to say that they are to be removed."""


@dataclass
class Reconciliation:
    """What was found in the destination after loads, by table.

    loaded: rows of the loads
    gone: other rows of their windows, which their exports do not hold
    look_back: rows of a time that was loaded before, as far as they are known
    removed: whether those that are gone were removed
    """

    loaded: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    look_back: LookBack = field(default_factory=LookBack)
    removed: bool = False

    @property
    def late(self) -> dict[str, int]:
        """Rows that were not there when the same time was loaded before."""
        return _sums(self.look_back.late)

    @property
    def changed(self) -> dict[str, int]:
        """Rows that were there then with other content."""
        return _sums(self.look_back.changed)


@dataclass(frozen=True)
class _AuditRow:
    """A row of `exports`.

    keys: by table, for the tables that the export holds
    unread: by table, the records that are no rows, since they did not parse
    """

    export_id: str
    window: Window
    keys: dict[str, int]
    unread: dict[str, int]
    replaced: bool


def reconcile(
    pipeline: dlt.Pipeline,
    load_id: str,
    force: bool = False,
    held: Mapping[str, HeldRows] = MappingProxyType({}),
) -> Reconciliation:
    """Compares the destination with the audit trail of a load, and writes the counts into it.

    force: whether most rows of a window may be removed
    held: what the destination held of the window before the load of its only export, by table

    Raises:
        CountMismatch: with the table, the window and both counts
        UnsafeReplacement: if rows might be removed that are not to go
    """
    with open_dataset(pipeline) as dataset:
        if dataset is None:
            return Reconciliation()
        return _Load(dataset, load_id).reconcile(force, held)


def completed_loads(info: LoadInfo) -> list[str]:
    """Returns the ids of the packages that are loaded; after a signal, others are still pending."""
    return [package.load_id for package in info.load_packages if package.state == "loaded"]


class _Load:
    """One load, seen from the dataset."""

    def __init__(self, dataset: DatasetSql, load_id: str) -> None:
        self._dataset = dataset
        self._load_id = load_id
        self._exports = self._audit_rows()

    def reconcile(self, force: bool, held: Mapping[str, HeldRows]) -> Reconciliation:
        tables = [table for table in TABLES if any(table in each.keys for each in self._exports)]
        found = Reconciliation({table: self._count_loaded(table) for table in tables})
        # of several exports in one load, nobody can tell whose rows they are
        loaded = found.loaded if len(self._exports) == 1 else {}
        try:
            for table, rows in found.loaded.items():
                self._check_count(table, rows)
        except CountMismatch:
            for export in self._exports:
                self._record(export, _columns(LOADED, loaded))
            raise
        # before any row is removed
        self._look_back(found.look_back, held)
        for export in self._exports:
            gone = {
                table: self._count_gone(table, export.window, held.get(table), found.look_back)
                for table in export.keys
            }
            counts = (
                _columns(LOADED, loaded)
                | _columns(GONE, gone)
                | _look_back_columns(found.look_back)
            )
            self._conclude(export, {**counts, RECONCILED_AT: self._dataset.now()}, gone, force)
            for table, rows in gone.items():
                found.gone[table] = found.gone.get(table, 0) + rows
            found.removed = export.replaced
        return found

    def _look_back(self, found: LookBack, held: Mapping[str, HeldRows]) -> None:
        """Finds what the load brought of a time that was loaded before."""
        for table, rows in held.items():
            found.late[table] = late_rows(self._dataset, table, rows)
            changed = changes(self._dataset, table, self._load_id, rows)
            if changed is not None:
                found.changed[table] = changed

    def _conclude(
        self, export: _AuditRow, counts: dict[str, object], gone: dict[str, int], force: bool
    ) -> None:
        """Records the counts of an export, and removes what is gone if it is to be replaced."""
        if not export.replaced:
            self._record(export, counts)
            return
        if not force and (doubt := _doubt(export, gone)):
            # the load itself is whole: only the replacement is to be repeated
            self._record(export, {**counts, REPLACED: False})
            raise UnsafeReplacement(str(export.window), doubt)
        with self._dataset.transaction():
            if tables := [table for table, rows in gone.items() if rows]:
                removal = begin_removal(self._dataset, export.export_id)
                for table in tables:
                    values = (*export.window, self._load_id)
                    remove_rows(self._dataset, removal, table, self._is_gone, *values)
            self._record(export, counts)

    def _audit_rows(self) -> list[_AuditRow]:
        dataset = self._dataset
        columns = dataset.columns(EXPORTS)[EXPORTS]
        wanted = ["export_id", "window_start", "window_end", REPLACED]
        wanted += [f"{table}_{count}" for table in TABLES for count in COUNTS]
        known = [name for name in wanted if name in columns]
        query = f"select {', '.join(map(dataset.column, known))} from {dataset.table(EXPORTS)}"
        found = dataset.rows(f"{query} where _dlt_load_id = %s", self._load_id) if known else []
        rows: list[dict[str, Any]] = [
            dict.fromkeys(wanted) | dict(zip(known, row, strict=True)) for row in found
        ]
        return list(map(_audit_row, rows))

    def _count_loaded(self, table: str) -> int:
        query = f"select count(*) from {self._dataset.table(table)} where _dlt_load_id = %s"
        [(count,)] = self._dataset.rows(query, self._load_id) or [(0,)]
        return int(count)

    def _count_gone(
        self, table: str, window: Window, held: HeldRows | None, found: LookBack
    ) -> int:
        values = (*window, self._load_id)
        if held and held.ages:
            ages = held.ages.count(self._dataset, table, window.start, self._is_gone, *values)
            found.gone[table] = ages
            return sum(ages.values())
        query = f"select count(*) from {self._dataset.table(table)} where {self._is_gone}"
        [(count,)] = self._dataset.rows(query, *values) or [(0,)]
        return int(count)

    @property
    def _is_gone(self) -> str:
        """The condition for rows of a window that its load did not bring."""
        time = self._dataset.column(CURSOR)
        return f"{time} >= %s and {time} < %s and _dlt_load_id <> %s"

    def _check_count(self, table: str, rows: int) -> None:
        """Raises CountMismatch if a table does not have as many rows as the files had keys.

        Several exports of one load may share keys; then there are only a lower and an upper bound.
        """
        keys = [export.keys[table] for export in self._exports if table in export.keys]
        if not max(keys) <= rows <= sum(keys):
            window = Window(self._exports[0].window.start, self._exports[-1].window.end)
            raise CountMismatch(table, str(window), sum(keys), "keys were read", rows)

    def _record(self, export: _AuditRow, values: dict[str, object]) -> None:
        """Writes values into the audit row of an export; early versions have fewer columns."""
        known = self._dataset.columns(EXPORTS)[EXPORTS]
        values = {name: value for name, value in values.items() if name in known}
        if values:
            self._dataset.update(EXPORTS, values, "export_id = %s", export.export_id)


def _audit_row(row: Mapping[str, Any]) -> _AuditRow:
    tables = [table for table in TABLES if row[f"{table}_keys"] is not None]
    records, rows, erased = (
        {table: row[f"{table}_{count}"] or 0 for table in tables}
        for count in ("records", "rows", "erased")
    )
    return _AuditRow(
        row["export_id"],
        Window(utc(row["window_start"]), utc(row["window_end"])),
        {table: row[f"{table}_keys"] for table in tables},
        {table: records[table] - rows[table] - erased[table] for table in tables},
        bool(row[REPLACED]),
    )


def _columns(suffix: str, counts: dict[str, int]) -> dict[str, object]:
    """Returns counts by the columns of `exports` that they belong to."""
    return {f"{table}_{suffix}": rows for table, rows in counts.items()}


def _look_back_columns(found: LookBack) -> dict[str, object]:
    """Returns what was found of a time that was loaded before, by the columns of `exports`."""
    if not found.late:
        return {}
    return {
        **_columns(LATE, _sums(found.late)),
        **_columns(CHANGED, _sums(found.changed)),
        LATE_DAYS: found.late_days,
        BY_AGE: json.dumps(found.rows()),
    }


def _sums(by_age: Mapping[str, ByAge]) -> dict[str, int]:
    return {table: sum(ages.values()) for table, ages in by_age.items()}


def _doubt(export: _AuditRow, gone: Mapping[str, int]) -> str | None:
    """Returns why to ask before rows are removed, as a sentence; None if there is no doubt.

    Each table is looked at, too: if a file was missing, all rows of one would go.
    """
    held = export.keys
    for table, rows in gone.items():
        if rows and export.unread[table]:
            return (
                f"{export.unread[table]:,} records of {table} could not be read (see"
                f" rejected_rows), and may be the {rows:,} rows here that the export does not hold."
            )
    tables = {table: (gone[table], held[table] + gone[table]) for table in gone}
    everything = {"rows": (sum(gone.values()), sum(held.values()) + sum(gone.values()))}
    for what, (lost, total) in {**everything, **tables}.items():
        if total >= _SAFE_ROWS and lost > _MOST_GONE * total:
            return (
                f"Coveo's export no longer has {lost:,} of the {total:,} {what} that it holds here."
                " Check the filters and the export."
            )
    return None
