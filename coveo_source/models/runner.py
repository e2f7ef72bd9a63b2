"""Builds the models inside of the destination, as dlt resources.

A model is rebuilt by what the loads since then touched, unit by unit, or as a whole: the first
time, when asked to, and when its SQL or what it reads is no longer the same. Either way its table
ends the same. Models that do not read each other share a load package.
"""

import gc
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import duckdb
import pyarrow as pa
from dlt.common.runtime import signals
from dlt.pipeline.helpers import pipeline_drop

from ..destination.duckdb import building_settings
from ..exceptions import ModelError, find_cause
from ..tables import TABLES
from .affected import VISITS, Rebuilt, Unit, touched_units, work_list
from .errors import failed
from .files import SEED, Model, levels, parse_sql, seed_rows, selected
from .plan import Build, plan_builds, seed_fingerprint
from .pushdown import Limits, Range, restricted
from .qualify import Schema, qualify_query, sql_schema
from .resources import (
    EVERYTHING,
    fetch_rows,
    fits,
    query_resource,
    rows_resource,
    scope_of,
    to_relation,
)
from .state import BUILDS, CONSUMED, CONSUMED_LOADS, UNITS, Loads, fingerprints, loads_of


def build(
    pipeline: dlt.Pipeline,
    names: Iterable[str] = (),
    full_refresh: bool = False,
    say: Callable[[str], None] = lambda text: None,
    folder: Path | None = None,
) -> Generator[tuple[str, int], None, None]:
    """Brings models up to date; yields the name and the rows of each that had to be built.

    names: of the models; all if none is named
    full_refresh: whether to build them as a whole in any case
    say: is told of each model before it is built
    folder: where their files are, if not in the package's own

    Raises:
        SettingError: if there is no model of a name
        ModelError: if a model fails; its table and all loads stay as they were
    """
    every, wanted = selected((), folder), selected(names, folder)
    schema = sql_schema(pipeline)
    if not schema.keys() & TABLES.keys():
        return
    with building_settings(pipeline):
        builds, taken_in, events = prepared(pipeline, every, wanted, schema, full_refresh, folder)
    groups = groups_of(builds)
    rebuilt: dict[str, str] = {}
    for group in groups:
        for each in group:
            say(f"Model {each.model.name}")
        taking_in = taken_in if group is groups[-1] and len(wanted) == len(every) else []
        package = Package(group, taking_in, dict(rebuilt), events)
        try:
            load_id, counts = build_package(pipeline, package)
        except ModelError as error:
            if not find_cause(error, duckdb.OutOfMemoryException):
                raise
            # what an aggregate holds of each group cannot go to disk
            load_id, counts = build_package(pipeline, package, limited=False)
        rebuilt.update(dict.fromkeys(by_visit(group, schema), load_id))
        yield from counts


class Package(NamedTuple):
    """Models that are built in one load package.

    taken_in: the loads of which nothing is left to be taken in afterwards
    rebuilt: by which load touched visits were rebuilt before, by model
    events: that there are
    """

    builds: Sequence[Build]
    taken_in: Sequence[str]
    rebuilt: Rebuilt
    events: int


def build_package(
    pipeline: dlt.Pipeline, package: Package, limited: bool = True
) -> tuple[str, list[tuple[str, int]]]:
    """Builds the models of one load package; returns its id, and the name and the rows of each.

    limited: whether to keep to little memory
    """
    models = [each.model for each in package.builds]
    as_a_whole = any(not each.unit for each in package.builds)
    with building_settings(pipeline, package.events if as_a_whole else 0, limited):
        resources = model_resources(pipeline, package.builds, package.rebuilt)
        if package.taken_in:
            taken_in = [{"load_id": load} for load in package.taken_in]
            resources.append(rows_resource(CONSUMED_LOADS, taken_in))
        [load_id] = run_package(pipeline, resources, models)
        return load_id, count_rows(pipeline.dataset(), [model.name for model in models])


def prepared(
    pipeline: dlt.Pipeline,
    every: Sequence[Model],
    wanted: Sequence[Model],
    schema: Schema,
    full_refresh: bool,
    folder: Path | None,
) -> tuple[list[Build], list[str], int]:
    """The builds that are due, with what they need in place, and the loads that they take in.

    Returns:
        These two, and the number of events.
    """
    dataset, seed = pipeline.dataset(), seed_rows(folder)
    mark = seed_fingerprint(seed)
    loads = loads_of(dataset, schema)
    known = fingerprints(dataset, schema)
    chosen = [model.name for model in wanted]
    builds = plan_builds(every, chosen, mark, schema, loads, known, full_refresh)
    if builds and seed and (SEED not in schema or known.get(SEED) != mark):
        run_package(pipeline, seed_resources(seed, mark), [])
    if not any(each.unit for each in builds):
        return builds, loads.complete, loads.events
    # with the last model the list is done too
    taken_in = [*loads.complete, *write_work_list(pipeline, builds, schema, loads)]
    return builds, taken_in, loads.events


def groups_of(builds: Iterable[Build]) -> list[list[Build]]:
    """The builds that can share a load package, in order."""
    by_name = {each.model.name: each for each in builds}
    return [
        [by_name[model.name] for model in group]
        for group in levels(each.model for each in by_name.values())
    ]


def by_visit(builds: Iterable[Build], schema: Schema) -> Iterator[str]:
    """Those models that are rebuilt by visit and whose rows tell by which load."""
    for model, unit, _ in builds:
        if unit == VISITS and "_dlt_load_id" in schema[model.name]:
            yield model.name


def write_work_list(
    pipeline: dlt.Pipeline, builds: Iterable[Build], schema: Schema, loads: Loads
) -> list[str]:
    """Adds to `touched_units` what is to be rebuilt; what is done leaves the list.

    Returns:
        The load package by which it did.
    """
    units = [(each.model, each.unit) for each in builds if each.unit]
    ids = ", ".join(f"'{load}'" for load in loads.fresh) or "null"
    dataset = pipeline.dataset()
    query = qualify_query(parse_sql(work_list(units, schema, ids)), schema)
    done = scope_of(dataset, "{column} in ({values})", "_dlt_load_id", CONSUMED)
    return run_package(pipeline, [query_resource(dataset, UNITS, query, done)], [])


@contextmanager
def gc_disabled() -> Iterator[None]:
    """Work that the garbage collector does not interrupt.

    Parsed SQL is so many small objects that a quarter of the time would go into looking at them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@gc_disabled()
def model_resources(pipeline: dlt.Pipeline, builds: Sequence[Build], rebuilt: Rebuilt) -> list[Any]:
    """The models of one load package, and the fingerprints of those that are built as a whole."""
    schema, dataset = sql_schema(pipeline), pipeline.dataset()
    resources: list[Any] = []
    times = None
    if any(each.unit for each in builds):
        times = range_of(dataset, f"select since, until from {UNITS}", "timestamptz")
    for model, unit, _ in builds:
        try:
            if unit:
                limits = Limits(times, rebuilt=rebuilt)
                resources.append(by_unit(dataset, model, unit, schema, limits))
            else:
                resources.append(as_a_whole(pipeline, dataset, model, schema))
        except Exception as error:
            raise failed([model], error) from error
    marks = [
        {"model": each.model.name, "fingerprint": each.fingerprint}
        for each in builds
        if not each.unit
    ]
    return [*resources, *([rows_resource(BUILDS, marks, key="model")] if marks else [])]


def as_a_whole(pipeline: dlt.Pipeline, dataset: dlt.Dataset, model: Model, schema: Schema) -> Any:
    """A model as a dlt resource that replaces its table.

    A table whose columns are no longer those of the model is dropped, once the SQL is known to run.
    """
    query = qualify_query(model.query, schema)
    exists = model.name in schema
    if exists and not fits(dataset, model.name, query):
        to_relation(dataset, query.limit(1)).fetchall()
        pipeline_drop(pipeline, [model.name])()
        exists = False
    return query_resource(dataset, model.name, query, EVERYTHING if exists else None)


def by_unit(dataset: dlt.Dataset, model: Model, unit: Unit, schema: Schema, limits: Limits) -> Any:
    """A model as a dlt resource that replaces the touched units in its table."""
    values = touched_units(model, unit, schema, limits.rebuilt)
    scope = scope_of(dataset, unit.among("{column}", "{values}"), unit.column, values)
    if unit.kind == "date":
        dates = f"select cast(value as date) as since, cast(value as date) as until from ({values})"
        limits = limits._replace(days=range_of(dataset, f"{dates} as listed", "date"))
    return query_resource(dataset, model.name, restricted(model, unit, schema, limits), scope)


def range_of(dataset: dlt.Dataset, since_until: str, kind: str) -> Range | None:
    """From the first column's least to the second one's greatest value; None if there is none."""
    [(first, last)] = fetch_rows(
        dataset, f"select min(since) as first, max(until) as last from ({since_until}) as ranges"
    )
    return Range(kind, first.isoformat(), last.isoformat()) if first else None


def seed_resources(rows: list[dict[str, str]], mark: str) -> list[Any]:
    """The seed as a table, and its fingerprint."""
    return [
        dlt.resource([pa.Table.from_pylist(rows)], name=SEED, write_disposition="replace"),
        rows_resource(BUILDS, [{"model": SEED, "fingerprint": mark}], key="model"),
    ]


@gc_disabled()
def run_package(pipeline: dlt.Pipeline, resources: list[Any], built: Sequence[Model]) -> list[str]:
    """Runs one load package; returns its id.

    built: the models in it

    Raises:
        ModelError: if it fails
    """
    try:
        ids: list[str] = pipeline.run(resources).loads_ids
        signals.raise_if_signalled()
    except Exception as error:
        if pipeline.has_pending_data:
            # also takes back what the package did to the schema
            pipeline.abort_packages()
        raise failed(built, error) from error
    return ids


def count_rows(dataset: dlt.Dataset, tables: Sequence[str]) -> list[tuple[str, int]]:
    """The name and the rows of tables in the destination."""
    counts = fetch_rows(
        dataset,
        " union all ".join(
            f"select cast('{table}' as varchar) as table_name,"
            f" cast(count(*) as bigint) as row_count from {table}"
            for table in tables
        ),
    )
    return [(name, int(count)) for name, count in counts]
