"""The resources of the source: the five tables, each with its cursor, and the audit tables."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import dlt
from dlt.extract import DltResource

from ..settings import Settings, assigned_interval
from ..tables import CURSOR, EXPORTS, REJECTED, TABLES, Table
from .context import ExtractContext

MERGE: Any = {"disposition": "merge", "strategy": "delete-insert"}
"""The one strategy of dlt's that also removes duplicates inside of a load."""


def resources(reading: ExtractContext) -> Sequence[DltResource]:
    """All resources of the source, sharing one reading."""
    return (
        *(table_resource(TABLES[name], reading) for name in reading.settings.tables),
        audit_resource(EXPORTS, ("export_id",), reading),
        audit_resource(REJECTED, ("export_id", "table_name", "record", "column_name"), reading),
    )


def audit_resource(name: str, key: Sequence[str], reading: ExtractContext) -> DltResource:
    """A table about the exports; it has no cursor."""

    def rows() -> Iterator[Any]:
        yield from reading.tap(name)

    return dlt.resource(rows, name=name, primary_key=key, write_disposition=MERGE)


def table_resource(table: Table, reading: ExtractContext) -> DltResource:
    """One of the five tables, merged on its key; of several rows with a key the latest stays."""
    incremental = incremental_of(reading.settings)

    def rows(cursor: dlt.sources.incremental[datetime] = incremental) -> Iterator[Any]:
        yield from reading.rows(table.name, cursor)

    return dlt.resource(
        rows,
        name=table.name,
        primary_key=table.key,
        write_disposition=MERGE,
        columns={CURSOR: {"dedup_sort": "desc"}},
    )


class ColumnCursor(dlt.sources.incremental[datetime]):
    """A cursor that is a column, by its plain name."""

    def get_cursor_column_name(self) -> str:
        """The column. dlt would parse its name as a path, and anew for each batch of rows."""
        return self.cursor_path


def incremental_of(settings: Settings) -> ColumnCursor:
    """The cursor of a table; a range that is given leaves the cursor in the state alone."""
    if settings.is_backfill:
        return ColumnCursor(
            CURSOR, settings.from_date, end_value=settings.to_date, allow_external_schedulers=False
        )
    scheduled = assigned_interval() is not None
    return ColumnCursor(CURSOR, allow_external_schedulers=scheduled)
