"""Coveo's usage analytics as a dlt source."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dlt
from dlt.extract import DltResource

from .catalogue import CURSOR, EXPORTS, REJECTED, SOURCE, TABLES, Table
from .settings import CoveoConfiguration, DateLike, Settings, Words, assigned_interval, checked

if TYPE_CHECKING:
    from .reading import Reading

__all__ = ["coveo_source"]

MERGE: Any = {"disposition": "merge", "strategy": "delete-insert"}
"""The one strategy of dlt's that also removes duplicates inside of a load."""


@dlt.source(name=SOURCE, section=SOURCE, spec=CoveoConfiguration)
def coveo_source(
    from_date: DateLike | None = None,
    to_date: DateLike | None = None,
    tables: Words | None = None,
    dimensions: Words | None = None,
    filters: Words | None = None,
    search_filters: Words | None = None,
    custom_event_filters: Words | None = None,
    api_key: str = dlt.secrets.value,
    org: str = dlt.config.value,
    region: str = "us",
    base_url: str | None = None,
    export_format: str = "EXCEL",
    window_days: float = 30,
    lookback_days: float = 1,
    settle_minutes: float = 15,
    poll_timeout_minutes: float = 60,
    keep_exports: bool = False,
    exports_ahead: int = 2,
    strict: bool = False,
    allow_http: bool = False,
    configuration: CoveoConfiguration = None,  # type: ignore[assignment]
) -> Sequence[DltResource]:
    """Coveo's usage analytics: searches, clicks, custom events, keywords and groups.

    Each table is a resource with its own cursor; all tables due for a window share one export.
    With `from_date` and `to_date` both given, or inside of a scheduler's interval, that range is
    loaded and the cursors stay as they are. The settings are described at CoveoConfiguration.

    Returns:
        The five tables, `exports` (one row for every export) and `rejected_rows` (the cells that
        do not fit their type).

    Raises:
        SettingError: if a setting is not accepted
    """
    # here and not above: dlt imports this package at every start of its command
    from .reading import Reading

    return resources(Reading(checked(configuration)))


def resources(reading: "Reading") -> Sequence[DltResource]:
    """All resources of the source, sharing one reading."""
    return (
        *(table_resource(TABLES[name], reading) for name in reading.settings.tables),
        audit_resource(EXPORTS, ("export_id",), reading),
        audit_resource(REJECTED, ("export_id", "table_name", "record", "column_name"), reading),
    )


def audit_resource(name: str, key: Sequence[str], reading: "Reading") -> DltResource:
    """A table about the exports; it has no cursor."""

    def rows() -> Iterator[Any]:
        yield from reading.tap(name)

    return dlt.resource(rows, name=name, primary_key=key, write_disposition=MERGE)


def table_resource(table: Table, reading: "Reading") -> DltResource:
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
