"""A build as the steps of one load package, where one job can do all of them, in order.

What a step reads of earlier steps is known beforehand: columns and types from the queries, the load
that rebuilt visits by what stands for its id, and ranges by queries that the step asks first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import dlt
from dlt.common.schema.typing import C_DLT_ID, C_DLT_LOAD_ID
from dlt.common.schema.utils import dlt_id_column, dlt_load_id_column
from sqlglot import exp

from ..destination import LOAD_ID, Slices, Step, first_of, last_of
from .errors import failed
from .files import Model, parse_sql
from .plan import Build
from .prepared import Preparations, Prepared
from .properties import VISIT, Properties
from .pushdown import Limits, Range, sliced_query, touched_units_query
from .qualify import Schema, qualify_query, sql_types
from .resources import (
    EVERYTHING,
    check_width,
    column_hints,
    condition_of,
    duckdb_text,
    fits,
    sql_literal,
    step_resource,
)
from .seeds import Seed
from .slicing import slices_of
from .state import BUILDS, CONSUMED, CONSUMED_LOADS, UNITS
from .touched import comparable, touched_by_loads, units_to_rebuild

_NEW_COLUMNS: Mapping[str, Any] = {C_DLT_LOAD_ID: dlt_load_id_column(), C_DLT_ID: dlt_id_column()}
"""dlt's own columns in a table of the state, as dlt itself makes them."""


class DoesNotFit(Exception):
    """A table has columns that its model does not have any more, so it must be made anew first."""


class Script:
    """The steps of a build, in the order in which they are added."""

    def __init__(
        self,
        dataset: dlt.Dataset,
        schema: Schema,
        events: int,
        megabytes: int,
        preparations: Preparations,
    ) -> None:
        """Takes what is in the destination before the first step.

        events: how many there are
        megabytes: what the database may take
        """
        self._seeds: list[Seed] = []
        # each with what makes a resource of it
        self._steps: list[tuple[Step, Callable[[Step], Any]]] = []
        self._dataset = dataset
        self._stored = dataset.schema
        self._names = set(dataset.tables)
        self._dataset_name = dataset.sql_client.dataset_name
        # as it is when the next step is done
        self._schema = dict(schema)
        self._events = events
        self._megabytes = megabytes
        self._preparations = preparations
        self._rebuilt: dict[str, str] = {}

    @property
    def resources(self) -> list[Any]:
        """The resources of the load package, one for each step and for each table of a seed."""
        count = len(self._steps)
        steps = [make(replace(step, count=count)) for step, make in self._steps]
        return [*steps, *(seed.empty_resource() for seed in self._seeds)]

    def add_marks(self, forgotten: Iterable[str], seeds: Iterable[Seed]) -> None:
        """Adds the step that must come first: others write down in its table that they are done.

        forgotten: models whose fingerprints are cleared
        seeds: those to be loaded
        """
        self._seeds = list(seeds)
        names = ", ".join(map(sql_literal, (*forgotten, BUILDS)))
        rows = [{"model": BUILDS, "fingerprint": ""}]
        others = [statement for seed in self._seeds for statement in self._load_seed(seed)]
        marks = {seed.name: seed.fingerprint for seed in self._seeds}
        self._add_rows(BUILDS, rows, f"model in ({names})", marks, others)
        self._schema |= {seed.name: dict.fromkeys(seed.columns, "text") for seed in self._seeds}

    def _load_seed(self, seed: Seed) -> Iterator[str]:
        target = duckdb_text(exp.select("*").from_(seed.name), [seed.name], self._dataset_name)
        target = target.rpartition("FROM ")[2]
        yield f"delete from {target}"
        yield f"insert into {target} by name {_values(seed.rows)}"

    def add_consumed(self, loads: Iterable[str]) -> None:
        """Adds the last step, which says which loads all models have consumed."""
        self._add_rows(CONSUMED_LOADS, [{"load_id": load} for load in loads])

    def _add_rows(
        self,
        table: str,
        rows: Sequence[Mapping[str, str]],
        scope: str | None = None,
        marks: Mapping[str, str] | None = None,
        others: Sequence[str] = (),
    ) -> None:
        """Adds a step that writes a few rows of text to a table of the state."""
        names = list(rows[0])
        columns: Any = {name: {"name": name, "data_type": "text"} for name in names}
        stored = self._schema.get(table, {})
        columns |= {name: hints for name, hints in _NEW_COLUMNS.items() if name not in stored}
        query = (
            f"select *, {sql_literal(LOAD_ID)} as {C_DLT_LOAD_ID},"
            f" cast(uuid() as varchar) as {C_DLT_ID} from ({_values(rows)}) as given"
        )
        step = replace(self._step(query, scope), marks=marks or {}, others=others)
        self._append(step, table, columns, [*names, *_NEW_COLUMNS])
        self._schema[table] = {**stored, **sql_types(columns)}

    def add_units(self, loads: str) -> None:
        """Adds a step that lists what some loads touch, and removes what is rebuilt from the list.

        loads: their ids in SQL
        """
        query = qualify_query(parse_sql(touched_by_loads(loads)), self._schema)
        done = None
        if CONSUMED_LOADS in self._schema:
            done = f"_dlt_load_id in ({self._text_of(CONSUMED)})"
        columns = column_hints(query)
        step = self._step(self._text(query), done)
        self._append(step, UNITS, columns, query.named_selects)
        self._schema.setdefault(UNITS, sql_types(columns))

    def add_build(self, build: Build) -> None:
        """Adds a step that builds a model.

        Raises:
            DoesNotFit: if its table has to be made anew
            ModelError: if the SQL of the model cannot be used
        """
        try:
            self._add_by_unit(build) if build.by_unit else self._add_in_full(build)
        except DoesNotFit:
            raise
        except Exception as error:
            raise failed([build.model], error) from error

    def _add_in_full(self, build: Build) -> None:
        model = build.model
        slices = slices_of(model, self._schema, self._events, self._megabytes)
        prepared = self._prepared("in full", model, slices, lambda: self._in_full(model, slices))
        check_width(self._dataset, prepared.names)
        exists = model.name in self._schema
        if exists and not fits(self._stored, model.name, prepared.columns):
            raise DoesNotFit
        self._add(build, prepared)
        before = self._schema.get(model.name, {})
        self._schema[model.name] = {
            **before,
            **sql_types(prepared.columns),
            C_DLT_LOAD_ID: "text",
        }

    def _in_full(self, model: Model, slices: Slices | None) -> Prepared:
        query = (
            sliced_query(model, self._schema)
            if slices
            else qualify_query(model.query, self._schema)
        )
        if slices:
            slices = replace(slices, values=self._text_of(slices.values))
        columns, names = column_hints(query), query.named_selects
        step = Step(0, self._text(query), EVERYTHING, slices=slices)
        return Prepared(step, columns, names)

    def _add_by_unit(self, build: Build) -> None:
        model, rebuilt = build.model, dict(self._rebuilt)
        self._add(build, self._prepared("by unit", model, rebuilt, lambda: self._by_unit(model)))
        if model.unit == VISIT and C_DLT_LOAD_ID in self._schema[model.name]:
            self._rebuilt[model.name] = LOAD_ID

    def _by_unit(self, model: Model) -> Prepared:
        units = units_to_rebuild(model, self._rebuilt)
        spans = f"select unit as since, unit as until from ({units}) as touched_units_of_model"
        ranges = {"time": f"select since, until from {UNITS}", "unit": spans}
        limits = Limits(
            times=Range("timestamptz", first_of("time"), last_of("time")),
            units=None if model.unit == VISIT else Range("date", first_of("unit"), last_of("unit")),
            rebuilt=dict(self._rebuilt),
        )
        query = touched_units_query(model, self._schema, limits)
        condition = f"{comparable(model, str(model.unit))} in ({self._text_of(units)})"
        if model.unit == VISIT and limits.times and (time := model.properties.time):
            # all times in the rows of a visit are those of its events, which lie in this span
            condition += f" and {condition_of(self._dataset, limits.times.contains(time))}"
        columns, names = column_hints(query), query.named_selects
        step = Step(0, self._text(query), condition)
        used = {
            name: self._text_of(
                f"select min(since) as first, max(until) as last from ({spans}) as spans"
            )
            for name, spans in ranges.items()
            if first_of(name) in f"{step.query} {step.scope}"
        }
        return Prepared(replace(step, ranges=used), columns, names)

    def _prepared(
        self, how: str, model: Model, given: object, prepare: Callable[[], Prepared]
    ) -> Prepared:
        """Returns the step for a model, which was maybe prepared by an earlier build.

        given: what it depends on beside the model and the tables
        """
        tables = sorted((name, list(types.items())) for name, types in self._schema.items())
        names = sorted(self._names | self._schema.keys()), self._dataset_name
        about = model.name, model.sql, model.unit, model.properties.time
        look_back = sorted(model.properties.look_back.items())
        return self._preparations.get([how, about, look_back, given, names, tables], prepare)

    def _step(self, query: str, scope: str | None) -> Step:
        return Step(len(self._steps), query, scope)

    def _add(self, build: Build, prepared: Prepared) -> None:
        step, columns, names = prepared
        model = build.model
        step = replace(step, place=len(self._steps), marks={model.name: build.fingerprint})
        self._append(step, model.name, columns, names, model.properties)

    def _append(
        self,
        step: Step,
        table: str,
        columns: Any,
        names: Sequence[str],
        properties: Properties | None = None,
    ) -> None:
        """Adds a step; see `step_resource` for the parameters."""

        def make(step: Step) -> Any:
            return step_resource(self._dataset, table, step, columns, names, properties)

        self._steps.append((step, make))

    def _text_of(self, sql: str) -> str:
        return self._text(parse_sql(sql))

    def _text(self, query: exp.Query) -> str:
        return duckdb_text(query, self._names | self._schema.keys(), self._dataset_name)


def _values(rows: Sequence[Mapping[str, str]]) -> str:
    """Returns the query for a few rows of text, which all have the same columns."""
    values = ", ".join(f"({', '.join(map(sql_literal, row.values()))})" for row in rows)
    return f"select * from (values {values}) as listed ({', '.join(rows[0])})"
