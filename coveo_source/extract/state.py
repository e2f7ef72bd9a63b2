"""The source's state: what a pipeline remembers between runs.

dlt keeps the state in the destination, and in it a cursor for each table. The source adds whose
data the pipeline holds, and which windows were ever loaded, for any table: a table that is added
later, or dropped, catches up with them.
"""

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from ..exceptions import PipelineMismatch
from ..exports import Window, merge_windows
from ..settings import Settings
from ..tables import CURSOR, SOURCE


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
        return PipelineState(
            {name: slot for name, slot in self._state.items() if name != "resources"}
        )

    def cursor(self, table: str) -> datetime | None:
        """Returns the time up to which a table is loaded; None if it never was."""
        slots = self._state.get("resources", {}).get(table, {})
        last: datetime | None = slots.get("incremental", {}).get(CURSOR, {}).get("last_value")
        return plain_utc(last) if last else None

    def cursors(self, tables: Iterable[str]) -> dict[str, datetime | None]:
        """Returns the cursor of each table."""
        return {table: self.cursor(table) for table in tables}

    @property
    def history(self) -> list[Window]:
        """Everything that was ever loaded, for any table, as disjoint windows, oldest first."""
        return [
            Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
            for start, end in self._state.get("history", [])
        ]

    def add_history(self, windows: Iterable[Window]) -> None:
        """Adds windows to the history."""
        self._state["history"] = [
            [window.start.isoformat(), window.end.isoformat()]
            for window in merge_windows([*self.history, *windows])
        ]

    @property
    def dataset_id(self) -> str | None:
        """The id of the dataset that this state describes; None before the first load."""
        known: str | None = self._state.get("dataset_id")
        return known

    def claim(self, settings: Settings) -> None:
        """Records which organization's data the pipeline holds from now on."""
        self._state["organization"] = {"org": settings.org, "host": settings.host}
        self._state.setdefault("dataset_id", uuid4().hex)

    def check_owner(self, settings: Settings, pipeline: str) -> None:
        """Checks that the pipeline does not hold another organization's data.

        Raises:
            PipelineMismatch: if it holds the data of another organization or host
        """
        owner = self._state.get("organization")
        requested = {"org": settings.org, "host": settings.host}
        if owner and owner != requested:
            raise PipelineMismatch(
                f"The pipeline {pipeline} holds the data of {owner['org']} at {owner['host']};"
                f" the data of {settings.org} at {settings.host} would mix with it. Use another"
                " pipeline name and another dataset."
            )


def plain_utc(moment: datetime) -> datetime:
    """Returns a plain UTC datetime for whatever kind of datetime dlt restored."""
    return datetime.fromtimestamp(moment.timestamp(), timezone.utc)
