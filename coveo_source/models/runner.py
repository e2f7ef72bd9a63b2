"""Builds the models inside the destination, as dlt resources.

A model is rebuilt by unit: only the visits, days or weeks that were touched by loads since the last
build. It is built in full the first time, on request, and when its SQL, a setting or anything that
it reads has changed. Its table ends up the same either way. Models that do not read each other
share a load package.
"""

import gc
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import duckdb
from dlt.common.runtime import signals
from dlt.pipeline.helpers import pipeline_drop

from ..causes import find_cause
from ..destination import building_settings
from ..exceptions import ModelError, SettingError
from ..model_settings import DEFAULTS, ModelSettings
from ..tables import CUSTOM, EVENT_TABLES, TABLES
from ..watching import ModelsEvent, Watch, ignore
from .errors import failed
from .files import SEEDS, Model, independent_groups, parse_sql, selected, with_missing
from .package import package_resources
from .plan import Build, plan_builds
from .properties import VISIT
from .qualify import qualify_query, sql_schema
from .resources import fetch_rows, query_resource, rows_resource, scope_of
from .seeds import Seeds
from .state import BUILDS, CONSUMED, CONSUMED_LOADS, UNITS, Loads, read_fingerprints, read_loads
from .touched import touched_by_loads


class Built(NamedTuple):
    """A model that was built.

    rows: number of rows of the whole table
    load_id: the load by which its rows, or those of its touched units, were written
    """

    name: str
    rows: int
    load_id: str


def build(
    pipeline: dlt.Pipeline,
    names: Iterable[str] = (),
    full_refresh: bool = False,
    watch: Watch = ignore,
    folder: Path | None = None,
    settings: ModelSettings = DEFAULTS,
) -> Generator[Built, None, None]:
    """Brings models up to date; yields each one that it built.

    names: the names of the models; all if none is named
    full_refresh: build them in full in any case
    watch: told which models are being built, and with how many rows they are
    folder: the folder of their files; None for the package's own

    Raises:
        SettingError: if there is no model with one of the names, or no dimension of the settings
        ModelError: if a model fails; its table and all loads are unchanged
    """
    yield from _ModelRunner(pipeline, names, full_refresh, watch, folder, settings).run()


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
        watch: Watch,
        folder: Path | None,
        settings: ModelSettings,
    ) -> None:
        self._pipeline = pipeline
        self._full_refresh = full_refresh
        self._watch = watch
        self._dimensions = settings.model_dimensions
        self._all_models = selected((), folder, settings)
        self._wanted = selected(names, folder, settings)
        self._seeds = Seeds(self._all_models, folder, settings)
        # known once the loads have been read
        self._events = 0
        self._consumed: list[str] = []
        # the load by which this run rebuilt the touched visits, by model
        self._rebuilt: dict[str, str] = {}

    def run(self) -> Iterator[Built]:
        if not sql_schema(self._pipeline).keys() & TABLES.keys():
            return
        self._check_dimensions()
        with building_settings(self._pipeline):
            self._forget_missing_tables()
            self._wanted = with_missing(self._wanted, self._all_models, sql_schema(self._pipeline))
            builds = {each.model.name: each for each in self._prepare()}
        groups = list(independent_groups(each.model for each in builds.values()))
        for group in groups:
            names = tuple(model.name for model in group)
            self._watch(ModelsEvent(names))
            is_last = group is groups[-1] and len(self._wanted) == len(self._all_models)
            built = self._build_package([builds[name] for name in names], is_last)
            self._watch(ModelsEvent(names, {each.name: each.rows for each in built}))
            yield from built

    def _check_dimensions(self) -> None:
        """Raises a SettingError for a dimension that no event has."""
        schema = sql_schema(self._pipeline)
        columns = {name for table in EVENT_TABLES for name in schema.get(table, ())}
        for name in self._dimensions:
            if name not in columns:
                custom = ", ".join(sorted(each for each in columns if each.startswith(CUSTOM)))
                known = f"Custom dimensions: {custom or 'none'}."
                raise SettingError("model_dimensions", name, f"No loaded event has it. {known}")

    def _forget_missing_tables(self) -> None:
        """Makes dlt forget tables that are no longer in the database, so that it makes them anew.

        They may have been dropped by hand, or an older copy of the database was restored.
        """
        own = {*(model.name for model in self._all_models), *SEEDS, UNITS, BUILDS, CONSUMED_LOADS}
        known = own & sql_schema(self._pipeline).keys()
        client: Any
        with self._pipeline.destination_client() as client:
            stored = client.get_storage_tables(known)
            missing = [name for name, columns in stored if not columns]
        if missing:
            pipeline_drop(self._pipeline, resources=missing)()

    def _prepare(self) -> list[Build]:
        """Returns the builds to do, after loading the seeds and noting what is due."""
        dataset = self._pipeline.dataset()
        schema = sql_schema(self._pipeline)
        loads = read_loads(dataset, schema)
        known = read_fingerprints(dataset, schema)
        refreshed = self._wanted if self._full_refresh else ()
        seeds = self._seeds.fingerprints
        due = plan_builds(self._all_models, refreshed, seeds, schema, loads, known)
        builds = [each for each in due if each.model in self._wanted]
        if builds and (resources := self._seeds.resources(schema, known)):
            self._load(resources)
        self._events = sum(loads.rows.get(table, 0) for table in EVENT_TABLES)
        self._consumed = loads.complete
        if builds and loads.any:
            # also for models that this run does not build or does not come to: once the timeline is
            # rebuilt, nobody knows any more what its events belonged to before
            self._forget([each for each in due if known.get(each.model.name) == each.fingerprint])
            # once the last model is built, the load that wrote the list is consumed too
            self._consumed = [*loads.complete, *self._list_touched_units(dataset, due, loads)]
        return builds

    def _forget(self, builds: Iterable[Build]) -> None:
        """Clears the fingerprints of builds in full, so that they are due until they are done."""
        cleared = [
            {"model": each.model.name, "fingerprint": ""} for each in builds if not each.by_unit
        ]
        if cleared:
            self._load([rows_resource(BUILDS, cleared, key="model")])

    def _list_touched_units(
        self, dataset: dlt.Dataset, builds: Iterable[Build], loads: Loads
    ) -> list[str]:
        """Adds units to `touched_units`, removes rebuilt ones; returns the load's id in a list."""
        if not any(each.by_unit for each in builds):
            return []
        ids = ", ".join(f"'{load}'" for load in loads.new_loads) or "null"
        query = qualify_query(parse_sql(touched_by_loads(ids)), sql_schema(self._pipeline))
        done = scope_of(dataset, "{column} in ({values})", "_dlt_load_id", CONSUMED)
        return self._load([query_resource(dataset, UNITS, query, done)])

    def _build_package(self, builds: Sequence[Build], is_last: bool) -> list[Built]:
        """Builds models in one load package.

        is_last: whether all models have consumed the loads after this package
        """
        try:
            built = self._try_package(builds, is_last, limited=True)
        except ModelError as error:
            if not find_cause(error, duckdb.OutOfMemoryException):
                raise
            # DuckDB cannot move to disk what an aggregate keeps for each group
            built = self._try_package(builds, is_last, limited=False)
        schema = sql_schema(self._pipeline)
        for model, by_unit, _ in builds:
            if by_unit and model.unit == VISIT and "_dlt_load_id" in schema[model.name]:
                self._rebuilt[model.name] = built[0].load_id
        return built

    @_gc_disabled()
    def _try_package(self, builds: Sequence[Build], is_last: bool, limited: bool) -> list[Built]:
        """Runs one load package, in limited memory or not."""
        models = [each.model for each in builds]
        events = 0 if all(each.by_unit for each in builds) else self._events
        with building_settings(self._pipeline, events, limited):
            resources = package_resources(self._pipeline, builds, dict(self._rebuilt))
            if is_last and self._consumed:
                consumed = [{"load_id": load} for load in self._consumed]
                resources.append(rows_resource(CONSUMED_LOADS, consumed))
            [load_id] = self._load(resources, models)
            return [Built(name, rows, load_id) for name, rows in self._count_rows(models)]

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
