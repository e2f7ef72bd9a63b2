"""Indexes in PostgreSQL, for the rows that a merge replaces and that a rebuild reads.

Other databases skip blocks of rows by what they know of each block; PostgreSQL would read whole
tables to replace one day. dlt makes no indexes.
"""

from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple

import dlt
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.schema.typing import C_DLT_LOAD_ID

from ..tables import CURSOR, TABLES
from .files import TIMELINE, Model, models
from .properties import VISIT
from .qualify import stored_schema

_DIALECT = "postgres"
_MADE = "select indexname from pg_indexes where schemaname = %s"
_TIMELINE_IDS = ("event_id", "event_search_id")


class Index(NamedTuple):
    """One index.

    method: `hash` for texts that are compared, however long; `btree` for ranges, and for texts of
        which there are few different ones
    expression: what it is of, in PostgreSQL's SQL
    """

    table: str
    column: str
    method: str
    expression: str

    @property
    def name(self) -> str:
        """Its name in the schema of its table."""
        return f"coveo_{self.table}_{self.column}"


def create_indexes(pipeline: dlt.Pipeline) -> None:
    """Creates the indexes that a dataset in PostgreSQL lacks; elsewhere it does nothing."""
    if pipeline.destination.capabilities().sqlglot_dialect != _DIALECT:
        return
    naming = pipeline.default_schema.naming
    client: Any
    with pipeline.destination_client() as client:
        stored = dict(client.get_storage_tables(stored_schema(pipeline)))
        sql = client.sql_client
        made = {name for (name,) in sql.execute_sql(_MADE, sql.dataset_name)}
        for index in indexes(stored, naming):
            if index.name not in made:
                sql.execute_sql(
                    f"create index {sql.escape_column_name(index.name)}"
                    f" on {sql.make_qualified_table_name(index.table)}"
                    f" using {index.method} ({index.expression})"
                )


def indexes(stored: Mapping[str, Container[str]], naming: NamingConvention) -> Iterator[Index]:
    """Yields the indexes of the tables that exist.

    stored: the columns of each table in the database; none of one that was dropped by hand
    """
    for table in TABLES.values():
        columns = stored.get(table.name, ())
        key = naming.normalize_identifier(table.key[0])
        times, loads = _range(table.name, CURSOR), _range(table.name, C_DLT_LOAD_ID)
        yield from _existing(columns, _equal(table.name, key), times, loads)
    for model in models().values():
        yield from _existing(stored.get(model.name, ()), *_of_model(model))


def _of_model(model: Model) -> Iterator[Index]:
    if model.unit == VISIT:
        # as `touched.comparable` writes it
        yield Index(model.name, VISIT, "hash", f"coalesce(\"{VISIT}\", '')")
    for column in ("day", "week", "event_day", "event_week", CURSOR):
        yield _range(model.name, column)
    if model.name == TIMELINE:
        yield from (_equal(TIMELINE, column) for column in _TIMELINE_IDS)
    yield _range(model.name, C_DLT_LOAD_ID)


def _equal(table: str, column: str) -> Index:
    return Index(table, column, "hash", f'"{column}"')


def _range(table: str, column: str) -> Index:
    return Index(table, column, "btree", f'"{column}"')


def _existing(columns: Container[str], *found: Index) -> Iterator[Index]:
    yield from (index for index in found if index.column in columns)
