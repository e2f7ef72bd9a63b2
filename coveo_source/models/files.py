"""The SQL models as files: what each of them reads, and by what it is rebuilt.

Each file in `sql/` is one SELECT in DuckDB's dialect; beside it stands a YAML in dbt's format of
properties. `unique_key` there names the column whose values are a model's units: a load rebuilds
the units that it touched, each as a whole. `meta.unit_from` says how a row of a table that the
model reads tells its unit, where that table has no column of the name.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple, cast

import sqlglot
import yaml
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from ..exceptions import SettingError

DIALECT = "duckdb"

SEED = "search_causes"
"""The one table of the models that is a CSV file: what kind of search each cause stands for."""


class Model(NamedTuple):
    """One SQL file.

    name: of the file and of the table
    sql: its SELECT, in DuckDB's dialect
    reads: the tables and models that it selects from
    unit: the column whose values are its units; None if it is always built as a whole
    unit_from: the unit of a row of a table that it reads, as an SQL expression by table; null for
        a table that it looks things up in, whatever their unit
    """

    name: str
    path: Path
    sql: str
    reads: frozenset[str]
    unit: str | None = None
    unit_from: Mapping[str, str | None] = {}

    @property
    def query(self) -> exp.Query:
        """The parsed SQL, for the caller to change."""
        return parse_sql(self.sql)


def parse_sql(sql: str) -> exp.Query:
    """A SELECT in DuckDB's dialect."""
    return cast(exp.Query, sqlglot.parse_one(sql, read=DIALECT))


def sql_folder() -> Path:
    """Where the SQL files are: inside of the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "sql"
    return inside if inside.is_dir() else package.parent / "sql"


def models() -> dict[str, Model]:
    """The package's own models by name, each after those that it reads."""
    return read_models(sql_folder())


@cache
def read_models(folder: Path) -> dict[str, Model]:
    """All models of a folder by name, each after those that it reads."""
    found = {path.stem: read_model(path) for path in sorted(folder.glob("*.sql"))}
    order = TopologicalSorter({name: model.reads & found.keys() for name, model in found.items()})
    return {name: found[name] for name in order.static_order()}


def read_model(path: Path) -> Model:
    """Reads one SQL file and the YAML beside it."""
    sql = path.read_text(encoding="utf-8")
    reads = frozenset(table.name for table in tables_of(parse_sql(sql)))
    config = properties(path.with_suffix(".yml"))
    unit = config.get("unique_key")
    return Model(path.stem, path, sql, reads, unit, config.get("meta", {}).get("unit_from", {}))


def properties(path: Path) -> dict[str, Any]:
    """A model's `config` in its YAML; empty if there is none."""
    if not path.exists():
        return {}
    described = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    config: dict[str, Any] = described[0].get("config", {})
    return config


def tables_of(query: exp.Expr) -> Iterator[exp.Table]:
    """The places where a query reads a table that is not a part of itself."""
    for scope in traverse_scope(query):
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                yield source


def selected(names: Iterable[str], folder: Path | None = None) -> list[Model]:
    """The models with these names, in the order in which they run; all if none is named.

    folder: where their files are, if not in the package's own

    Raises:
        SettingError: if there is no model of a name
    """
    found = read_models(folder or sql_folder())
    wanted = list(names) or list(found)
    for name in wanted:
        if name not in found:
            raise SettingError("select", name, f"Accepted: {', '.join(found)}.")
    return [model for name, model in found.items() if name in wanted]


def levels(wanted: Iterable[Model]) -> Iterator[list[Model]]:
    """The same models in groups, none of which reads another one of its group."""
    by_name = {model.name: model for model in wanted}
    order = TopologicalSorter(
        {name: sorted(model.reads & by_name.keys()) for name, model in by_name.items()}
    )
    order.prepare()
    while order.is_active():
        ready = order.get_ready()
        yield [model for name, model in by_name.items() if name in ready]
        order.done(*ready)


def seed_rows(folder: Path | None = None) -> list[dict[str, str]]:
    """The rows of the seed; none if there is no such file."""
    path = (folder or sql_folder()) / f"{SEED}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
