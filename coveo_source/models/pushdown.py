"""Predicate push-down: a model's query for its touched units, over no more rows than it needs."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlglot import exp

from .files import DIALECT, TIMELINE, Model
from .properties import VISIT
from .qualify import Schema, qualify_query
from .touched import (
    NOT_REBUILT,
    RebuiltBy,
    in_slice,
    is_touched,
    referring,
    referring_rows,
    shifted,
    touched_rows,
)


class Range(NamedTuple):
    """The least and the greatest of some values, both included, as texts that SQL can cast.

    kind: the SQL type of the values
    """

    kind: str
    first: str
    last: str

    def contains(self, expression: str, look_back: int = 0) -> str:
        """Returns the condition that an expression lies in the range.

        look_back: days that the range begins earlier
        """
        first, last = (f"cast('{value}' as {self.kind})" for value in self[1:])
        return f"{expression} between {shifted(first, -look_back)} and {last}"


class Limits(NamedTuple):
    """What is known about the rows to be read.

    Ranges let a database skip blocks of rows.

    times: the time span of the rows of touched visits, and of those that refer to their searches
    units: the span of the touched units, if these are days or weeks
    rebuilt: the load by which the touched visits of a model were rebuilt, by model
    """

    times: Range | None = None
    units: Range | None = None
    rebuilt: RebuiltBy = NOT_REBUILT


def touched_units_query(model: Model, schema: Schema, limits: Limits) -> exp.Query:
    """Returns the query for the rows of a model's touched units, and no others."""
    return qualify_query(
        filtered(model.query, is_touched(model, str(model.unit), limits.rebuilt)),
        schema,
        lambda table: _row_filter(model, table, schema, limits),
    )


def sliced_query(model: Model, schema: Schema) -> exp.Query:
    """Returns the query for the rows of a slice of a model's units, and no others."""
    return qualify_query(
        filtered(model.query, in_slice(model, str(model.unit))),
        schema,
        lambda table: _row_filter_of_slice(model, table, schema),
    )


def filtered(query: exp.Query, where: str) -> exp.Query:
    """Returns a query for the rows of another query that meet a condition."""
    plain = {"with_", "expressions", "from_"}
    is_plain = isinstance(query, exp.Select) and query.is_star
    if is_plain and not {name for name, value in query.args.items() if value} - plain:
        return query.where(where, dialect=DIALECT)
    return exp.select("*").from_(query.subquery("built")).where(where, dialect=DIALECT)


def _row_filter(model: Model, table: str, schema: Schema, limits: Limits) -> str | None:
    """Returns the condition for the rows of a table that the touched units need; None for all."""
    if model.unit == VISIT:
        return _rows_of_visits(table, schema, limits)
    column = f"event_{model.unit}" if table == TIMELINE else str(model.unit)
    if column not in schema.get(table, {}):
        return None
    look_back = model.properties.look_back.get(table, 0)
    conditions = [limits.units.contains(column, look_back)] if limits.units else []
    if not look_back:
        conditions.append(is_touched(model, column, limits.rebuilt))
    return " and ".join(conditions) or None


def _row_filter_of_slice(model: Model, table: str, schema: Schema) -> str | None:
    """Returns the condition for the rows of a table that a slice needs; None for all."""
    if model.unit != VISIT:
        column = f"event_{model.unit}" if table == TIMELINE else str(model.unit)
        look_back = model.properties.look_back.get(table, 0)
        return in_slice(model, column, look_back) if column in schema.get(table, {}) else None
    rows, columns = in_slice(model, VISIT), schema.get(table, {})
    if VISIT in columns:
        return referring(table, schema, rows, rows)
    if "search_id" in columns and TIMELINE in schema and model.name != TIMELINE:
        return f"search_id in (select event_id from {TIMELINE} where {rows})"
    return None


def _rows_of_visits(table: str, schema: Schema, limits: Limits) -> str | None:
    columns = schema.get(table, {})
    if VISIT in columns:
        return _in_time(referring_rows(table, schema, limits.rebuilt), columns, limits.times)
    if "search_id" in columns:
        touched = touched_rows(TIMELINE, limits.rebuilt)
        visits = _in_time(touched, schema[TIMELINE], limits.times)
        return f"search_id in (select event_id from {TIMELINE} where {visits})"
    return None


def _in_time(condition: str, columns: Mapping[str, str], times: Range | None) -> str:
    if times is None or "datetime" not in columns:
        return condition
    return f"{condition} and {times.contains('datetime')}"
