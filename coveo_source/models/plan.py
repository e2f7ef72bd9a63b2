"""Decides which models have to be built, and whether in full or by unit."""

from collections.abc import Container, Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from .files import Model
from .qualify import Schema
from .state import Loads

_RUNNER = "2"
"""Version of the runner; to be raised when the same SQL comes to give different tables."""


class Build(NamedTuple):
    """How one model is to be built.

    by_unit: whether only its touched units are rebuilt; if not, it is built in full
    fingerprint: a digest of everything that its table is made from
    """

    model: Model
    by_unit: bool
    fingerprint: str


def plan_builds(
    models: Iterable[Model],
    refreshed: Container[Model],
    seeds: Mapping[str, str],
    schema: Schema,
    loads: Loads,
    known: Mapping[str, str],
) -> list[Build]:
    """Returns the builds that bring all models up to date, in order.

    models: all models, in order
    refreshed: those that are to be built in full in any case
    seeds: the fingerprint of each seed
    known: the fingerprint that each model was last built with
    """
    sources = {table: str(sorted(schema[table].items())) for table in loads.rows}
    sources |= seeds
    in_full: set[str] = set()
    builds: list[Build] = []
    for model in models:
        sources[model.name] = fingerprint = _fingerprint(model, sources)
        changed = model.name not in schema or known.get(model.name) != fingerprint
        no_units = loads.any and (loads.mostly_new or not model.unit)
        if changed or model in refreshed or no_units or model.reads & in_full:
            in_full.add(model.name)
            builds.append(Build(model, False, fingerprint))
        elif loads.any:
            builds.append(Build(model, True, fingerprint))
    return builds


def _fingerprint(model: Model, sources: Mapping[str, str]) -> str:
    parts = [_RUNNER, model.sql, str(model.unit), str(sorted(model.properties.look_back.items()))]
    parts += [f"{name} {sources.get(name)}" for name in sorted(model.reads)]
    return sha256("\n".join(parts).encode()).hexdigest()
