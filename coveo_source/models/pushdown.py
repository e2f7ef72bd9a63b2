"""A model's query for its touched units only, over the rows that these need only."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from sqlglot import exp

from .affected import (
    NOTHING,
    TIMELINE,
    VISIT,
    Rebuilt,
    Unit,
    expression_of,
    referring_rows,
    touched_rows,
    touched_units,
)
from .files import DIALECT, Model
from .qualify import Schema, qualify_query


class Range(NamedTuple):
    """The least and the greatest of some values, as SQL writes them."""

    kind: str
    first: str
    last: str

    def around(self, expression: str) -> str:
        """The condition that an expression lies within; it lets a database skip what does not."""
        first, last = (f"cast('{value}' as {self.kind})" for value in self[1:])
        return f"{expression} between {first} and {last}"

    def moments(self) -> "Range":
        """The times that days can be made of, whatever the time zone."""
        first = date.fromisoformat(self.first) - timedelta(days=1)
        last = date.fromisoformat(self.last) + timedelta(days=2)
        return Range("timestamptz", f"{first}T00:00:00+00:00", f"{last}T00:00:00+00:00")


class Limits(NamedTuple):
    """What is known of the rows that are to be read, so that a database can skip others.

    times: in which the rows of all touched visits lie, and those that refer to their searches
    days: between which the touched units lie, if they are days
    rebuilt: by which load the touched visits stand in a model
    """

    times: Range | None = None
    days: Range | None = None
    rebuilt: Rebuilt = NOTHING


def row_filter(model: Model, unit: Unit, table: str, schema: Schema, limits: Limits) -> str | None:
    """The condition for the rows of a table that a model needs to rebuild its touched units."""
    known = schema.get(table, {})
    if unit.column == VISIT:
        if VISIT in known:
            return timed(referring_rows(table, schema, limits.rebuilt), known, limits.times)
        if "search_id" in known:
            visits = timed(touched_rows(TIMELINE, limits.rebuilt), schema[TIMELINE], limits.times)
            return f"search_id in (select event_id from {TIMELINE} where {visits})"
        return None
    expression = expression_of(model, table, schema)
    if not expression:
        return None
    among = unit.among(expression, touched_units(model, unit, schema, limits.rebuilt))
    if not limits.days:
        return among
    # a database can skip by a column that is stored, but not by what is made of it
    stored = limits.days.moments().around("datetime") if "datetime" in expression else "true"
    return f"{among} and {limits.days.around(expression)} and {stored}"


def timed(condition: str, known: Mapping[str, str], times: Range | None) -> str:
    """The condition, for rows of a time only if they have one."""
    if times is None or "datetime" not in known:
        return condition
    return f"{condition} and {times.around('datetime')}"


def restricted(model: Model, unit: Unit, schema: Schema, limits: Limits) -> exp.Query:
    """The query that gives the rows of the touched units, and no others."""
    wanted = unit.among(unit.column, touched_units(model, unit, schema, limits.rebuilt))
    return qualify_query(
        narrowed(model.query, wanted),
        schema,
        lambda table: row_filter(model, unit, table, schema, limits),
    )


def narrowed(query: exp.Query, where: str) -> exp.Query:
    """The rows of a query for which a condition holds."""
    plain = {"with_", "expressions", "from_"}
    is_plain = isinstance(query, exp.Select) and query.is_star
    if is_plain and not {name for name, value in query.args.items() if value} - plain:
        return query.where(where, dialect=DIALECT)
    return exp.select("*").from_(query.subquery("built")).where(where, dialect=DIALECT)
