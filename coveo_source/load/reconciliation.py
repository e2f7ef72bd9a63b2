"""Proves that the destination holds what the files held.

Right after a load its rows carry its id, and a merge leaves one row for each key. So there must be
as many rows as there were different keys in the files.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.destinations.job_client_impl import SqlJobClientBase

from ..dataset import LOADED, RECONCILED_AT
from ..exceptions import CountMismatch
from ..exports import Window
from ..tables import EXPORTS, TABLES

_UPDATE = {"clickhouse": "alter table {table} update"}
"""How an update begins in a destination that does not support `update … set`."""


def reconcile(pipeline: dlt.Pipeline, load_ids: Iterable[str]) -> dict[str, int]:
    """Compares the destination with the audit trail of some loads; returns the rows by table.

    Raises:
        CountMismatch: with the table, the window and both counts
    """
    totals: dict[str, int] = {}
    for load_id in load_ids:
        exports = _audit_rows(pipeline, load_id)
        counts = {
            table: _count_rows(pipeline, table, load_id)
            for table in TABLES
            if any(export[f"{table}_keys"] is not None for export in exports)
        }
        if len(exports) == 1:
            _record_counts(pipeline, exports[0]["export_id"], counts)
        for table, rows in counts.items():
            _check_count(table, rows, exports)
            totals[table] = totals.get(table, 0) + rows
    return totals


def unreconciled_loads(pipeline: dlt.Pipeline) -> list[str]:
    """Returns the id of the last load, if its run was killed before the counts were compared."""
    if RECONCILED_AT not in pipeline.default_schema.tables.get(EXPORTS, {}).get("columns", {}):
        return []
    newest = f"select max(_dlt_load_id) as load_id from {EXPORTS}"
    condition = f"_dlt_load_id = ({newest}) and {RECONCILED_AT} is null"
    query = f"select distinct _dlt_load_id from {EXPORTS} where {condition}"
    return [load_id for (load_id,) in _fetch_rows(pipeline, query)]


def completed_loads(info: LoadInfo) -> list[str]:
    """Returns the ids of the packages that are loaded; after a signal, others are still pending."""
    return [package.load_id for package in info.load_packages if package.state == "loaded"]


def _audit_rows(pipeline: dlt.Pipeline, load_id: str) -> list[dict[str, Any]]:
    """Returns the audit rows of a load: export, window, and the keys of each table or None."""
    known = pipeline.default_schema.get_table_columns(EXPORTS)
    keys = dict.fromkeys(f"{table}_keys" for table in TABLES)
    columns = ["export_id", "window_start", "window_end", *(name for name in keys if name in known)]
    query = f"select {', '.join(columns)} from {EXPORTS} where _dlt_load_id = '{load_id}'"
    rows = _fetch_rows(pipeline, query)
    return [{**keys, **dict(zip(columns, row, strict=True))} for row in rows]


def _count_rows(pipeline: dlt.Pipeline, table: str, load_id: str) -> int:
    query = f"select count(*) as row_count from {table} where _dlt_load_id = '{load_id}'"
    ((count,),) = _fetch_rows(pipeline, query)
    return int(count)


def _fetch_rows(pipeline: dlt.Pipeline, query: str) -> list[tuple[Any, ...]]:
    return pipeline.dataset()(query).fetchall()


def _check_count(table: str, rows: int, exports: list[dict[str, Any]]) -> None:
    """Raises CountMismatch if a table does not have as many rows as the files had keys.

    Several exports of one load may share keys; then there are only a lower and an upper bound.
    """
    keys = [export[f"{table}_keys"] for export in exports if export[f"{table}_keys"] is not None]
    if not max(keys) <= rows <= sum(keys):
        window = Window(exports[0]["window_start"], exports[-1]["window_end"])
        raise CountMismatch(table, str(window), sum(keys), "keys were read", rows)


def _record_counts(pipeline: dlt.Pipeline, export_id: str, counts: Mapping[str, int]) -> None:
    """Writes the counts of an export into the audit trail, if the destination supports updates."""
    with pipeline.destination_client() as client:
        if not isinstance(client, SqlJobClientBase):
            return
        sql = client.sql_client
        update = _UPDATE.get(pipeline.destination.destination_name, "update {table} set")
        values = {f"{table}_{LOADED}": rows for table, rows in counts.items()}
        assignments = ", ".join(f"{name} = %s" for name in [*values, RECONCILED_AT])
        sql.execute_sql(
            f"{update.format(table=sql.make_qualified_table_name(EXPORTS))} {assignments}"
            " where export_id = %s",
            *values.values(),
            datetime.now(timezone.utc),
            export_id,
        )
