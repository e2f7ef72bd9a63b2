"""The resources of the source: the five tables, each with its cursor, and those beside them."""

from collections.abc import Iterator, Sequence
from typing import Any

import dlt
from dlt.extract import DltResource
from jsonpath_ng import Fields  # type: ignore[import-untyped]

from ..destination import MERGE_STRATEGY
from ..scrubbing import scrubbed_errors
from ..settings import Settings
from ..source import CoveoResource
from ..tables import CURSOR, DIMENSIONS, EXPORTS, REJECTED, REMOVED, TABLES, Table
from .context import Cursor, ExtractContext

MERGE: Any = {"disposition": "merge", "strategy": MERGE_STRATEGY}
"""How rows are loaded that an earlier load may have brought already."""


def make_resources(context: ExtractContext) -> Sequence[DltResource]:
    """Returns all resources of the source, which share one context."""
    # once it is known that there are rows for it, the context has it replaced
    dimensions = _audit_resource(DIMENSIONS, ("table_name", "api_name"), context, "append")
    return (
        *(_table_resource(TABLES[name], context) for name in context.settings.tables),
        _audit_resource(EXPORTS, ("export_id",), context),
        _audit_resource(REJECTED, ("export_id", "table_name", "record", "column_name"), context),
        _audit_resource(REMOVED, ("table_name", "row_key"), context),
        *([dimensions] if context.lists_dimensions else []),
    )


def _audit_resource(
    name: str, key: Sequence[str], context: ExtractContext, disposition: Any = MERGE
) -> DltResource:
    def rows() -> Iterator[Any]:
        with scrubbed_errors():
            yield from context.audit_rows(name)

    return dlt.resource(
        rows,
        name=name,
        primary_key=key,
        write_disposition=disposition,
        _impl_cls=CoveoResource,
    )


def _table_resource(table: Table, context: ExtractContext) -> DltResource:
    incremental = _incremental(context.settings)

    def rows(cursor: Cursor = incremental) -> Iterator[Any]:
        with scrubbed_errors():
            yield from context.table_rows(table.name, cursor)

    return dlt.resource(
        rows,
        name=table.name,
        primary_key=table.key,
        write_disposition=MERGE,
        # of several rows with the same key the latest stays
        columns={CURSOR: {"dedup_sort": "desc"}},
        _impl_cls=CoveoResource,
    )


class _ColumnPath(str, Fields):  # type: ignore[misc]
    """A column's name as a JSON path; dlt would parse plain text again and again."""

    # a text has a method of this name too
    find = Fields.find


def _incremental(settings: Settings) -> Cursor:
    column = _ColumnPath(CURSOR)
    if settings.is_backfill:
        # an explicit range leaves the cursor in the state alone
        return Cursor(
            column, settings.from_date, end_value=settings.to_date, allow_external_schedulers=False
        )
    # the plan follows a scheduler's interval; dlt would also take the cursor out of the state
    return Cursor(column, allow_external_schedulers=False)
