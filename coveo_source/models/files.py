"""The SQL files of the models, each with the YAML beside it.

In the YAML, `unique_key` names the column whose values are the model's units: the units that a load
touches are rebuilt, each in full.
"""

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple, cast

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from ..exceptions import SettingError
from .properties import Properties, read_properties

DIALECT = "duckdb"

SEED = "search_causes"
"""The only seed, a table that is made from a CSV file: the kind of search for each cause."""


class Model(NamedTuple):
    """One SQL file.

    name: the name of the file and of the table
    sql: the SELECT, in DuckDB's dialect
    reads: the tables and models that it selects from
    """

    name: str
    path: Path
    sql: str
    reads: frozenset[str]
    properties: Properties

    @property
    def unit(self) -> str | None:
        """The column by which the model is rebuilt; None if it is always built in full."""
        return self.properties.unit

    @property
    def query(self) -> exp.Query:
        """The SQL, parsed again for each caller, who may change it."""
        return parse_sql(self.sql)


def parse_sql(sql: str) -> exp.Query:
    """Parses a SELECT in DuckDB's dialect."""
    return cast(exp.Query, sqlglot.parse_one(sql, read=DIALECT))


def sql_folder() -> Path:
    """Returns the folder of the SQL files: in the installed package, or else in the checkout."""
    inside, beside = (parent / "sql" for parent in Path(__file__).parents[1:3])
    return inside if inside.is_dir() else beside


def models() -> dict[str, Model]:
    """Returns the package's models by name, each after those that it reads."""
    return _read_models(sql_folder())


@cache
def _read_models(folder: Path) -> dict[str, Model]:
    by_name = {path.stem: read_model(path) for path in sorted(folder.glob("*.sql"))}
    reads = {name: sorted(model.reads & by_name.keys()) for name, model in by_name.items()}
    return {name: by_name[name] for name in TopologicalSorter(reads).static_order()}


def read_model(path: Path) -> Model:
    """Reads one SQL file and the YAML beside it."""
    sql = path.read_text(encoding="utf-8")
    reads = frozenset(table.name for table in tables_of(parse_sql(sql)))
    return Model(path.stem, path, sql, reads, read_properties(path.with_suffix(".yml")))


def tables_of(query: exp.Expr) -> Iterator[exp.Table]:
    """Yields every place where a query reads a table other than its own CTEs.

    `exp.find_tables` would not do, because it merges places that look the same.
    """
    for scope in traverse_scope(query):
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                yield source


def selected(names: Iterable[str], folder: Path | None = None) -> list[Model]:
    """Returns the models with these names in the order in which they run; all if none is named.

    folder: the folder of their files; None for the package's own

    Raises:
        SettingError: if there is no model with one of the names
    """
    by_name = _read_models(folder or sql_folder())
    wanted = list(names) or list(by_name)
    for name in wanted:
        if name not in by_name:
            raise SettingError("select", name, f"Accepted: {', '.join(by_name)}.")
    return [model for name, model in by_name.items() if name in wanted]


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


def seed_rows(folder: Path | None = None) -> list[dict[str, str]]:
    """Returns the rows of the seed; none if the folder has no such file."""
    path = (folder or sql_folder()) / f"{SEED}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
