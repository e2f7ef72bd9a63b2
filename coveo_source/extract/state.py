"""What a pipeline remembers between runs, in the state that dlt keeps in the destination.

Per table dlt keeps the cursor. Beside the cursors stands, for all tables, whose data the
pipeline holds, and which stretches of time were ever loaded: a table that is added later, or
dropped, catches up with these.
"""

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from ..exceptions import PipelineMismatch
from ..exports.window import Window, union
from ..settings import Settings
from ..tables import CURSOR, SOURCE


class PipelineState:
    """The state of the source, as dlt hands it out and takes it back.

    state: the mapping itself; writing to it counts inside of a running extract only
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    @classmethod
    def of_pipeline(cls, state: Any) -> "PipelineState":
        """Reads it from a pipeline's whole state, outside of an extract."""
        return cls(state.get("sources", {}).get(SOURCE, {}))

    def without_cursors(self) -> "PipelineState":
        """The same, as if no table had been loaded; what history there is, is known."""
        return PipelineState(
            {name: slot for name, slot in self._state.items() if name != "resources"}
        )

    def cursor(self, table: str) -> datetime | None:
        """Up to where a table is loaded; None if it never was."""
        slots = self._state.get("resources", {}).get(table, {})
        last: datetime | None = slots.get("incremental", {}).get(CURSOR, {}).get("last_value")
        return plain_utc(last) if last else None

    def cursors(self, tables: Iterable[str]) -> dict[str, datetime | None]:
        """The cursor of each table."""
        return {table: self.cursor(table) for table in tables}

    @property
    def history(self) -> list[Window]:
        """All that was ever loaded, of any table, as disjoint windows, oldest first."""
        return [
            Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
            for start, end in self._state.get("history", [])
        ]

    def add(self, windows: Iterable[Window]) -> None:
        """Notes that windows were loaded."""
        self._state["history"] = [
            [window.start.isoformat(), window.end.isoformat()]
            for window in union([*self.history, *windows])
        ]

    @property
    def dataset_id(self) -> str | None:
        """Which dataset this is the memory of; None before the first load."""
        known: str | None = self._state.get("dataset_id")
        return known

    def claim(self, settings: Settings) -> None:
        """Notes whose data the pipeline holds from now on."""
        self._state["organization"] = {"org": settings.org, "host": settings.host}
        self._state.setdefault("dataset_id", uuid4().hex)

    def check_owner(self, settings: Settings, pipeline: str) -> None:
        """Refuses another organization's data.

        Raises:
            PipelineMismatch: if the pipeline holds that of another organization or host
        """
        owner = self._state.get("organization")
        asked = {"org": settings.org, "host": settings.host}
        if owner and owner != asked:
            raise PipelineMismatch(
                f"The pipeline {pipeline} holds the data of {owner['org']} at {owner['host']};"
                f" {settings.org} at {settings.host} would mix with it. Use another pipeline name"
                " and another dataset for it."
            )


def plain_utc(moment: datetime) -> datetime:
    """A plain UTC datetime from whatever dlt restored."""
    return datetime.fromtimestamp(moment.timestamp(), timezone.utc)
