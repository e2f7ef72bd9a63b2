"""What the destination holds in the columns of a table that a file lacks."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema import Schema

from ..dataset import open_dataset
from ..destination import holds_nul, longest_text
from ..exports import Window
from ..reader import Bounds, Period
from ..tables import CURSOR, CUSTOM, DLTS, TABLES, Table
from .column_names import plain_column
from .state import PipelineState

_TYPES: Mapping[object, pa.DataType] = {
    "text": pa.string(),
    "bool": pa.bool_(),
    "bigint": pa.int64(),
}
"""Arrow's type for each type of dlt. The only timestamp of a table is in every file."""


class StoredTables:
    """The tables as they were before the extract that is running.

    schema: of the source; what is needed is copied, because the extract adds what it reads
    columns: by table, those of any type
    """

    def __init__(self, pipeline: dlt.Pipeline, schema: Schema, state: PipelineState) -> None:
        self._pipeline = pipeline
        self._state = state
        self._known = frozenset(schema.tables)
        self.naming = schema.naming
        self.columns = {
            name: frozenset(schema.get_table_columns(name))
            for name in TABLES
            if name in schema.tables
        }
        self._types = {
            name: {
                column: _TYPES[hints["data_type"]]
                for column, hints in schema.get_table_columns(name).items()
                if hints["data_type"] in _TYPES
            }
            for name in TABLES
            if name in schema.tables
        }

    def is_free(self, table: str, columns: Iterable[str]) -> bool:
        """Returns False if somebody else has a table of this name in the dataset.

        columns: of ours; if that is there and not known here, the state was lost
        """
        if table in self._known:
            return True
        with open_dataset(self._pipeline) as dataset:
            found = dataset.columns(table)[table] if dataset else []
        return not found or set(columns) <= set(found)

    def bounds(self, period: Period) -> Bounds:
        """Returns what rows may hold so that the destination can store them.

        period: the times that they may have
        """
        return Bounds(period, holds_nul(self._pipeline), longest_text(self._pipeline))

    def absent(self, table: Table, header: Iterable[str]) -> dict[str, pa.DataType]:
        """Returns the columns that a file lacks and earlier ones had: names and types as stored.

        Columns that no export has carried are a user's own, who may add them in a later step.
        """
        present = set(map(self._column, header))
        stored = {
            name: kind
            for name, kind in self._types.get(table.name, {}).items()
            if not name.startswith(DLTS)
        }
        carried = self._state.columns(table.name) or self._documented(table, stored)
        self._state.set_columns(table.name, carried | present)
        return {name: kind for name, kind in stored.items() if name in carried - present}

    def rows(self, table: Table, names: Iterable[str], window: Window) -> Iterator[list[Any]]:
        """Yields the rows of a window in chunks: of each the key, then the columns named."""
        with open_dataset(self._pipeline) as dataset:
            if dataset is None:
                return
            columns = map(dataset.column, (*map(self._column, table.key), *names))
            time = dataset.column(self._column(CURSOR))
            yield from dataset.chunks(
                f"select {', '.join(columns)} from {dataset.table(table.name)}"
                f" where {time} >= %s and {time} < %s",
                *window,
            )

    def _documented(self, table: Table, names: Iterable[str]) -> set[str]:
        """Returns the columns that are Coveo's by their names: early versions kept no list."""
        documented = set(map(self._column, table.columns))
        return {name for name in names if name in documented or name.startswith(CUSTOM)}

    def _column(self, name: str) -> str:
        return plain_column(name, self.naming)
