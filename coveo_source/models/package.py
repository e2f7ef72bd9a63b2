"""The models of one load package as dlt resources, each in full or by its touched units."""

from collections.abc import Iterable
from typing import Any

import dlt
from dlt.pipeline.helpers import pipeline_drop

from .errors import failed
from .files import Model
from .plan import Build
from .properties import VISIT
from .pushdown import Limits, Range, touched_units_query
from .qualify import qualify_query, sql_schema
from .resources import (
    EVERYTHING,
    check_width,
    column_hints,
    condition_of,
    fetch_rows,
    fits,
    query_resource,
    rows_resource,
    scope_of,
    to_relation,
)
from .state import BUILDS, UNITS
from .touched import RebuiltBy, comparable, units_to_rebuild


def package_resources(
    pipeline: dlt.Pipeline, builds: Iterable[Build], rebuilt: RebuiltBy
) -> list[Any]:
    """Returns the resources of some models, with the fingerprints of those built in full.

    rebuilt: the load by which the touched visits of a model were rebuilt, by model

    Raises:
        ModelError: if the SQL of a model cannot be used
    """
    package = _Package(pipeline, rebuilt)
    resources: list[Any] = []
    fingerprints = []
    for model, by_unit, fingerprint in builds:
        try:
            if by_unit:
                resources.append(package.by_unit(model))
            else:
                resources.append(package.in_full(model))
                fingerprints.append({"model": model.name, "fingerprint": fingerprint})
        except Exception as error:
            raise failed([model], error) from error
    if fingerprints:
        resources.append(rows_resource(BUILDS, fingerprints, key="model"))
    return resources


class _Package:
    """What the queries of one package have in common."""

    def __init__(self, pipeline: dlt.Pipeline, rebuilt: RebuiltBy) -> None:
        self._pipeline = pipeline
        # a new dataset, because one keeps its connection and the settings of the last package
        self._dataset = pipeline.dataset()
        self._schema = sql_schema(pipeline)
        self._rebuilt = rebuilt
        self._ranges: dict[str, Range | None] = {}

    def in_full(self, model: Model) -> Any:
        """Returns a resource that replaces a model's table."""
        query = qualify_query(model.query, self._schema)
        check_width(self._dataset, query.named_selects)
        exists = model.name in self._schema
        if exists and not fits(self._dataset.schema, model.name, column_hints(query)):
            # before the table is dropped, make sure that the SQL runs
            to_relation(self._dataset, query.limit(1)).fetchall()
            pipeline_drop(self._pipeline, [model.name])()
            exists = False
        scope = EVERYTHING if exists else None
        return query_resource(self._dataset, model.name, query, scope, model.properties)

    def by_unit(self, model: Model) -> Any:
        """Returns a resource that replaces the touched units in a model's table."""
        units = units_to_rebuild(model, self._rebuilt)
        spans = f"select unit as since, unit as until from ({units}) as touched_units_of_model"
        limits = Limits(
            times=self._range(f"select since, until from {UNITS}", "timestamptz"),
            units=None if model.unit == VISIT else self._range(spans, "date"),
            rebuilt=self._rebuilt,
        )
        condition = f"{comparable(model, '{column}')} in ({{values}})"
        scope = scope_of(self._dataset, condition, str(model.unit), units)
        # all times in the rows of a visit are those of its events, which lie in this span
        if model.unit == VISIT and limits.times and (time := model.properties.time):
            scope += f" and {condition_of(self._dataset, limits.times.contains(time))}"
        query = touched_units_query(model, self._schema, limits)
        return query_resource(self._dataset, model.name, query, scope, model.properties)

    def _range(self, spans: str, kind: str) -> Range | None:
        """Returns the range from the least `since` to the greatest `until`; None without rows."""
        if spans not in self._ranges:
            query = f"select min(since) as first, max(until) as last from ({spans}) as spans"
            [(first, last)] = fetch_rows(self._dataset, query)
            found = Range(kind, first.isoformat(), last.isoformat()) if first else None
            self._ranges[spans] = found
        return self._ranges[spans]
