"""Builds the models inside the destination, as dlt resources.

A model is rebuilt by unit: only the visits, days or weeks that were touched by loads since the last
build. It is built in full the first time, on request, and when its SQL, a setting or anything that
it reads has changed. Its table ends up the same either way. In DuckDB one load package does
all of it; elsewhere, models that do not read each other share one.
"""

import gc
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import dlt
from dlt.common.runtime import signals
from dlt.pipeline.helpers import pipeline_drop

from ..destination import LOAD_ID, building_settings, does_steps
from ..exceptions import SettingError
from ..model_settings import DEFAULTS, ModelSettings
from ..tables import CUSTOM, EVENT_TABLES, TABLES
from ..watching import ModelsEvent, Watch, ignore
from .errors import failed
from .files import SEEDS, Model, independent_groups, parse_sql, selected, with_missing
from .package import package_resources
from .plan import Build, plan_builds
from .prepared import Preparations
from .properties import VISIT
from .qualify import Schema, qualify_query, sql_schema
from .resources import (
    fetch_rows,
    memory_limit_mb,
    query_resource,
    rows_resource,
    scope_of,
    sql_literal,
)
from .script import DoesNotFit, Script
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
        # known once it is clear which tables there are
        self._schema: Schema
        self._dataset: dlt.Dataset
        self._loads: Loads
        self._known: dict[str, str] = {}
        # of each table, once it is built in a step
        self._rows: dict[str, int] = {}
        # the load by which this run rebuilt the touched visits, by model
        self._rebuilt: dict[str, str] = {}

    def run(self) -> Iterator[Built]:
        # reading it takes dlt longer than anything else here
        self._schema = sql_schema(self._pipeline)
        if not self._schema.keys() & TABLES.keys():
            return
        self._check_dimensions()
        with building_settings(self._pipeline, self._tell):
            self._forget_missing_tables()
            self._dataset = self._pipeline.dataset()
            due = self._due()
            builds = [each for each in due if each.model in self._wanted]
            if not builds:
                return
            built = self._build_at_once(due, builds) if does_steps(self._pipeline) else None
            yield from self._build_by_groups(due, builds) if built is None else built

    def _tell(self, table: str, rows: int | None) -> None:
        """Tells the watcher of a model before and after it is built."""
        if any(table == model.name for model in self._all_models):
            self._watch(ModelsEvent((table,), None if rows is None else {table: rows}))
        if rows is not None:
            self._rows[table] = rows

    def _check_dimensions(self) -> None:
        """Raises a SettingError for a dimension that no event has."""
        columns = {name for table in EVENT_TABLES for name in self._schema.get(table, ())}
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
        known = own & self._schema.keys()
        client: Any
        with self._pipeline.destination_client() as client:
            stored = client.get_storage_tables(known)
            missing = [name for name, columns in stored if not columns]
        if missing:
            pipeline_drop(self._pipeline, resources=missing)()
            self._schema = sql_schema(self._pipeline)

    def _due(self) -> list[Build]:
        """Returns the builds that bring all models up to date, whether they are wanted or not."""
        schema, dataset = self._schema, self._dataset
        self._wanted = with_missing(self._wanted, self._all_models, schema)
        self._loads = read_loads(dataset, schema)
        self._known = read_fingerprints(dataset, schema)
        refreshed = self._wanted if self._full_refresh else ()
        seeds = self._seeds.fingerprints
        return plan_builds(self._all_models, refreshed, seeds, schema, self._loads, self._known)

    @property
    def _builds_all(self) -> bool:
        """True if all models have consumed the loads after this build."""
        return len(self._wanted) == len(self._all_models)

    def _forgotten(self, due: Iterable[Build]) -> list[str]:
        """Returns the models whose fingerprints are cleared, so that they are due until done.

        Also those that this run does not build or does not come to: once the timeline is rebuilt,
        nobody knows any more what its events belonged to before.
        """
        if not self._loads.any:
            return []
        known = [each for each in due if self._known.get(each.model.name) == each.fingerprint]
        return [each.model.name for each in known if not each.by_unit]

    @_gc_disabled()
    def _build_at_once(self, due: Sequence[Build], builds: Sequence[Build]) -> list[Built] | None:
        """Builds models in one load package; does nothing and returns None if that cannot be."""
        events = sum(self._loads.rows.get(table, 0) for table in EVENT_TABLES)
        megabytes = memory_limit_mb(self._dataset)
        preparations = Preparations(Path(self._pipeline.working_dir))
        script = Script(self._dataset, self._schema, events, megabytes, preparations)
        script.add_marks(self._forgotten(due), self._seeds.due(self._schema, self._known))
        lists_units = self._loads.any and any(each.by_unit for each in due)
        if lists_units:
            script.add_units(self._new_loads)
        try:
            for build in builds:
                script.add_build(build)
        except DoesNotFit:
            return None
        preparations.save()
        consumed = [*self._loads.complete, *([LOAD_ID] if lists_units else [])]
        if self._builds_all and consumed:
            script.add_consumed(consumed)
        models = [each.model for each in builds]
        [load_id] = self._load(script.resources, models)
        return [Built(model.name, self._rows[model.name], load_id) for model in models]

    @property
    def _new_loads(self) -> str:
        """The loads that the models have not consumed, in SQL."""
        return ", ".join(map(sql_literal, self._loads.new_loads)) or "null"

    def _build_by_groups(self, due: Sequence[Build], builds: Sequence[Build]) -> Iterator[Built]:
        """Builds models in a load package for each group that do not read each other."""
        if resources := self._seeds.resources(self._schema, self._known):
            self._load(resources)
        consumed = list(self._loads.complete)
        if self._loads.any:
            if cleared := [{"model": name, "fingerprint": ""} for name in self._forgotten(due)]:
                self._load([rows_resource(BUILDS, cleared, key="model")])
            # once the last model is built, the load that wrote the list is consumed too
            consumed += self._list_touched_units(due)
        by_name = {each.model.name: each for each in builds}
        groups = list(independent_groups(each.model for each in builds))
        for group in groups:
            names = tuple(model.name for model in group)
            self._watch(ModelsEvent(names))
            is_last = group is groups[-1] and self._builds_all
            built = self._build_package(
                [by_name[name] for name in names], consumed if is_last else ()
            )
            self._watch(ModelsEvent(names, {each.name: each.rows for each in built}))
            yield from built

    def _list_touched_units(self, builds: Iterable[Build]) -> list[str]:
        """Adds units to `touched_units`, removes rebuilt ones; returns the load's id in a list."""
        if not any(each.by_unit for each in builds):
            return []
        schema, dataset = sql_schema(self._pipeline), self._pipeline.dataset()
        query = qualify_query(parse_sql(touched_by_loads(self._new_loads)), schema)
        done = scope_of(dataset, "{column} in ({values})", "_dlt_load_id", CONSUMED)
        return self._load([query_resource(dataset, UNITS, query, done)])

    @_gc_disabled()
    def _build_package(self, builds: Sequence[Build], consumed: Sequence[str]) -> list[Built]:
        """Builds models in one load package.

        consumed: the loads that all models have consumed after this package
        """
        models = [each.model for each in builds]
        resources = package_resources(self._pipeline, builds, dict(self._rebuilt))
        if consumed:
            rows = [{"load_id": load} for load in consumed]
            resources.append(rows_resource(CONSUMED_LOADS, rows))
        [load_id] = self._load(resources, models)
        schema = sql_schema(self._pipeline)
        for model, by_unit, _ in builds:
            if by_unit and model.unit == VISIT and "_dlt_load_id" in schema[model.name]:
                self._rebuilt[model.name] = load_id
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
