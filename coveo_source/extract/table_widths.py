"""Whether the destination can hold all columns, before anything is loaded into it."""

from collections.abc import Iterable, Mapping

from dlt.common.schema.typing import C_DLT_LOAD_ID

from ..exceptions import TableError
from ..tables import EVENT_TABLES

TIMELINE_ROOM = 32
"""Columns that are left free in the timeline for those that it adds, and for dlt's."""


class TableWidths:
    """The columns that each table will have.

    most: how many a table of the destination can have; None if there is no limit
    stored: the columns that it has already, by table
    with_models: whether the timeline has to hold the columns of all events
    """

    def __init__(
        self, most: int | None, stored: Mapping[str, Iterable[str]], with_models: bool
    ) -> None:
        self._most = most
        self._stored = {table: frozenset(columns) for table, columns in stored.items()}
        self._with_models = with_models
        self.columns = {table: set(columns) for table, columns in stored.items()}
        """Those of the files too."""

    def add(self, table: str, columns: Iterable[str]) -> None:
        """Adds the columns of a file to those of its table.

        Raises:
            TableError: if these are too many
        """
        present = self.columns.setdefault(table, set())
        new = {*columns, C_DLT_LOAD_ID} - present
        present |= new
        if new:
            self._check(f"{table} would have", len(present), [table], "")
            events = set().union(*(self.columns.get(each, ()) for each in EVENT_TABLES))
            if self._with_models and table in EVENT_TABLES:
                what = "all_events, with the columns of all three tables and ours, would have"
                way_out = " Or load without the models, with --no-models."
                self._check(what, len(events) + TIMELINE_ROOM, EVENT_TABLES, way_out)

    def _check(self, what: str, width: int, tables: Iterable[str], way_out: str) -> None:
        if self._most is None or width <= self._most:
            return
        stored = set().union(*(self._stored.get(table, ()) for table in tables))
        kept = (
            f" The {len(stored):,} columns that are there already stay, unless you load everything"
            " anew with --full-refresh."
            if stored
            else ""
        )
        raise TableError(
            f"{what} {width:,} columns, and a table of this database can have {self._most:,}."
            " Nothing of this window was loaded. Name the dimensions that you need in the setting"
            f" dimensions, and run again.{kept}{way_out}"
        )
