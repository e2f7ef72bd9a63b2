"""Decides which models have to be built, and how."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from .affected import Unit
from .files import SEED, Model
from .qualify import Schema
from .state import Loads

RUNNER = "1"
"""To be raised with any change of the code by which the same SQL gives other tables."""


class Build(NamedTuple):
    """How one model is to be built.

    unit: by which; None for as a whole
    fingerprint: what its table comes from
    """

    model: Model
    unit: Unit | None
    fingerprint: str


def plan_builds(
    models: Iterable[Model],
    wanted: Iterable[str],
    seed: str,
    schema: Schema,
    loads: Loads,
    known: Mapping[str, str],
    full_refresh: bool = False,
) -> list[Build]:
    """The builds that bring the wanted models up to date, in order.

    models: all that there are, in order
    seed: the seed's fingerprint
    known: that of what each model was last built from
    """
    names = set(wanted)
    sources = {table: str(sorted(schema[table].items())) for table in loads.rows}
    sources[SEED] = seed
    whole: set[str] = set()
    builds: list[Build] = []
    for model in models:
        sources[model.name] = mark = fingerprint(model, sources)
        changed = model.name not in schema or known.get(model.name) != mark
        asked = full_refresh and model.name in names
        unfit = loads.any and (loads.mostly_new or not model.unit)
        if changed or asked or unfit or model.reads & whole:
            whole.add(model.name)
        elif not loads.any:
            continue
        if model.name in names:
            unit = None if model.name in whole else unit_of(model, schema)
            builds.append(Build(model, unit, mark))
    return builds


def unit_of(model: Model, schema: Schema) -> Unit:
    """The column that a model is rebuilt by, with its type."""
    return Unit(str(model.unit), schema[model.name][str(model.unit)])


def fingerprint(model: Model, sources: Mapping[str, str]) -> str:
    """What a model's table comes from: its SQL, and the columns or the SQL of what it reads."""
    parts = [RUNNER, model.sql, str(model.unit), str(sorted(model.unit_from.items()))]
    parts += [f"{name} {sources.get(name)}" for name in sorted(model.reads)]
    return sha256("\n".join(parts).encode()).hexdigest()


def seed_fingerprint(rows: Iterable[Mapping[str, str]]) -> str:
    """The same of the seed: its rows."""
    return sha256(repr(list(rows)).encode()).hexdigest()
