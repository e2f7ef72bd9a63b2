"""Queries inside of the destination, and what dlt has to know to load their result as a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dlt
from dlt.common.destination.client import SqlModel
from dlt.common.libs.sqlglot import from_sqlglot_type
from dlt.dataset import Relation
from sqlglot import exp

from ..destination.jobs import DirectClient, quoted
from .dialects import REWRITES, translated
from .files import DIALECT, parse_sql

Scope = str
"""The condition for the rows of a table that a query's result replaces, as the destination's SQL
with dlt's placeholders."""

EVERYTHING: Scope = "1 = 1"


class UntypedColumn(Exception):
    """The type of a column cannot be told, and dlt would leave it out."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns
        super().__init__(
            f"The type of its column {', '.join(columns)} is not known, and without it the column"
            " would be left out. Write cast(… as …) around it."
        )


class DirectRelation(Relation):
    """A query of DuckDB's that is ready to run, and that dlt need not read."""

    def to_model(self) -> SqlModel:
        """What dlt writes to the load package."""
        columns = self.sqlglot_expression.named_selects
        return SqlModel(quoted(self.to_sql(), columns), DIALECT)


def to_relation(dataset: dlt.Dataset, query: exp.Query) -> Relation:
    """A query, ready for the destination. It may be changed on the way."""
    if not isinstance(dataset.destination_client, DirectClient):
        return dataset(translated(query, dataset.destination_dialect))
    query.transform(REWRITES[DIALECT], copy=False)
    qualify_tables(query, dataset)
    return DirectRelation(dataset=dataset, query=query, _execute_raw_query=True)


def qualify_tables(query: exp.Query, dataset: dlt.Dataset) -> None:
    """Writes the dataset before the names of its tables, and all names in quotes."""
    known = set(dataset.tables)
    for table in query.find_all(exp.Table):
        if table.name in known:
            table.set("db", exp.to_identifier(dataset.sql_client.dataset_name))
    for identifier in query.find_all(exp.Identifier):
        identifier.set("quoted", True)


def fetch_rows(dataset: dlt.Dataset, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query in DuckDB's dialect."""
    return to_relation(dataset, parse_sql(sql)).fetchall()


def scope_of(dataset: dlt.Dataset, condition: str, column: str, sql: str) -> Scope:
    """A scope from a condition that holds `{column}` and, for the texts of a query, `{values}`."""
    escaped = dataset.sql_client.escape_column_name(column)
    values = to_relation(dataset, parse_sql(sql)).to_sql()
    filled = condition.format(column=escaped, values=values)
    return filled.replace("{", "{{").replace("}", "}}")


def query_resource(dataset: dlt.Dataset, name: str, query: exp.Query, scope: Scope | None) -> Any:
    """A resource that writes a query's result to a table.

    query: with the types of its columns
    scope: which rows it takes the place of; None if there is no such table yet

    Raises:
        UntypedColumn: if a column would not arrive
    """
    found = to_relation(dataset, query)
    columns = column_hints(query)
    disposition: Any = "replace"
    if scope:
        # in one transaction, where the destination has them
        disposition = {
            "disposition": "merge",
            "strategy": "delete-insert",
            "destination_scope": scope,
        }

    def rows() -> Iterator[Any]:
        yield dlt.mark.with_hints(found, hints=dlt.mark.make_hints(columns=columns))

    return dlt.resource(rows, name=name, write_disposition=disposition)


def column_hints(query: exp.Query) -> Any:
    """Name and type of the columns of a query.

    Raises:
        UntypedColumn: if the type of one is not known
    """
    hints = {
        select.alias_or_name: {
            "name": select.alias_or_name,
            "nullable": True,
            **type_hints(select.type),
        }
        for select in query.selects
    }
    untyped = [name for name, hint in hints.items() if "data_type" not in hint]
    if untyped:
        raise UntypedColumn(untyped)
    return hints


def type_hints(kind: exp.DataType | None) -> dict[str, Any]:
    """A type as dlt writes it; empty if it is not known."""
    if kind is None or kind.this in (exp.DataType.Type.UNKNOWN, exp.DataType.Type.NULL):
        return {}
    return {key: value for key, value in from_sqlglot_type(kind).items() if value is not None}


def fits(dataset: dlt.Dataset, table: str, query: exp.Query) -> bool:
    """Whether a table can take a query's result: it has no other column, and none of another type.

    dlt adds columns to a table, but leaves those that it has as they are.
    """
    columns = column_hints(query)
    stored = dataset.schema.get_table_columns(table)
    return all(
        name in columns and hints["data_type"] == columns[name]["data_type"]
        for name, hints in stored.items()
        if name != "_dlt_load_id"
    )


def rows_resource(name: str, rows: Sequence[Mapping[str, str]], key: str | None = None) -> Any:
    """A resource of a few rows of text; added to the table, or taking the place of their keys."""
    columns: Any = {column: {"data_type": "text"} for column in rows[0]}
    if key:
        return dlt.resource(
            list(rows), name=name, columns=columns, primary_key=key, write_disposition="merge"
        )
    return dlt.resource(list(rows), name=name, columns=columns, write_disposition="append")
