"""Builds the models inside the destination, as dlt resources.

A model is rebuilt by unit: only the units that were touched by loads since the last build. It is
built in full the first time, on request, and when its SQL or anything that it reads has changed.
Its table ends up the same either way. Models that do not read each other share a load package.
"""

import gc
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
from dlt.common.runtime import signals
from dlt.pipeline.helpers import pipeline_drop

from ..causes import find_cause
from ..destination import building_settings
from ..exceptions import ModelError
from ..tables import EVENT_TABLES, TABLES
from .errors import failed
from .files import SEED, Model, independent_groups, parse_sql, seed_rows, selected
from .plan import Build, plan_builds, seed_fingerprint
from .pushdown import Limits, Range, touched_units_query
from .qualify import Schema, qualify_query, sql_schema
from .resources import (
    EVERYTHING,
    check_width,
    fetch_rows,
    fits,
    query_resource,
    rows_resource,
    scope_of,
    to_relation,
)
from .state import BUILDS, CONSUMED, CONSUMED_LOADS, UNITS, Loads, read_fingerprints, read_loads
from .touched import Unit, touched_by_loads, units_to_rebuild

_Say = Callable[[str], None]


def build(
    pipeline: dlt.Pipeline,
    names: Iterable[str] = (),
    full_refresh: bool = False,
    say: _Say = lambda text: None,
    folder: Path | None = None,
) -> Generator[tuple[str, int], None, None]:
    """Brings models up to date; yields the name and the number of rows of each one it built.

    names: the names of the models; all if none is named
    full_refresh: build them in full in any case
    say: called with a line of text before each model is built
    folder: the folder of their files; None for the package's own

    Raises:
        SettingError: if there is no model with one of the names
        ModelError: if a model fails; its table and all loads are unchanged
    """
    yield from _ModelRunner(pipeline, names, full_refresh, say, folder).run()


@contextmanager
def _gc_disabled() -> Iterator[None]:
    # parsed SQL has so many small objects that scanning them would take a quarter of the time
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _ModelRunner:
    """One build of some models; see `build` for the parameters."""

    def __init__(
        self,
        pipeline: dlt.Pipeline,
        names: Iterable[str],
        full_refresh: bool,
        say: _Say,
        folder: Path | None,
    ) -> None:
        self._pipeline = pipeline
        self._full_refresh = full_refresh
        self._say = say
        self._all_models = selected((), folder)
        self._wanted = selected(names, folder)
        self._seed = seed_rows(folder)
        # known once the loads have been read
        self._dataset: dlt.Dataset
        self._events = 0
        self._consumed: list[str] = []
        # the load by which this run rebuilt the touched visits, by model
        self._rebuilt: dict[str, str] = {}

    def run(self) -> Iterator[tuple[str, int]]:
        if not sql_schema(self._pipeline).keys() & TABLES.keys():
            return
        with building_settings(self._pipeline):
            self._forget_missing_tables()
            builds = {each.model.name: each for each in self._prepare()}
        groups = list(independent_groups(each.model for each in builds.values()))
        for group in groups:
            for model in group:
                self._say(f"Model {model.name}")
            is_last = group is groups[-1] and len(self._wanted) == len(self._all_models)
            yield from self._build_package([builds[model.name] for model in group], is_last)

    def _forget_missing_tables(self) -> None:
        """Makes dlt forget tables that are no longer in the database, so that it makes them anew.

        They may have been dropped by hand, or an older copy of the database was restored.
        """
        own = {*(model.name for model in self._all_models), SEED, UNITS, BUILDS, CONSUMED_LOADS}
        known = own & sql_schema(self._pipeline).keys()
        client: Any
        with self._pipeline.destination_client() as client:
            stored = client.get_storage_tables(known)
            missing = [name for name, columns in stored if not columns]
        if missing:
            pipeline_drop(self._pipeline, resources=missing)()

    def _prepare(self) -> list[Build]:
        """Returns the builds to do, after loading the seed and noting what is due."""
        self._dataset = self._pipeline.dataset()
        schema = sql_schema(self._pipeline)
        seed = seed_fingerprint(self._seed)
        loads = read_loads(self._dataset, schema)
        known = read_fingerprints(self._dataset, schema)
        refreshed = self._wanted if self._full_refresh else ()
        due = plan_builds(self._all_models, refreshed, seed, schema, loads, known)
        builds = [each for each in due if each.model in self._wanted]
        if builds and self._seed and (SEED not in schema or known.get(SEED) != seed):
            table = [pa.Table.from_pylist(self._seed)]
            rows = dlt.resource(table, name=SEED, write_disposition="replace")
            built = [{"model": SEED, "fingerprint": seed}]
            self._load([rows, rows_resource(BUILDS, built, key="model")])
        self._events = sum(loads.rows.get(table, 0) for table in EVENT_TABLES)
        self._consumed = loads.complete
        if builds and loads.any:
            # also for models that this run does not build or does not come to: once the timeline is
            # rebuilt, nobody knows any more what its events belonged to before
            self._forget([each for each in due if known.get(each.model.name) == each.fingerprint])
            # once the last model is built, the load that wrote the list is consumed too
            self._consumed = [*loads.complete, *self._list_touched_units(due, loads)]
        return builds

    def _forget(self, builds: Iterable[Build]) -> None:
        """Clears the fingerprints of builds in full, so that they are due until they are done."""
        cleared = [
            {"model": each.model.name, "fingerprint": ""} for each in builds if not each.unit
        ]
        if cleared:
            self._load([rows_resource(BUILDS, cleared, key="model")])

    def _list_touched_units(self, builds: Iterable[Build], loads: Loads) -> list[str]:
        """Adds units to `touched_units`, removes rebuilt ones; returns the load's id in a list."""
        units = [(each.model, each.unit) for each in builds if each.unit]
        if not units:
            return []
        ids = ", ".join(f"'{load}'" for load in loads.new_loads) or "null"
        schema = sql_schema(self._pipeline)
        query = qualify_query(parse_sql(touched_by_loads(units, schema, ids)), schema)
        done = scope_of(self._dataset, "{column} in ({values})", "_dlt_load_id", CONSUMED)
        return self._load([query_resource(self._dataset, UNITS, query, done)])

    def _build_package(self, builds: Sequence[Build], is_last: bool) -> list[tuple[str, int]]:
        """Builds models in one load package; returns the name and number of rows of each.

        is_last: whether all models have consumed the loads after this package
        """
        try:
            load_id, counts = self._try_package(builds, is_last, limited=True)
        except ModelError as error:
            if not find_cause(error, duckdb.OutOfMemoryException):
                raise
            # DuckDB cannot move to disk what an aggregate keeps for each group
            load_id, counts = self._try_package(builds, is_last, limited=False)
        schema = sql_schema(self._pipeline)
        for model, unit, _ in builds:
            if unit and unit.is_visit and "_dlt_load_id" in schema[model.name]:
                self._rebuilt[model.name] = load_id
        return counts

    def _try_package(
        self, builds: Sequence[Build], is_last: bool, limited: bool
    ) -> tuple[str, list[tuple[str, int]]]:
        """Runs one load package, in limited memory or not; returns its id and each model's rows."""
        models = [each.model for each in builds]
        events = self._events if any(not each.unit for each in builds) else 0
        with building_settings(self._pipeline, events, limited):
            resources = self._model_resources(builds)
            if is_last and self._consumed:
                consumed = [{"load_id": load} for load in self._consumed]
                resources.append(rows_resource(CONSUMED_LOADS, consumed))
            [load_id] = self._load(resources, models)
            return load_id, self._count_rows(models)

    @_gc_disabled()
    def _model_resources(self, builds: Sequence[Build]) -> list[Any]:
        """Returns the models as resources, with the fingerprints of those built in full."""
        # a new dataset, because one keeps its connection and the settings of the last package
        self._dataset = self._pipeline.dataset()
        schema = sql_schema(self._pipeline)
        limits = Limits(rebuilt=dict(self._rebuilt))
        if any(each.unit for each in builds):
            times = f"select since, until from {UNITS}"
            limits = limits._replace(times=self._range(times, "timestamptz"))
        resources: list[Any] = []
        fingerprints = []
        for model, unit, fingerprint in builds:
            try:
                if unit:
                    resources.append(self._by_unit(model, unit, schema, limits))
                else:
                    resources.append(self._in_full(model, schema))
                    fingerprints.append({"model": model.name, "fingerprint": fingerprint})
            except Exception as error:
                raise failed([model], error) from error
        if fingerprints:
            resources.append(rows_resource(BUILDS, fingerprints, key="model"))
        return resources

    def _in_full(self, model: Model, schema: Schema) -> Any:
        """Returns a resource that replaces a model's table."""
        query = qualify_query(model.query, schema)
        check_width(self._dataset, query)
        exists = model.name in schema
        if exists and not fits(self._dataset, model.name, query):
            # before the table is dropped, make sure that the SQL runs
            to_relation(self._dataset, query.limit(1)).fetchall()
            pipeline_drop(self._pipeline, [model.name])()
            exists = False
        return query_resource(self._dataset, model.name, query, EVERYTHING if exists else None)

    def _by_unit(self, model: Model, unit: Unit, schema: Schema, limits: Limits) -> Any:
        """Returns a resource that replaces the touched units in a model's table."""
        values = units_to_rebuild(model, unit, schema, limits.rebuilt)
        scope = scope_of(self._dataset, unit.is_among("{column}", "{values}"), unit.column, values)
        if unit.kind == "date":
            day = "cast(value as date)"
            days = f"select {day} as since, {day} as until from ({values}) as listed"
            limits = limits._replace(days=self._range(days, "date"))
        query = touched_units_query(model, unit, schema, limits)
        return query_resource(self._dataset, model.name, query, scope)

    def _range(self, since_until: str, kind: str) -> Range | None:
        """Returns the range from the least `since` to the greatest `until`; None without rows."""
        query = f"select min(since) as first, max(until) as last from ({since_until}) as ranges"
        [(first, last)] = fetch_rows(self._dataset, query)
        return Range(kind, first.isoformat(), last.isoformat()) if first else None

    @_gc_disabled()
    def _load(self, resources: list[Any], models: Sequence[Model] = ()) -> list[str]:
        """Runs one load package of some models; returns its id in a list."""
        try:
            ids: list[str] = self._pipeline.run(resources).loads_ids
            signals.raise_if_signalled()
        except Exception as error:
            if self._pipeline.has_pending_data:
                # also reverts the changes of the package to the schema
                self._pipeline.abort_packages()
            raise failed(models, error) from error
        return ids

    def _count_rows(self, models: Iterable[Model]) -> list[tuple[str, int]]:
        query = " union all ".join(
            f"select cast('{model.name}' as varchar) as table_name,"
            f" cast(count(*) as bigint) as row_count from {model.name}"
            for model in models
        )
        return [(name, int(count)) for name, count in fetch_rows(self._pipeline.dataset(), query)]
