"""Predicate push-down: a model's query for its touched units, over no more rows than it needs."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlglot import exp

from .files import DIALECT, Model
from .qualify import Schema, qualify_query
from .touched import (
    NOT_REBUILT,
    TIMELINE,
    VISIT,
    RebuiltBy,
    Unit,
    referring_rows,
    touched_rows,
    unit_expression,
    units_to_rebuild,
)


class Range(NamedTuple):
    """The least and the greatest of some values, both included, as texts that SQL can cast.

    kind: the SQL type of the values
    """

    kind: str
    first: str
    last: str

    def contains(self, expression: str) -> str:
        """Returns the condition that an expression lies in the range.

        It is redundant, but lets a database skip blocks of rows.
        """
        first, last = (f"cast('{value}' as {self.kind})" for value in self[1:])
        return f"{expression} between {first} and {last}"


class Limits(NamedTuple):
    """What is known about the rows to be read.

    times: the time span of the rows of touched visits, and of those that refer to their searches
    days: the span of the touched units, if the units are days
    rebuilt: the load by which the touched visits of a model were rebuilt, by model
    """

    times: Range | None = None
    days: Range | None = None
    rebuilt: RebuiltBy = NOT_REBUILT


def touched_units_query(model: Model, unit: Unit, schema: Schema, limits: Limits) -> exp.Query:
    """Returns the query for the rows of a model's touched units, and no others."""
    wanted = unit.is_among(unit.column, units_to_rebuild(model, unit, schema, limits.rebuilt))
    return qualify_query(
        filtered(model.query, wanted),
        schema,
        lambda table: _row_filter(model, unit, table, schema, limits),
    )


def filtered(query: exp.Query, where: str) -> exp.Query:
    """Returns a query for the rows of another query that meet a condition."""
    plain = {"with_", "expressions", "from_"}
    is_plain = isinstance(query, exp.Select) and query.is_star
    if is_plain and not {name for name, value in query.args.items() if value} - plain:
        return query.where(where, dialect=DIALECT)
    return exp.select("*").from_(query.subquery("built")).where(where, dialect=DIALECT)


def _row_filter(model: Model, unit: Unit, table: str, schema: Schema, limits: Limits) -> str | None:
    """Returns the condition for the rows of a table that the touched units need; None for all."""
    columns = schema.get(table, {})
    if unit.is_visit:
        if VISIT in columns:
            return _in_time(referring_rows(table, schema, limits.rebuilt), columns, limits.times)
        if "search_id" in columns:
            touched = touched_rows(TIMELINE, limits.rebuilt)
            visits = _in_time(touched, schema[TIMELINE], limits.times)
            return f"search_id in (select event_id from {TIMELINE} where {visits})"
        return None
    expression = unit_expression(model, table, schema)
    if not expression:
        return None
    among = unit.is_among(expression, units_to_rebuild(model, unit, schema, limits.rebuilt))
    return f"{among} and {limits.days.contains(expression)}" if limits.days else among


def _in_time(condition: str, columns: Mapping[str, str], times: Range | None) -> str:
    if times is None or "datetime" not in columns:
        return condition
    return f"{condition} and {times.contains('datetime')}"
