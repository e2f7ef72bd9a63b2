"""Proves the counts: what a load left in the destination is what the files held.

Right after a load its rows carry its id, and a merge leaves one row a key; so there have to be as
many as there were different keys in the files. What was found is written into the audit trail.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.destinations.job_client_impl import SqlJobClientBase

from ..exceptions import CountMismatch
from ..exports.window import Window
from ..extract.audit import LOADED, RECONCILED_AT
from ..tables import EXPORTS, TABLES

UPDATE = {"clickhouse": "alter table {table} update"}
"""How an update begins where SQL's own words are not understood."""


def reconcile(pipeline: dlt.Pipeline, load_ids: Iterable[str]) -> dict[str, int]:
    """Compares the destination with the audit trail of these loads; rows found a table.

    Raises:
        CountMismatch: with table, window and both counts
    """
    found: dict[str, int] = {}
    for load_id in load_ids:
        exports = exports_of(pipeline, load_id)
        counted = {
            table: count_load_rows(pipeline, table, load_id)
            for table in TABLES
            if any(export[f"{table}_keys"] is not None for export in exports)
        }
        if len(exports) == 1:
            note(pipeline, exports[0]["export_id"], counted)
        for table, rows in counted.items():
            compare(table, rows, exports)
            found[table] = found.get(table, 0) + rows
    return found


def unreconciled(pipeline: dlt.Pipeline) -> list[str]:
    """The last load, if the run that made it was killed before its counts were compared."""
    if RECONCILED_AT not in pipeline.default_schema.tables.get(EXPORTS, {}).get("columns", {}):
        return []
    newest = f"select max(_dlt_load_id) as load_id from {EXPORTS}"
    condition = f"_dlt_load_id = ({newest}) and {RECONCILED_AT} is null"
    query = f"distinct _dlt_load_id from {EXPORTS} where {condition}"
    return [load_id for (load_id,) in select(pipeline, query)]


def loaded(info: LoadInfo) -> list[str]:
    """The packages that a run has brought to their end; a signal leaves some for the next."""
    return [package.load_id for package in info.load_packages if package.state == "loaded"]


def exports_of(pipeline: dlt.Pipeline, load_id: str) -> list[dict[str, Any]]:
    """The rows of the audit trail that came with a load."""
    known = pipeline.default_schema.get_table_columns(EXPORTS)
    columns = [
        "export_id",
        "window_start",
        "window_end",
        *(name for table in TABLES if (name := f"{table}_keys") in known),
    ]
    rows = select(pipeline, f"{', '.join(columns)} from {EXPORTS} where {of_load(load_id)}")
    missing = {f"{table}_keys": None for table in TABLES}
    return [{**missing, **dict(zip(columns, row, strict=True))} for row in rows]


def count_load_rows(pipeline: dlt.Pipeline, table: str, load_id: str) -> int:
    """How many rows of a table a load wrote last."""
    ((count,),) = select(pipeline, f"count(*) as row_count from {table} where {of_load(load_id)}")
    return int(count)


def select(pipeline: dlt.Pipeline, query: str) -> list[tuple[Any, ...]]:
    """Rows from the destination."""
    return pipeline.dataset()(f"select {query}").fetchall()


def of_load(load_id: str) -> str:
    """The condition for rows of a load."""
    return f"_dlt_load_id = '{load_id}'"


def compare(table: str, found: int, exports: list[dict[str, Any]]) -> None:
    """Refuses another count than the files had keys.

    Several exports of one load may share keys; then only the bounds are known.
    """
    keys = [export[f"{table}_keys"] for export in exports if export[f"{table}_keys"] is not None]
    if not max(keys) <= found <= sum(keys):
        first, last = exports[0]["window_start"], exports[-1]["window_end"]
        window = str(Window(first, last))
        raise CountMismatch(table, window, sum(keys), "keys were read", found)


def note(pipeline: dlt.Pipeline, export_id: str, counted: Mapping[str, int]) -> None:
    """Writes what was found into the audit trail, where the destination takes updates."""
    with pipeline.destination_client() as client:
        if not isinstance(client, SqlJobClientBase):
            return
        destination = pipeline.destination.destination_name
        sql = client.sql_client
        update = UPDATE.get(destination, "update {table} set")
        values = {f"{table}_{LOADED}": rows for table, rows in counted.items()}
        assignments = ", ".join(f"{name} = %s" for name in [*values, RECONCILED_AT])
        sql.execute_sql(
            f"{update.format(table=sql.make_qualified_table_name(EXPORTS))} {assignments}"
            " where export_id = %s",
            *values.values(),
            datetime.now(timezone.utc),
            export_id,
        )
