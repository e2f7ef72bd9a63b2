"""Queries as dlt resources: dlt runs them inside the destination and loads the result.

https://dlthub.com/docs/general-usage/dataset-access/dataset
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import dlt
from dlt.common.destination.client import SqlModel
from dlt.common.libs.sqlglot import from_sqlglot_type
from dlt.common.schema import Schema
from dlt.common.schema.typing import C_DLT_LOAD_ID
from dlt.dataset import Relation
from sqlglot import exp

from ..destination import (
    DirectClient,
    Layout,
    Step,
    embed_query,
    embed_step,
    lay_out,
    most_columns,
)
from ..tables import EVENT_TABLES
from .dialects import REWRITES, translated
from .files import DIALECT, parse_sql
from .properties import VISIT, Properties

_Scope = str
"""The condition for the rows of a table that a query's result replaces, in the destination's SQL.
dlt formats it, so braces are doubled."""

EVERYTHING: _Scope = "1 = 1"


class UntypedColumn(Exception):
    """A column has no known type, so dlt would leave it out."""


class TooManyColumns(Exception):
    """A table of the destination cannot have so many columns."""


class _RawRelation(Relation):
    """A query in DuckDB's SQL that is ready to run, so that dlt need not parse it."""

    def to_model(self) -> SqlModel:
        """Returns the SQL that dlt writes into the load package."""
        columns = self.sqlglot_expression.named_selects
        return SqlModel(embed_query(self.to_sql(), columns), DIALECT)


class _StepRelation(_RawRelation):
    """A step of a build, as dlt puts it into a load package.

    names: of the columns of its rows
    """

    def __init__(self, dataset: dlt.Dataset, step: Step, names: Sequence[str]) -> None:
        super().__init__(dataset=dataset, query=step.query, _execute_raw_query=True)
        self._step = step
        self._names = names

    def to_model(self) -> SqlModel:
        """Returns the SQL that dlt writes into the load package."""
        return SqlModel(embed_step(self._step, self._names), DIALECT)


def to_relation(dataset: dlt.Dataset, query: exp.Query) -> Relation:
    """Returns a relation that is ready for the destination; may change the query."""
    if isinstance(dataset.destination_client, DirectClient):
        _write_for_duckdb(query, dataset.tables, dataset.sql_client.dataset_name)
        return _RawRelation(dataset=dataset, query=query, _execute_raw_query=True)
    _quote_names(query)
    dialect = dataset.destination_dialect
    # dlt parses it once more, and would not understand the rewrites of DuckDB's own SQL
    text = query.sql(DIALECT) if dialect == DIALECT else translated(query, dialect)
    return dataset(text)


def duckdb_text(query: exp.Query, tables: Container[str], dataset_name: str) -> str:
    """Returns a query as text that DuckDB can run as it is; may change the query.

    tables: those of the dataset
    """
    _write_for_duckdb(query, tables, dataset_name)
    return query.sql(DIALECT)


def _write_for_duckdb(query: exp.Query, tables: Container[str], dataset_name: str) -> None:
    query.transform(REWRITES[DIALECT], copy=False)
    for table in query.find_all(exp.Table):
        if table.name in tables:
            table.set("db", exp.to_identifier(dataset_name))
    _quote_names(query)


def _quote_names(query: exp.Query) -> None:
    for identifier in query.find_all(exp.Identifier):
        # a dimension may be called like a keyword, such as `select`
        identifier.set("quoted", True)


def memory_limit_mb(dataset: dlt.Dataset) -> int:
    """Returns the megabytes that DuckDB may take, by our settings or by those of the user."""
    [(text,)] = fetch_rows(dataset, "select current_setting('memory_limit')")
    number, unit = text.split()
    scale = 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit)
    return max(1, int(float(number) * scale) // 10**6)


def sql_literal(text: str) -> str:
    """Returns a text as a literal."""
    return exp.Literal.string(text).sql(DIALECT)


def fetch_rows(dataset: dlt.Dataset, sql: str) -> list[tuple[Any, ...]]:
    """Returns the rows of a query in DuckDB's dialect."""
    return to_relation(dataset, parse_sql(sql)).fetchall()


def scope_of(dataset: dlt.Dataset, condition: str, column: str, sql: str) -> _Scope:
    """Returns the scope of the rows that meet a condition.

    condition: a format string with `{column}`, and with `{values}` for the query in `sql`
    """
    escaped = dataset.sql_client.escape_column_name(column)
    values = to_relation(dataset, parse_sql(sql)).to_sql()
    return condition.format(column=escaped, values=values).replace("{", "{{").replace("}", "}}")


def condition_of(dataset: dlt.Dataset, condition: str) -> _Scope:
    """Returns a condition in DuckDB's dialect, without braces, as part of a scope."""
    parsed = exp.condition(condition, dialect=DIALECT)
    for identifier in parsed.find_all(exp.Identifier):
        identifier.set("quoted", True)
    return translated(parsed, dataset.destination_dialect)


def query_resource(
    dataset: dlt.Dataset,
    name: str,
    query: exp.Query,
    scope: _Scope | None,
    properties: Properties | None = None,
) -> Any:
    """Returns a resource that writes a query's result to a table.

    query: a query whose columns have types
    scope: the rows that the result replaces; None if the table does not exist yet
    properties: what the YAML says of the table; None if there is none
    """
    relation = to_relation(dataset, query)
    columns, about = _described(dataset.schema, properties, column_hints(query))
    disposition: Any = "replace"
    if scope:
        # in one transaction, if the destination supports transactions
        disposition = {
            "disposition": "merge",
            "strategy": "delete-insert",
            "destination_scope": scope,
        }
    resource = _resource(name, relation, columns, about, disposition)
    layout = _layout(properties, columns) if properties else None
    return lay_out(resource, layout, dataset.destination_dialect) if layout else resource


def step_resource(
    dataset: dlt.Dataset,
    name: str,
    step: Step,
    columns: Any,
    names: Sequence[str],
    properties: Properties | None = None,
) -> Any:
    """Returns a resource that does a step of a build.

    name: that of the table
    columns: dlt's hints for its columns
    names: of the columns that the rows have
    properties: what the YAML says of the table; None if there is none
    """
    columns, about = _described(dataset.schema, properties, columns)
    relation = _StepRelation(dataset, step, names)
    # what is replaced, the step says itself
    return _resource(name, relation, columns, about, "append")


def _resource(
    name: str, relation: Relation, columns: Any, about: dict[str, Any], disposition: Any
) -> Any:
    # dlt takes hints that are empty for a wish to remove those of the resource
    hints = dlt.mark.make_hints(columns=columns, additional_table_hints=about or None)
    rows = [dlt.mark.with_hints(relation, hints=hints)]
    return dlt.resource(rows, name=name, write_disposition=disposition)


def _layout(properties: Properties, columns: Any) -> Layout | None:
    """Returns the layout of a model, by its first column of dates; None if it has none."""
    days = (name for name, hint in columns.items() if hint["data_type"] == "date")
    key = (VISIT,) if properties.unit == VISIT else ()
    return next((Layout(day, is_day=True, key=key) for day in days), None)


def column_hints(query: exp.Query) -> Any:
    """Returns dlt's hints for the columns of a query, by name.

    Raises:
        UntypedColumn: if the type of a column is unknown
    """
    types = {select.alias_or_name: select.type for select in query.selects}
    hints = {
        name: {"name": name, "nullable": True, **_type_hints(kind)} for name, kind in types.items()
    }
    if untyped := [name for name, hint in hints.items() if "data_type" not in hint]:
        raise UntypedColumn(
            f"The type of its column {', '.join(untyped)} is unknown, so dlt would leave the column"
            " out. Write cast(… as …) around it."
        )
    return hints


def _described(
    schema: Schema, properties: Properties | None, columns: Any
) -> tuple[Any, dict[str, Any]]:
    """Returns the hints for the columns of a model and for its table, with descriptions.

    The YAML describes them. A column that it does not know is one of the organization's own, and
    means the same as in the table that it comes from.
    """
    if properties is None:
        return columns, {}
    texts = {
        column: text
        for table in EVENT_TABLES
        if table in schema.tables
        for column, hints in schema.get_table_columns(table).items()
        if (text := hints.get("description"))
    }
    texts.update(properties.descriptions)
    described = {
        column: {**hint, "description": texts[column]} if column in texts else hint
        for column, hint in columns.items()
    }
    return described, {"description": properties.description} if properties.description else {}


def _type_hints(kind: exp.DataType | None) -> dict[str, Any]:
    if kind is None or kind.this in (exp.DataType.Type.UNKNOWN, exp.DataType.Type.NULL):
        return {}
    return {key: value for key, value in from_sqlglot_type(kind).items() if value is not None}


def check_width(dataset: dlt.Dataset, names: Iterable[str]) -> None:
    """Raises TooManyColumns if a table of the destination cannot have columns of these names."""
    width = len({*names, C_DLT_LOAD_ID})
    most = most_columns(dataset.destination_dialect)
    if most is not None and width > most:
        raise TooManyColumns(
            f"It would have {width:,} columns, and a table of this database can have {most:,}. Name"
            " the dimensions that you need in the setting dimensions, and load everything anew with"
            " run --full-refresh."
        )


def fits(schema: Schema, table: str, columns: Mapping[str, Any]) -> bool:
    """Returns True if a table can hold columns: it has no others, and the same types.

    dlt adds columns to a table, but neither drops nor changes existing ones.

    columns: dlt's hints by name
    """
    stored = schema.get_table_columns(table)
    return all(
        name in columns and hints["data_type"] == columns[name]["data_type"]
        for name, hints in stored.items()
        if name != C_DLT_LOAD_ID
    )


def rows_resource(name: str, rows: Sequence[Mapping[str, str]], key: str | None = None) -> Any:
    """Returns a resource of a few rows of text, merged on a key or else appended."""
    columns: Any = {column: {"data_type": "text"} for column in rows[0]}
    disposition: Any = "merge" if key else "append"
    return dlt.resource(
        list(rows), name=name, columns=columns, primary_key=key or (), write_disposition=disposition
    )
