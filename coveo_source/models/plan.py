"""Decides which models have to be built, and whether in full or by unit."""

from collections.abc import Container, Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from .files import SEED, Model
from .qualify import Schema
from .state import Loads
from .touched import Unit

_RUNNER = "1"
"""Version of the runner; to be raised when the same SQL comes to give different tables."""


class Build(NamedTuple):
    """How one model is to be built.

    unit: what it is rebuilt by; None to build it in full
    fingerprint: a digest of everything that its table is made from
    """

    model: Model
    unit: Unit | None
    fingerprint: str


def plan_builds(
    models: Iterable[Model],
    refreshed: Container[Model],
    seed: str,
    schema: Schema,
    loads: Loads,
    known: Mapping[str, str],
) -> list[Build]:
    """Returns the builds that bring all models up to date, in order.

    models: all models, in order
    refreshed: those that are to be built in full in any case
    seed: the seed's fingerprint
    known: the fingerprint that each model was last built with
    """
    sources = {table: str(sorted(schema[table].items())) for table in loads.rows}
    sources[SEED] = seed
    in_full: set[str] = set()
    builds: list[Build] = []
    for model in models:
        sources[model.name] = fingerprint = _fingerprint(model, sources)
        changed = model.name not in schema or known.get(model.name) != fingerprint
        no_units = loads.any and (loads.mostly_new or not model.unit)
        if changed or model in refreshed or no_units or model.reads & in_full:
            in_full.add(model.name)
            builds.append(Build(model, None, fingerprint))
        elif loads.any:
            builds.append(Build(model, unit_of(model, schema[model.name]), fingerprint))
    return builds


def unit_of(model: Model, columns: Mapping[str, str]) -> Unit | None:
    """Returns the unit of a model with its SQL type; None if it is always built in full."""
    return Unit(model.unit, columns[model.unit]) if model.unit else None


def _fingerprint(model: Model, sources: Mapping[str, str]) -> str:
    parts = [_RUNNER, model.sql, str(model.unit), str(sorted(model.properties.unit_from.items()))]
    parts += [f"{name} {sources.get(name)}" for name in sorted(model.reads)]
    return sha256("\n".join(parts).encode()).hexdigest()


def seed_fingerprint(rows: Iterable[Mapping[str, str]]) -> str:
    """Returns a digest of the seed's rows."""
    return sha256(repr(list(rows)).encode()).hexdigest()
