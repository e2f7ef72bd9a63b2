"""A model's query with every column named, so that any SQL database understands it.

DuckDB writes `* exclude (…)` and `union all by name`; which columns these stand for is known from
the schema of the pipeline. A table or a column that a pipeline does not load is there as null.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import cast

import dlt
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from ..tables import TABLES, column_type
from .files import DIALECT, parse_sql, tables_of

Schema = Mapping[str, Mapping[str, str]]
"""Name and SQL type of the columns of every table that there is."""

CATALOGUE_TYPES: dict[str, str] = {
    "text": "varchar",
    "bool": "boolean",
    "bigint": "bigint",
    "timestamp": "timestamptz",
}

SQL_TYPES: dict[str, str] = {
    **CATALOGUE_TYPES,
    "double": "double",
    "date": "date",
    "decimal": "decimal(38, 9)",
    "time": "time",
    "binary": "blob",
    "json": "json",
}
"""dlt's types as DuckDB calls them."""


def sql_schema(pipeline: dlt.Pipeline) -> Schema:
    """The tables that a pipeline has in the destination, and their columns."""
    if not pipeline.default_schema_name:
        return {}
    schema = pipeline.default_schema
    return {
        name: {
            column: SQL_TYPES.get(hints["data_type"], "varchar")
            for column, hints in schema.get_table_columns(name).items()
        }
        for name in schema.data_table_names(seen_data_only=True)
    }


def columns(table: str) -> dict[str, str]:
    """Name and SQL type of the columns of the catalogue."""
    known = {snake_case(name): column_type(name) for name in TABLES[table].columns}
    return {
        **{name: CATALOGUE_TYPES[kind] for name, kind in known.items()},
        "_dlt_load_id": "varchar",
    }


def qualify_query(
    query: exp.Query, schema: Schema, condition: Callable[[str], str | None] = lambda table: None
) -> exp.Query:
    """The query over the tables that there are, with all columns named and typed.

    condition: tells for a table which of its rows to read; None for all
    """
    for node in query.walk():
        # they would only make what a database says of an error harder to read
        node.comments = None
    rename_parts(query, schema)
    for table in list(tables_of(query)):
        restrict(table, condition(table.name))
        lacking = missing(table.name, schema)
        if lacking:
            table.replace(stand_in(table, lacking, table.name in schema))
    known: dict[str, object] = {
        name: {column: data_type(kind) for column, kind in types.items()}
        for name, types in schema.items()
    }
    qualified = qualify(query, schema=known, dialect=DIALECT, quote_identifiers=False)
    typed = annotate_types(qualified, schema=known, dialect=DIALECT)
    for union in list(typed.find_all(exp.SetOperation)):
        if union.args.get("by_name") and not isinstance(union.parent, exp.SetOperation):
            align(union)
    return typed


@cache
def data_type(kind: str) -> exp.DataType:
    """An SQL type; parsed once, and not once for each column of each table."""
    return exp.DataType.build(kind, dialect=DIALECT)


def restrict(table: exp.Table, where: str | None) -> None:
    """Lets a query read only some rows of a table."""
    if where is None:
        return
    select = table.find_ancestor(exp.Select)
    if select is None or select.args.get("joins"):
        table.replace(
            parse_sql(f"select * from {table.name} where {where}").subquery(table.alias_or_name)
        )
        return
    # a level less, and its columns: what databases and dlt spend on the query grows with these
    condition: exp.Expr = exp.maybe_parse(where, dialect=DIALECT)
    for column in condition.find_all(exp.Column):
        if column.find_ancestor(exp.Select) is None and not column.table:
            column.set("table", exp.to_identifier(table.alias_or_name))
    select.where(condition, copy=False)


def rename_parts(query: exp.Query, schema: Schema) -> None:
    """Renames the CTEs that are called like a table; dlt would take them for the table."""
    for scope in list(traverse_scope(query)):
        for node, source in scope.selected_sources.values():
            if isinstance(node, exp.Table) and isinstance(source, Scope) and node.name in schema:
                node.replace(exp.to_table(f"{node.name}_part").as_(node.alias_or_name))
    for part in query.find_all(exp.CTE):
        if part.alias in schema:
            part.args["alias"].set("this", exp.to_identifier(f"{part.alias}_part"))


def missing(table: str, schema: Schema) -> dict[str, str]:
    """Name and SQL type of the catalogue's columns that a table does not have."""
    if table not in TABLES:
        return {}
    present = schema.get(table, {})
    return {name: kind for name, kind in columns(table).items() if name not in present}


def stand_in(table: exp.Table, lacking: Mapping[str, str], exists: bool) -> exp.Expression:
    """A subquery that takes the place of a table, with null for what it lacks."""
    nulls = [f'cast(null as {kind}) as "{name}"' for name, kind in lacking.items()]
    rows = (
        f"*, {', '.join(nulls)} from {table.name}" if exists else f"{', '.join(nulls)} where false"
    )
    return parse_sql(f"select {rows}").subquery(table.alias_or_name)


def align(union: exp.SetOperation) -> None:
    """Turns a union by name into one by place: each branch with the columns of all."""
    branches = list(branches_of(union))
    types: dict[str, exp.DataType] = {}
    for branch in branches:
        for select in branch.selects:
            types.setdefault(select.alias_or_name, cast(exp.DataType, select.type))
    for branch in branches:
        own = {select.alias_or_name: select for select in branch.selects}
        branch.set(
            "expressions", [own.get(name) or null(name, kind) for name, kind in types.items()]
        )
    for part in union.find_all(exp.SetOperation):
        part.set("by_name", False)


def branches_of(query: exp.Expr) -> list[exp.Select]:
    """The selects that a union is made of, first to last."""
    if isinstance(query, exp.SetOperation):
        return [*branches_of(query.left), *branches_of(query.right)]
    return [cast(exp.Select, query)]


def null(name: str, kind: exp.DataType) -> exp.Expr:
    """A column that is null; typed, since not every database can tell from the other branches."""
    return exp.alias_(exp.cast(exp.null(), kind.copy()), name)


def snake_case(api_name: str) -> str:
    """The name of a known column in the destination."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", api_name).lower()
