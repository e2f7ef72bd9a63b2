"""Which units a load touched, as SQL over the destination's own tables.

The unit of the timeline is the visit. A load touches the visits of its rows, those that the same
events belonged to before, and those of the searches that these events or labels refer to; through
them it touches days, queries and documents, again before and after. What stood before is gone
once the timeline is rebuilt, so it is written down first: the table `touched_units` is a list of
work that is done only when the last model is, and outlives a crash between two of them.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .files import Model
from .qualify import Schema
from .state import UNITS

TIMELINE = "all_events"
VISIT = "visit_id"
SEARCH = "event_search_id"
"""The column of a model that names the search which an event is or belongs to."""

Rebuilt = Mapping[str, str]
"""The load by which a model's touched visits were all rebuilt, by model. Its rows tell these visits
without a look at any others: they stand together."""

NOTHING: Rebuilt = {}

LISTED = f"select value from {UNITS} where unit = "


class Unit(NamedTuple):
    """What a model is rebuilt by: the column, and its SQL type."""

    column: str
    kind: str

    def among(self, expression: str, values: str) -> str:
        """The condition that an expression is one of the texts that a query gives.

        A text that is null counts as empty, so that events without a visit are one unit too.
        """
        if self.kind == "varchar":
            return f"coalesce({expression}, '') in ({values})"
        return f"{expression} in (select cast(value as {self.kind}) from ({values}) as listed)"

    def text(self, expression: str) -> str:
        """The expression as it stands on the list."""
        return f"coalesce(cast({expression} as varchar), '')"


VISITS = Unit(VISIT, "varchar")
ALL_VISITS = f"{LISTED}'{VISIT}'"


def touched_rows(table: str, rebuilt: Rebuilt) -> str:
    """The condition that a row of a table is of a touched visit."""
    if table in rebuilt:
        return f"_dlt_load_id = '{rebuilt[table]}'"
    return VISITS.among(VISIT, ALL_VISITS)


def referring_rows(table: str, schema: Schema, rebuilt: Rebuilt) -> str:
    """The condition that a row of a table is of a touched visit, or refers to a search of one."""
    if SEARCH not in schema[table]:
        return touched_rows(table, rebuilt)
    searches = f"select event_id from {TIMELINE} where {touched_rows(TIMELINE, rebuilt)}"
    return f"({touched_rows(table, rebuilt)} or {SEARCH} in ({searches}))"


def expression_of(model: Model, table: str, schema: Schema) -> str | None:
    """How a row of a table tells its unit of a model; None if it does not."""
    if table in model.unit_from:
        return model.unit_from[table]
    return model.unit if model.unit in schema.get(table, {}) else None


def unit_expressions(model: Model, schema: Schema) -> dict[str, str]:
    """How the rows of a visit tell their units of a model, by the table that it reads."""
    found = {table: expression_of(model, table, schema) for table in sorted(model.reads)}
    return {
        table: expression
        for table, expression in found.items()
        if expression and VISIT in schema.get(table, {})
    }


def work_list(models: Iterable[tuple[Model, Unit]], schema: Schema, ids: str) -> str:
    """The query for all that some loads touched, before anything is rebuilt.

    Its columns are those of `touched_units`: the unit's column and its value, and in one row
    besides the time in which all rows lie that have to be read.

    ids: of the loads, as SQL: literals or a query
    """
    touched = VISITS.among(VISIT, "select value from touched")
    in_timeline = ["datetime"]
    former_units = []
    for model, unit in models:
        for table, expression in unit_expressions(model, schema).items() if unit != VISITS else ():
            value, rows = unit.text(expression), f"{table} where {touched}"
            if table == TIMELINE:
                in_timeline.append(f"{value} as {model.name}")
                value, rows = model.name, "reached"
            former_units.append(f"union select '{unit.column}', {value}, {NO_TIMES} from {rows}")
    return f"""
        with fresh as (
            select id as event_id, id as search_id, visit_id, datetime
            from searches where _dlt_load_id in ({ids})
            union all
            select click_id, search_id, visit_id, datetime
            from clicks where _dlt_load_id in ({ids})
            union all
            select custom_event_id, last_search_id, visit_id, datetime
            from custom_events where _dlt_load_id in ({ids})
        ),
        named as (
            select event_id from fresh
            union select search_id from fresh
            union select search_id from keywords where _dlt_load_id in ({ids})
            union select search_id from groups where _dlt_load_id in ({ids})
        ),
        former as (
            select distinct event_id, event_search_id, visit_id
            from {TIMELINE} where event_id in (select event_id from named)
        ),
        left_behind as (
            select event_search_id as event_id
            from former where event_id in (select event_id from fresh)
            except select event_id from named
        ),
        touched as (
            select {VISITS.text(VISIT)} as value from fresh
            union select {VISITS.text(VISIT)} from former
            union select {VISITS.text(VISIT)} from {TIMELINE}
            where event_id in (select event_id from left_behind)
        ),
        searched as (
            select event_id from {TIMELINE} where {touched} union select event_id from fresh
        ),
        reached as (
            select {", ".join(in_timeline)} from {TIMELINE}
            where {touched} or {SEARCH} in (select event_id from searched)
        ),
        moments as (
            select datetime from fresh union all select datetime from reached
        ),
        listed as (
            select '{VISIT}' as unit, value, {NO_TIMES} from touched
            union
            select '', '', min(datetime), max(datetime) from moments
            {" ".join(former_units)}
        )
        select
            cast(unit as varchar) as unit, cast(value as varchar) as value, since, until
        from listed
    """


NO_TIMES = "cast(null as timestamptz) as since, cast(null as timestamptz) as until"


def touched_units(model: Model, unit: Unit, schema: Schema, rebuilt: Rebuilt = NOTHING) -> str:
    """The query for a model's units, as texts, that are to be rebuilt.

    The list has all that were touched before; what the touched visits have become came to it since.
    """
    if unit.column == VISIT:
        return ALL_VISITS
    present = [
        f"select {unit.text(expression)} as value from {table} where {touched_rows(table, rebuilt)}"
        for table, expression in unit_expressions(model, schema).items()
    ]
    return " union ".join([f"{LISTED}'{unit.column}'", *present])
