"""The units that a load touches, as SQL over the destination's own tables.

Through its visits a load also touches days, queries and documents: those of the visits before the
rebuild, which are recorded first because the rebuild loses them, and those of the visits after it.
The table `touched_units` is only cleared when the last model is built, so it survives a crash.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from .files import Model
from .qualify import Schema
from .state import UNITS

TIMELINE = "all_events"
VISIT = "visit_id"
_SEARCH = "event_search_id"
"""The column of a model with the search that an event is or belongs to."""

RebuiltBy = Mapping[str, str]
"""The load by which all touched visits of a model were rebuilt, by model. Its rows are stored
together, so that the touched visits can be read without scanning any others."""

NOT_REBUILT: RebuiltBy = MappingProxyType({})

_LISTED = f"select value from {UNITS} where unit = "


class Unit(NamedTuple):
    """What a model is rebuilt by: a column and its SQL type."""

    column: str
    kind: str

    @property
    def is_visit(self) -> bool:
        """True if the model is rebuilt by visit."""
        return self.column == VISIT

    def is_among(self, expression: str, values: str) -> str:
        """Returns the condition that an expression is one of the texts that a query selects.

        Null counts as the empty text, so that the events without a visit form a unit too.
        """
        if self.kind in ("varchar", "text"):
            return f"coalesce({expression}, '') in ({values})"
        return f"{expression} in (select cast(value as {self.kind}) from ({values}) as listed)"

    def as_text(self, expression: str) -> str:
        """Returns the expression as the text that `touched_units` stores."""
        return f"coalesce(cast({expression} as varchar), '')"


_VISITS = Unit(VISIT, "text")
_TOUCHED_VISITS = f"{_LISTED}'{VISIT}'"


def touched_rows(table: str, rebuilt: RebuiltBy) -> str:
    """Returns the condition for the rows of a table that belong to a touched visit."""
    if table in rebuilt:
        return f"_dlt_load_id = '{rebuilt[table]}'"
    return _VISITS.is_among(VISIT, _TOUCHED_VISITS)


def referring_rows(table: str, schema: Schema, rebuilt: RebuiltBy) -> str:
    """Returns the condition for the rows of touched visits and of events on their searches."""
    if _SEARCH not in schema[table]:
        return touched_rows(table, rebuilt)
    searches = f"select event_id from {TIMELINE} where {touched_rows(TIMELINE, rebuilt)}"
    return f"({touched_rows(table, rebuilt)} or {_SEARCH} in ({searches}))"


def unit_expression(model: Model, table: str, schema: Schema) -> str | None:
    """Returns the SQL for the unit of a row in a table that a model reads; None without one."""
    if table in model.properties.unit_from:
        return model.properties.unit_from[table]
    return model.unit if model.unit in schema.get(table, {}) else None


def _unit_expressions(model: Model, schema: Schema) -> dict[str, str]:
    """Returns the SQL for the unit of a row, by each table with visits that a model reads."""
    tables = [table for table in sorted(model.reads) if VISIT in schema.get(table, {})]
    expressions = {table: unit_expression(model, table, schema) for table in tables}
    return {table: expression for table, expression in expressions.items() if expression}


def touched_by_loads(models: Iterable[tuple[Model, Unit]], schema: Schema, loads: str) -> str:
    """Returns the query for all units that some loads touch, before anything is rebuilt.

    Its columns are those of the table `touched_units`; see touched_units.sql.

    loads: the ids of the loads in SQL, as literals or a query
    """
    touched = _VISITS.is_among(VISIT, "select value from touched_visits")
    unit_columns = ["datetime"]
    former_units = []
    for model, unit in models:
        if unit.is_visit:
            continue
        for table, expression in _unit_expressions(model, schema).items():
            value, rows = unit.as_text(expression), f"{table} where {touched}"
            if table == TIMELINE:
                unit_columns.append(f"{value} as {model.name}")
                value, rows = model.name, "touched_events"
            former_units.append(f"union select '{unit.column}', {value} from {rows}")
    template = Path(__file__).with_name("touched_units.sql").read_text(encoding="utf-8")
    _, _, query = template.partition("\n\n")
    return query.format(
        loads=loads, unit_columns=", ".join(unit_columns), former_units=" ".join(former_units)
    )


def units_to_rebuild(model: Model, unit: Unit, schema: Schema, rebuilt: RebuiltBy) -> str:
    """Returns the query for the units of a model to rebuild, as texts.

    They are the listed units, and those that the touched visits have after their rebuild.
    """
    if unit.is_visit:
        return _TOUCHED_VISITS
    present = [
        f"select {unit.as_text(expression)} as value from {table}"
        f" where {touched_rows(table, rebuilt)}"
        for table, expression in _unit_expressions(model, schema).items()
    ]
    return " union ".join([f"{_LISTED}'{unit.column}'", *present])
