"""The source's state: what a pipeline remembers between runs.

dlt keeps it in the destination, with a cursor for each table. The source adds whose data the
pipeline holds, and all windows ever loaded: a table that is added later catches up with them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from ..dataset import Ledger
from ..exceptions import PipelineMismatch
from ..exports import Window, merge_windows, subtract_window, window_between
from ..settings import Settings
from ..tables import CURSOR, SOURCE, TABLES

_NEVER = datetime.min.replace(tzinfo=timezone.utc)
_FOR_EVER = datetime.max.replace(tzinfo=timezone.utc)


class PipelineState:
    """The source's part of a pipeline's state.

    state: dlt's own dictionary; changes to it are kept only while an extract is running
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    @classmethod
    def of_pipeline(cls, state: Any) -> "PipelineState":
        """Reads it from the whole state of a pipeline, outside of an extract."""
        return cls(state.get("sources", {}).get(SOURCE, {}))

    def without_cursors(self) -> "PipelineState":
        """Returns the state without the cursors of the tables; the history stays."""
        return PipelineState({**self._state, "resources": {}})

    def as_proved(self, ledger: Ledger) -> "PipelineState":
        """Returns the state without what it claims to be loaded and the dataset does not hold.

        Of tables that the ledger does not mention nothing is known, so their state stays.
        """
        resources = {**self._state.get("resources", {})}
        for table, cursor in self.cursors(TABLES).items():
            ends = [window.end for window in ledger.proved(table)[-1:]]
            if cursor and ledger.knows(table) and cursor > max(ends, default=_NEVER):
                last = {"incremental": {CURSOR: {"last_value": ends[0]}}} if ends else {}
                resources[table] = {**resources[table], "incremental": {}, **last}
        history = self.history
        if ledger.end:
            history = subtract_window(history, Window(ledger.end, _FOR_EVER))
        proved = PipelineState({**self._state, "resources": resources, "history": []})
        proved.add_history(history)
        return proved

    def restored(self, ledger: Ledger) -> "PipelineState":
        """Returns the state; if nothing is known of it, what the dataset proves to be loaded.

        Where there are gaps between the windows, a cursor is before the first one.
        """
        if self.dataset_id or self.history or any(self.cursors(TABLES).values()):
            return self
        loaded = ledger.without_backfills()
        ends = {table: [each.end for each in loaded.proved(table)[:1]] for table in TABLES}
        resources = {
            table: {"incremental": {CURSOR: {"last_value": end}}}
            for table, first in ends.items()
            for end in first
        }
        known = PipelineState({**self._state, "resources": resources})
        known.add_history(ledger.history)
        return known

    def cursors(self, tables: Iterable[str]) -> dict[str, datetime | None]:
        """Returns the time up to which each table is loaded; None if it never was."""
        resources = self._state.get("resources", {})
        slots = {table: resources.get(table, {}).get("incremental", {}) for table in tables}
        ends = {table: slot.get(CURSOR, {}).get("last_value") for table, slot in slots.items()}
        return {table: plain_utc(end) if end else None for table, end in ends.items()}

    @property
    def history(self) -> list[Window]:
        """Everything that was ever loaded, for any table, as disjoint windows, oldest first."""
        return _windows(self._state.get("history", []))

    def add_history(self, windows: Iterable[Window]) -> None:
        """Adds windows to the history."""
        self._state["history"] = _as_text(merge_windows([*self.history, *windows]))

    def gaps(self, table: str) -> list[Window]:
        """Returns what intervals that did not follow each other left out, oldest first."""
        return _windows(self._state.get("resources", {}).get(table, {}).get("gaps", []))

    def note_loaded(self, table: str, windows: Iterable[Window], cursor: datetime | None) -> None:
        """Records what a load leaves out before the cursor of its table, and what it fills in.

        windows: what is loaded of the table, part of the history already
        cursor: up to where the table was loaded before; None if nothing may be left out by this
        """
        gaps = self.gaps(table)
        for window in windows:
            left = window_between(window.end, cursor or window.end)
            for known in self.history:
                left = subtract_window(left, known)
            gaps = subtract_window(merge_windows([*gaps, *left]), window)
        if gaps != self.gaps(table):
            resource = self._state.setdefault("resources", {}).setdefault(table, {})
            resource["gaps"] = _as_text(gaps)

    def columns(self, table: str) -> set[str]:
        """Returns the columns that exports of a table have had, by their names in the dataset."""
        return set(self._state.get("resources", {}).get(table, {}).get("columns", ()))

    def set_columns(self, table: str, names: Iterable[str]) -> None:
        """Records the columns that exports of a table have had."""
        resource = self._state.setdefault("resources", {}).setdefault(table, {})
        resource["columns"] = sorted(names)

    def privacy(self, table: str) -> dict[str, Any]:
        """Returns what is excluded and hashed in a table; empty if nothing ever was."""
        return dict(self._state.get("resources", {}).get(table, {}).get("privacy", {}))

    def set_privacy(self, table: str, known: Mapping[str, Any]) -> None:
        """Records what is excluded and hashed in a table."""
        resource = self._state.setdefault("resources", {}).setdefault(table, {})
        resource["privacy"] = dict(known)

    @property
    def column_names(self) -> dict[str, str]:
        """The column of each dimension that any table has had, by its API name.

        A dimension keeps its column for good, so they stay when tables are dropped.
        """
        return dict(self._state.get("column_names", {}))

    def add_column_names(self, names: Mapping[str, str]) -> None:
        """Records the columns of further dimensions."""
        if names:
            self._state["column_names"] = {**self.column_names, **names}

    @property
    def dataset_id(self) -> str | None:
        """The id of the dataset that this state describes; None before the first load."""
        known: str | None = self._state.get("dataset_id")
        return known

    def claim(self, settings: Settings, dataset_id: str | None) -> None:
        """Records which organization's data the pipeline holds from now on.

        dataset_id: the id that the dataset gives itself; None where it cannot
        """
        self._state["organization"] = {"org": settings.org, "host": settings.host}
        self._state["dataset_id"] = dataset_id or self.dataset_id or uuid4().hex

    def check_owner(self, settings: Settings, pipeline: str) -> None:
        """Raises a PipelineMismatch if the pipeline holds another organization's data."""
        owner = self._state.get("organization")
        requested = {"org": settings.org, "host": settings.host}
        if owner and owner != requested:
            raise PipelineMismatch(
                f"The pipeline {pipeline} holds the data of {owner['org']} at {owner['host']};"
                f" the data of {settings.org} at {settings.host} would mix with it. Use another"
                " pipeline name and another dataset."
            )


def _windows(texts: Iterable[Iterable[str]]) -> list[Window]:
    return [Window(*map(datetime.fromisoformat, bounds)) for bounds in texts]


def _as_text(windows: Iterable[Window]) -> list[list[str]]:
    return [[bound.isoformat() for bound in window] for window in windows]


def plain_utc(moment: datetime) -> datetime:
    """Returns a plain UTC datetime for whatever kind of datetime dlt restored."""
    return datetime.fromtimestamp(moment.timestamp(), timezone.utc)
