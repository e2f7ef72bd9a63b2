"""A model's query with every column named, so that any SQL database understands it.

DuckDB allows `* exclude (…)` and `union all by name`; here these are replaced by the columns that
the pipeline's schema has. A known table or column that a pipeline does not load is null.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import cast

import dlt
from dlt.common.data_types import TDataType
from dlt.common.libs.sqlglot import to_sqlglot_type
from dlt.common.normalizers.naming.snake_case import NamingConvention
from dlt.common.schema.typing import TColumnSchema
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from ..tables import REMOVED, TABLES, column_type, is_ours
from .files import DIALECT, parse_sql, tables_of

Schema = Mapping[str, Mapping[str, str]]
"""The SQL type of each column, by table and column."""


class AmbiguousName(Exception):
    """A CTE has the name of a table; dlt would read the table instead."""


_RowFilter = Callable[[str], str | None]
"""Returns the condition for the rows to read from a table; None for all."""


def sql_schema(pipeline: dlt.Pipeline) -> Schema:
    """Returns the tables that a pipeline has in the destination, and the columns models read."""
    return readable(stored_schema(pipeline))


def readable(schema: Schema) -> Schema:
    """Returns the columns that models read, of all columns of some tables.

    An early version loaded dimensions under names that are reserved for columns of ours; these
    columns stay in their tables, but models must not read them.
    """
    hidden = {name: left_out(name, schema) for name in schema}
    return {
        name: {column: kind for column, kind in types.items() if column not in hidden[name]}
        for name, types in schema.items()
    }


def stored_schema(pipeline: dlt.Pipeline) -> Schema:
    """Returns the tables that a pipeline has in the destination, and all of their columns."""
    if not pipeline.default_schema_name:
        return {}
    schema = pipeline.default_schema
    return {
        name: sql_types(schema.get_table_columns(name))
        for name in schema.data_table_names(seen_data_only=True)
    }


def sql_types(columns: Mapping[str, TColumnSchema]) -> dict[str, str]:
    """Returns the SQL type of each column of a table in dlt's schema."""
    return {name: _sql_type(hints["data_type"]) for name, hints in columns.items()}


def left_out(table: str, schema: Schema) -> list[str]:
    """Returns the columns of a table that models must not read."""
    return [column for column in schema.get(table, ()) if table in TABLES and is_ours(column)]


def known_columns(table: str) -> dict[str, str]:
    """Returns the SQL type of the columns that may be read from a loaded table, by name.

    They are all that Coveo documents; of `removed_rows`, those that tell what a load touches.
    """
    to_column = NamingConvention().normalize_identifier
    known = ("row_key",) if table == REMOVED else TABLES[table].columns + TABLES[table].newer
    documented = {to_column(name): _sql_type(column_type(name)) for name in known}
    return {**documented, "_dlt_load_id": _sql_type("text")}


def missing_columns(table: str, schema: Schema) -> dict[str, str]:
    """Returns the SQL type of the known columns that are missing from a loaded table, by name."""
    if table not in (*TABLES, REMOVED):
        return {}
    present = schema.get(table, {})
    return {name: kind for name, kind in known_columns(table).items() if name not in present}


@cache
def _sql_type(data_type: TDataType) -> str:
    # Coveo's times are in UTC, so all of them have a zone
    return to_sqlglot_type(data_type, timezone=True).sql(DIALECT).lower()


def qualify_query(
    query: exp.Query, schema: Schema, row_filter: _RowFilter = lambda table: None
) -> exp.Query:
    """Names and types all columns of a query, over the tables that exist; changes the query.

    Raises:
        AmbiguousName: if a CTE has the name of a table
    """
    for cte in query.find_all(exp.CTE):
        if cte.alias in schema:
            raise AmbiguousName(
                f"Its CTE {cte.alias} has the name of a table, and some databases would read that"
                " table instead. Give the CTE another name."
            )
    for node in query.walk():
        # comments would only make a database's error messages harder to read
        node.comments = None
    for table in list(tables_of(query)):
        _filter_rows(table, row_filter(table.name))
        if missing := missing_columns(table.name, schema):
            table.replace(_with_nulls(table, missing, table.name in schema))
    known: dict[str, object] = {
        name: {column: _parsed_type(kind) for column, kind in types.items()}
        for name, types in schema.items()
    }
    qualified = qualify(query, schema=known, dialect=DIALECT, quote_identifiers=False)
    typed = annotate_types(qualified, schema=known, dialect=DIALECT)
    for union in list(typed.find_all(exp.SetOperation)):
        if union.args.get("by_name") and not isinstance(union.parent, exp.SetOperation):
            _align_columns(union)
    return typed


@cache
def _parsed_type(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect=DIALECT)


def _filter_rows(table: exp.Table, where: str | None) -> None:
    """Makes a query read only some rows of a table."""
    if where is None:
        return
    select = table.find_ancestor(exp.Select)
    if select is None or select.args.get("joins"):
        filtered = parse_sql(f"select * from {table.name} where {where}")
        table.replace(filtered.subquery(table.alias_or_name))
        return
    # no subquery here: databases and dlt take longer with each level and all of its columns
    condition: exp.Expr = exp.maybe_parse(where, dialect=DIALECT)
    for column in condition.find_all(exp.Column):
        if column.find_ancestor(exp.Select) is None and not column.table:
            column.set("table", exp.to_identifier(table.alias_or_name))
    select.where(condition, copy=False)


def _with_nulls(table: exp.Table, missing: Mapping[str, str], exists: bool) -> exp.Expression:
    """Returns a subquery that replaces a table, with nulls for its missing columns."""
    nulls = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in missing.items())
    rows = f"*, {nulls} from {table.name}" if exists else f"{nulls} where false"
    return parse_sql(f"select {rows}").subquery(table.alias_or_name)


def _align_columns(union: exp.SetOperation) -> None:
    """Turns a union by name into one by position: every branch gets the columns of all."""
    branches = _branches(union)
    types: dict[str, exp.DataType] = {}
    for branch in branches:
        for select in branch.selects:
            types.setdefault(select.alias_or_name, cast(exp.DataType, select.type))
    for branch in branches:
        own = {select.alias_or_name: select for select in branch.selects}
        branch.set(
            "expressions", [own.get(name) or _null(name, kind) for name, kind in types.items()]
        )
    for part in union.find_all(exp.SetOperation):
        part.set("by_name", False)


def _branches(query: exp.Expr) -> list[exp.Select]:
    if isinstance(query, exp.SetOperation):
        return [*_branches(query.left), *_branches(query.right)]
    return [cast(exp.Select, query)]


def _null(name: str, kind: exp.DataType) -> exp.Expr:
    # typed, since not every database infers the type from the other branches
    return exp.alias_(exp.cast(exp.null(), kind.copy()), name)
