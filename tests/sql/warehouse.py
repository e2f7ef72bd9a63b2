"""A database with the five tables and all models, built directly from the rows of an export."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from dlt.common.normalizers.naming.snake_case import NamingConvention as SnakeCase
from sqlglot import exp

from coveo_source.demo import COLUMNS, Record
from coveo_source.model_settings import DEFAULTS, ModelSettings
from coveo_source.models.files import models, seed_rows, sql_folder
from coveo_source.tables import TABLES, column_type

TYPES = {"text": "varchar", "bool": "boolean", "bigint": "bigint", "timestamp": "timestamptz"}
RENAMED = {"c_pageType": "c_page_type_2", "event_id": "event_id_2"}
"""The dimensions of the demo that are called otherwise once they are loaded."""
Rows = dict[str, list[Record]]
Row = dict[str, Any]


def name_of(api_name: str) -> str:
    """Returns the column of an API name."""
    return RENAMED.get(api_name) or SnakeCase().normalize_identifier(api_name)


@cache
def build_order() -> tuple[str, ...]:
    """Returns all models, each after those that it reads."""
    reads = {path.stem: tables_of(path.read_text("utf-8")) for path in sql_folder().glob("*.sql")}
    order: list[str] = []
    while len(order) < len(reads):
        order += [
            name
            for name, tables in sorted(reads.items())
            if name not in order and tables & reads.keys() <= set(order)
        ]
    return tuple(order)


def tables_of(sql: str) -> set[str]:
    """Returns the tables that a query reads, without its own CTEs."""
    query = sqlglot.parse_one(sql, read="duckdb")
    ctes = {cte.alias for cte in query.find_all(exp.CTE)}
    return {table.name for table in query.find_all(exp.Table)} - ctes


def sql_of(model: str, settings: ModelSettings = DEFAULTS) -> str:
    """Returns the SQL of a model; with the defaults it is its file, as a user pastes it."""
    if replace(settings, causes=()) == DEFAULTS:
        return (sql_folder() / f"{model}.sql").read_text("utf-8")
    return models(settings)[model].sql


def warehouse(
    rows: Mapping[str, list[Record]],
    settings: ModelSettings = DEFAULTS,
    zone: str = "UTC",
) -> duckdb.DuckDBPyConnection:
    """Returns a database with the rows of an export and all models over them.

    zone: the session's time zone while the models are built
    """
    # a few rows take one thread half the time
    few = sum(len(table) for table in rows.values()) < 100
    database = duckdb.connect(config={"threads": 1} if few else {})
    database.execute("create schema coveo_ua; use coveo_ua")
    for table in TABLES:
        load_table(database, table, rows.get(table, []))
    for seed, causes in seed_rows(settings=settings).items():
        database.register("causes", pa.Table.from_pylist(causes))
        database.execute(f"create table {seed} as select action_cause, kind from causes")
        database.unregister("causes")
    database.execute(f"set timezone = '{zone}'")
    for model in build_order():
        database.execute(f"create table {model} as {sql_of(model, settings)}")
    database.execute("set timezone = 'UTC'")
    return database


def load_table(database: duckdb.DuckDBPyConnection, table: str, rows: list[Record]) -> None:
    """Creates one of the five tables, with the types that a load gives it."""
    columns = [*COLUMNS[table], *TABLES[table].newer]
    texts = [pa.array([row.get(name) for row in rows], pa.string()) for name in columns]
    # names in SQL ignore case, but userName and username are two columns
    cells = [f"cell_{index}" for index in range(len(columns))]
    database.register("texts", pa.Table.from_arrays(texts, names=cells))
    typed = ", ".join(map(typed_column, columns, cells))
    database.execute(f"create table {table} as select {typed}, 'load' as _dlt_load_id from texts")
    database.unregister("texts")


def typed_column(name: str, cell: str) -> str:
    """Returns the SQL for a typed column; the times in an export are UTC without an offset."""
    kind = TYPES[column_type(name)]
    text = f"{cell} || '+00'" if kind == "timestamptz" else cell
    return f'cast({text} as {kind}) as "{name_of(name)}"'


def table_rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    """Returns the rows of a query, by column."""
    result = database.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def rows_of(database: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """Returns the rows of a query as tuples."""
    return database.execute(sql).fetchall()


def value_in(database: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """Returns the only value of a query."""
    [[value]] = rows_of(database, sql)
    return value


def value_of(rows: Rows, sql: str, settings: ModelSettings = DEFAULTS) -> Any:
    """Returns the only value of a query over the models of some rows."""
    return value_in(warehouse(rows, settings), sql)
