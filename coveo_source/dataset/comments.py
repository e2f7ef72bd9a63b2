"""Descriptions of tables and columns as comments in the database, where dlt does not write them.

dlt does so itself in BigQuery, Databricks and Snowflake, when it makes a table or a column.
"""

from collections.abc import Iterator
from typing import Any

import dlt
from dlt.common import logger
from dlt.common.schema import Schema

from ..causes import causes
from ..tables import SOURCE
from .sql import DatasetSql

_STORED = {
    "duckdb": """
        select table_name, null as column_name, comment from duckdb_tables()
        where database_name = current_database() and schema_name = %s
        union all
        select table_name, column_name, comment from duckdb_columns()
        where database_name = current_database() and schema_name = %s
    """,
    "postgres": """
        with here as (
            select pg_class.oid, relname from pg_class
            join pg_namespace on pg_namespace.oid = relnamespace
            where relkind in ('r', 'p') and nspname = %s
        )
        select relname, null as attname, obj_description(oid, 'pg_class') from here
        union all
        select relname, attname, col_description(oid, attnum) from here
        join pg_attribute on attrelid = oid and attnum > 0 and not attisdropped
        where %s is not null
    """,
}
"""The query for all tables and columns of a dataset, and their comments, by destination."""
_BEFORE = {"postgres": ["set local lock_timeout = '5s'"]}
"""What is executed before comments are written: who works on a table is not waited for."""

_Place = tuple[str, str | None]
"""A table and a column; None for the table itself."""


def write_comments(pipeline: dlt.Pipeline, dataset: DatasetSql) -> None:
    """Writes what dlt's schema says of tables and columns as comments, unless they are there.

    Nothing depends on them, so what stands in the way is logged, and no more.
    """
    destination = pipeline.destination.to_name(pipeline.destination.destination_type)
    if destination not in _STORED or SOURCE not in pipeline.schema_names:
        return
    try:
        rows = dataset.rows(_STORED[destination], dataset.name, dataset.name)
        stored = {(table, column): comment for table, column, comment in rows}
        statements = [
            _statement(dataset, *place, text)
            for place, text in _described(pipeline.schemas[SOURCE])
            if (place[0], None) in stored and place in stored and stored[place] != text
        ]
        if statements:
            with dataset.transaction():
                dataset.execute("; ".join([*_BEFORE.get(destination, ()), *statements]))
    except Exception as error:
        *_, innermost = causes(error)
        # in the further lines databases quote the statement
        why = (str(innermost).strip().splitlines() or [type(innermost).__name__])[0]
        logger.warning(
            "The descriptions of tables and columns could not be written as comments:"
            f" {why.rstrip('.')}. Nothing else depends on them."
        )


def _statement(dataset: DatasetSql, table: str, column: str | None, text: str) -> str:
    place = dataset.table(table)
    on = f"column {place}.{dataset.column(column)}" if column else f"table {place}"
    return f"comment on {on} is {dataset.literal(text)}"


def _described(schema: Schema) -> Iterator[tuple[_Place, str]]:
    """Yields what dlt's schema says of the tables that were loaded, and of their columns."""
    for table in schema.data_tables(seen_data_only=True):
        name = str(table["name"])
        about: list[tuple[str | None, Any]] = [(None, table), *table["columns"].items()]
        for column, hints in about:
            if text := hints.get("description"):
                yield (name, column), _storable(text)


def _storable(text: str) -> str:
    """Returns a text as a database gives it back; it may be a user's own hint."""
    return text.replace("\x00", "").encode(errors="replace").decode()
