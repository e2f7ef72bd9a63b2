"""The SQL files of the models, each with the YAML beside it.

In the YAML, `unique_key` names the column whose values are the model's units: visits, days or
weeks. The units that a load touches are rebuilt, each in full.
"""

import csv
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple, cast

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from ..exceptions import SettingError
from ..model_settings import CAUSE_KINDS, DEFAULTS, ModelSettings
from .properties import Properties, read_properties
from .rendering import rendered

DIALECT = "duckdb"

SEEDS = tuple(CAUSE_KINDS)
"""The tables that are made from CSV files: the kind of each cause of a search, and of a click."""

TIMELINE = "all_events"
"""The model that all others are made from."""


class Model(NamedTuple):
    """One SQL file.

    name: the name of the file and of the table
    sql: the SELECT, in DuckDB's dialect, for the settings in force
    reads: the tables and models that it selects from
    """

    name: str
    path: Path
    sql: str
    reads: frozenset[str]
    properties: Properties

    @property
    def unit(self) -> str | None:
        """What the model is rebuilt by, a column; None if it is always built in full."""
        return self.properties.unit

    @property
    def query(self) -> exp.Query:
        """The SQL, parsed for each caller, who may change it."""
        return _parsed.pop(self.sql, None) or parse_sql(self.sql)


def parse_sql(sql: str) -> exp.Query:
    """Parses a SELECT in DuckDB's dialect."""
    return cast(exp.Query, sqlglot.parse_one(sql, read=DIALECT))


def sql_folder() -> Path:
    """Returns the folder of the SQL files: in the installed package, or else in the checkout."""
    inside, beside = (parent / "sql" for parent in Path(__file__).parents[1:3])
    return inside if inside.is_dir() else beside


def model_names() -> list[str]:
    """Returns the names of the package's models, without reading their files."""
    return sorted(path.stem for path in sql_folder().glob("*.sql"))


_parsed: dict[str, exp.Query] = {}
"""The SQL that was parsed to see what it reads, for the first who asks for it."""


def models(settings: ModelSettings = DEFAULTS) -> dict[str, Model]:
    """Returns the package's models by name, each after those that it reads."""
    return _read_models(sql_folder(), settings)


@cache
def _read_models(folder: Path, settings: ModelSettings) -> dict[str, Model]:
    by_name = {path.stem: read_model(path, settings) for path in sorted(folder.glob("*.sql"))}
    reads = {name: sorted(model.reads & by_name.keys()) for name, model in by_name.items()}
    return {name: by_name[name] for name in TopologicalSorter(reads).static_order()}


def read_model(path: Path, settings: ModelSettings = DEFAULTS) -> Model:
    """Reads one SQL file and the YAML beside it."""
    properties = read_properties(path.with_suffix(".yml"), settings)
    sql = rendered(path.read_bytes().decode(), settings, properties.columns)
    return Model(path.stem, path, sql, properties.reads or _tables_in(sql), properties)


def _tables_in(sql: str) -> frozenset[str]:
    _parsed[sql] = query = parse_sql(sql)
    return frozenset(table.name for table in tables_of(query))


def tables_of(query: exp.Expr) -> Iterator[exp.Table]:
    """Yields every place where a query reads a table other than its own CTEs.

    `exp.find_tables` would not do, because it merges places that look the same.
    """
    for scope in traverse_scope(query):
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                yield source


def selected(
    names: Iterable[str], folder: Path | None = None, settings: ModelSettings = DEFAULTS
) -> list[Model]:
    """Returns the models with these names in the order in which they run; all if none is named.

    folder: the folder of their files; None for the package's own

    Raises:
        SettingError: if there is no model with one of the names
    """
    by_name = _read_models(folder or sql_folder(), settings)
    wanted = list(names) or list(by_name)
    for name in wanted:
        if name not in by_name:
            raise SettingError("select", name, f"Accepted: {', '.join(by_name)}.")
    return [model for name, model in by_name.items() if name in wanted]


def with_missing(
    wanted: Iterable[Model], every: Sequence[Model], built: Container[str]
) -> list[Model]:
    """Returns some models, and of those that they read the ones that have never been built.

    every: all models, in the order in which they run
    built: the names of those that have a table
    """
    needed = {model.name for model in wanted}
    for model in reversed(every):
        if model.name in needed:
            needed |= {name for name in model.reads if name not in built}
    return [model for model in every if model.name in needed]


def independent_groups(wanted: Iterable[Model]) -> Iterator[list[Model]]:
    """Yields the models in groups, in order; no model reads another one in its group."""
    by_name = {model.name: model for model in wanted}
    reads = {name: sorted(model.reads & by_name.keys()) for name, model in by_name.items()}
    order = TopologicalSorter(reads)
    order.prepare()
    while order.is_active():
        ready = order.get_ready()
        yield [model for name, model in by_name.items() if name in ready]
        order.done(*ready)


def seed_rows(
    folder: Path | None = None, settings: ModelSettings = DEFAULTS
) -> dict[str, list[dict[str, str]]]:
    """Returns the rows of all seeds by name; a folder may lack their files."""
    files = {name: (folder or sql_folder()) / f"{name}.csv" for name in SEEDS}
    return {
        name: _with_own_causes(file, settings.own_causes(name))
        for name, file in files.items()
        if file.exists()
    }


def _with_own_causes(file: Path, own: Mapping[str, str]) -> list[dict[str, str]]:
    """Reads a seed; the causes of a user's own list replace those of the same name."""
    replaced = {cause.lower() for cause in own}
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["action_cause"].lower() not in replaced]
    return rows + [{"action_cause": cause, "kind": kind} for cause, kind in own.items()]
