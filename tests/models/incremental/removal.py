"""Rows that are removed as `run --replace` and `erase` remove them: each leaves a trace."""

from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

import dlt

from coveo_source.models.qualify import sql_schema
from coveo_source.tables import EVENT_TABLES, REMOVED, TABLES

KEYS = {
    "searches": "id",
    "clicks": "click_id",
    "custom_events": "custom_event_id",
    "keywords": "search_id",
    "groups": "search_id",
}
"""The first column of each table's key."""

_numbers = count(1)


class Removal(NamedTuple):
    """Rows to remove from one table.

    where: condition for the rows, in SQL
    """

    table: str
    where: str


def events_of(visit: str | None) -> list[Removal]:
    """Returns the removal of everything that one visit left, as for a person who is erased."""
    where = f"visit_id = '{visit}'" if visit else "visit_id is null"
    searches = f"search_id in (select id from {{dataset}}.searches where {where})"
    return [
        *(Removal(table, searches) for table in ("keywords", "groups")),
        # the searches last, because the others look them up
        *(Removal(table, where) for table in reversed(EVENT_TABLES)),
    ]


def remove(pipeline: dlt.Pipeline, removals: Iterable[Removal], load_id: str | None = None) -> None:
    """Deletes rows and lists them in `removed_rows`, in one transaction.

    load_id: the load that replaces the rows; None for a load that does nothing else
    """
    schema = sql_schema(pipeline)
    own_id = f"1999999999.{next(_numbers)}"
    dataset = str(pipeline.dataset_name)
    with pipeline.sql_client() as client, client.begin_transaction():
        for table, where in removals:
            if table not in schema:
                continue
            rows = f"from {dataset}.{table} where {where.format(dataset=dataset)}"
            visit = "visit_id" if table in EVENT_TABLES else "null"
            client.execute_sql(
                f"insert into {dataset}.{REMOVED}"
                " (table_name, row_key, visit_id, datetime, removed_at, _dlt_load_id)"
                f" select '{table}', {KEYS[table]}, {visit}, datetime, current_timestamp,"
                f" '{load_id or own_id}' {rows}"
            )
            client.execute_sql(f"delete {rows}")
        if not load_id:
            client.execute_sql(
                f"insert into {dataset}._dlt_loads (load_id, schema_name, status, inserted_at)"
                f" values ('{own_id}', '{pipeline.default_schema_name}', 0, current_timestamp)"
            )


assert KEYS.keys() == TABLES.keys()
