"""The visits and days that a load touches, as SQL over the destination's own tables.

Through its visits a load also touches days: those of the visits before the rebuild, which are
listed first because the rebuild loses them, and those of the visits after it. Weeks follow from
days. The table `touched_units` is only cleared when the last model is built, so it survives a
crash.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ..destination import FROM, TO
from .files import TIMELINE, Model
from .properties import DAY, VISIT, WEEK
from .qualify import Schema
from .state import UNITS

_SEARCH = "event_search_id"
"""The column of a model with the search that an event is or belongs to."""

RebuiltBy = Mapping[str, str]
"""The load by which all touched visits of a model were rebuilt, by model. Its rows are stored
together, so that the touched visits can be read without scanning any others."""

NOT_REBUILT: RebuiltBy = MappingProxyType({})

_TOUCHED_VISITS = f"select value from {UNITS} where unit = '{VISIT}'"

_STEPS = {DAY: 1, WEEK: 7}
"""Days from one unit to the next."""


def touched_by_loads(loads: str) -> str:
    """Returns the query for all visits and days that some loads touch, before anything is rebuilt.

    Its columns are those of the table `touched_units`; see touched_units.sql.

    loads: the ids of the loads in SQL, as literals or a query
    """
    template = Path(__file__).with_name("touched_units.sql").read_text(encoding="utf-8")
    _, _, query = template.partition("\n\n")
    return query.format(loads=loads)


def is_touched(model: Model, column: str, rebuilt: RebuiltBy = NOT_REBUILT) -> str:
    """Returns the condition that a column is one of a model's units to rebuild."""
    return f"{comparable(model, column)} in ({units_to_rebuild(model, rebuilt)})"


def comparable(model: Model, column: str) -> str:
    """Returns a unit so that it can be compared: the events without a visit are a unit too."""
    return f"coalesce({column}, '')" if model.unit == VISIT else column


def units_to_rebuild(model: Model, rebuilt: RebuiltBy = NOT_REBUILT) -> str:
    """Returns the query for the units of a model that have to be rebuilt."""
    if model.unit == VISIT:
        return _TOUCHED_VISITS
    step = _STEPS[str(model.unit)]
    days = (
        f"select cast(value as date) as day from {UNITS} where unit = '{DAY}'"
        f" union select event_day from {TIMELINE} where {touched_rows(TIMELINE, rebuilt)}"
    )
    # what a model reads of earlier units, it has to be built from again in later ones
    return " union ".join(
        f"select {_unit_of_day(model, shifted('day', later))} as unit from ({days}) as touched_days"
        for later in range(0, model.properties.longest_look_back + 1, step)
    )


def shifted(day: str, days: int) -> str:
    """Returns the date that is some days later, or earlier if they are negative."""
    return f"cast({day} + interval '{days} days' as date)" if days else day


def _unit_of_day(model: Model, day: str) -> str:
    return f"cast(date_trunc('week', {day}) as date)" if model.unit == WEEK else day


def touched_rows(table: str, rebuilt: RebuiltBy) -> str:
    """Returns the condition for the rows of a table that belong to a touched visit."""
    if table in rebuilt:
        return f"_dlt_load_id = '{rebuilt[table]}'"
    return f"coalesce({VISIT}, '') in ({_TOUCHED_VISITS})"


def referring_rows(table: str, schema: Schema, rebuilt: RebuiltBy) -> str:
    """Returns the condition for the rows of touched visits and of events on their searches."""
    return referring(table, schema, touched_rows(table, rebuilt), touched_rows(TIMELINE, rebuilt))


def referring(table: str, schema: Schema, rows: str, events: str) -> str:
    """Returns the condition for the rows of some visits and of events on their searches.

    rows, events: the conditions for the rows of these visits, in the table and in the timeline
    """
    if _SEARCH not in schema[table]:
        return rows
    return f"({rows} or {_SEARCH} in (select event_id from {TIMELINE} where {events}))"


def in_slice(model: Model, unit: str, look_back: int = 0) -> str:
    """Returns the condition that a unit of a model lies in a slice of them.

    look_back: days that the slice begins earlier
    """
    if model.unit == VISIT:
        # no text comes after all others, so an empty end stands for none; the events without a
        # visit are last, where the database sorts them
        after = f"{unit} < '{TO}' or '{TO}' = ''"
        return f"({unit} >= '{FROM}' and ({after}) or {unit} is null and '{TO}' = '')"
    first = shifted(f"cast('{FROM}' as date)", -look_back)
    return f"{unit} >= {first} and {unit} < cast('{TO}' as date)"
