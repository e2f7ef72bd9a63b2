"""The SQL models, run inside of the destination as dlt resources.

Each file in `sql/` is one SELECT in DuckDB's dialect. dlt turns it into the destination's and
loads its result as a table, with a load package and a trace like any other.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import sqlglot
from dlt.common.pipeline import LoadInfo
from sqlglot import exp

from .catalogue import TABLES, ColumnType, column_type
from .exceptions import ModelError, SettingError, causes

DIALECT = "duckdb"

SQL_TYPES: dict[ColumnType, str] = {
    "text": "varchar",
    "bool": "boolean",
    "bigint": "bigint",
    "timestamp": "timestamptz",
}


class Model(NamedTuple):
    """One SQL file.

    name: of the file and of the table
    sql: its SELECT, in DuckDB's dialect
    reads: the tables and models that it selects from
    """

    name: str
    sql: str
    reads: frozenset[str]


def sql_folder() -> Path:
    """Where the SQL files are: inside of the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "sql"
    return inside if inside.is_dir() else package.parent / "sql"


@cache
def models() -> dict[str, Model]:
    """All models by name, each after those that it reads."""
    found = {path.stem: read_model(path) for path in sorted(sql_folder().glob("*.sql"))}
    order = TopologicalSorter({name: model.reads & found.keys() for name, model in found.items()})
    return {name: found[name] for name in order.static_order()}


def read_model(path: Path) -> Model:
    """Reads one SQL file."""
    sql = path.read_text(encoding="utf-8")
    query = sqlglot.parse_one(sql, read=DIALECT)
    ctes = {cte.alias for cte in query.find_all(exp.CTE)}
    tables = {table.name for table in query.find_all(exp.Table)}
    return Model(path.stem, sql, frozenset(tables - ctes))


def selected(names: Iterable[str]) -> list[Model]:
    """The models with these names, in the order in which they run; all if none is named.

    Raises:
        SettingError: if there is no model of a name
    """
    wanted = list(names) or list(models())
    for name in wanted:
        if name not in models():
            raise SettingError("select", name, f"Accepted: {', '.join(models())}.")
    return [model for name, model in models().items() if name in wanted]


def run_model(pipeline: dlt.Pipeline, model: Model) -> LoadInfo:
    """Builds one model's table anew.

    Raises:
        ModelError: if the SQL fails; the table then stays as it was
    """
    try:
        return pipeline.run(model_resource(pipeline, model))
    except Exception as error:
        if pipeline.has_pending_data:
            # also takes back what the package did to the schema
            pipeline.abort_packages()
        raise ModelError(
            f"The model {model.name} ({sql_folder() / (model.name + '.sql')}) failed:"
            f" {reason(error)} The loaded tables are complete and its own table is as it was."
        ) from error


def model_resource(pipeline: dlt.Pipeline, model: Model) -> Any:
    """A model as a dlt resource that replaces its table."""

    def rows() -> Iterator[Any]:
        relation = pipeline.dataset()(complete(model.sql, columns_of(pipeline)))
        hints = dlt.mark.make_hints(columns=relation.columns_schema)
        yield dlt.mark.with_hints(relation, hints=hints)

    return dlt.resource(rows, name=model.name, write_disposition="replace")


def columns_of(pipeline: dlt.Pipeline) -> dict[str, set[str]]:
    """The columns that each table of the pipeline has in the destination."""
    schema = pipeline.default_schema
    return {
        name: set(schema.get_table_columns(name))
        for name in schema.data_table_names(seen_data_only=True)
    }


def complete(sql: str, present: Mapping[str, set[str]]) -> str:
    """The model with every column of the catalogue there, null where the destination lacks it.

    A pipeline may load some of the five tables or some of their dimensions only.
    """
    query = sqlglot.parse_one(sql, read=DIALECT)
    for table in list(query.find_all(exp.Table)):
        if table.name in TABLES:
            missing = missing_columns(table.name, present.get(table.name))
            if missing:
                table.replace(completed_table(table.name, missing, table.name in present))
    return query.sql(DIALECT, pretty=True)


def missing_columns(table: str, present: set[str] | None) -> dict[str, str]:
    """Name and SQL type of the catalogue's columns that a table does not have."""
    names = {snake_case(name): column_type(name) for name in TABLES[table].columns}
    wanted = {name: SQL_TYPES[kind] for name, kind in names.items()} | {"_dlt_load_id": "varchar"}
    return {name: kind for name, kind in wanted.items() if name not in (present or set())}


def completed_table(table: str, missing: Mapping[str, str], exists: bool) -> exp.Expression:
    """A subquery that stands for a table, with null for what it lacks."""
    nulls = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in missing.items())
    body = f"*, {nulls} from {table}" if exists else f"{nulls} where false"
    return exp.maybe_parse(f"select {body}", dialect=DIALECT).subquery(table)


def snake_case(api_name: str) -> str:
    """The name of a known column in the destination."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", api_name).lower()


def reason(error: BaseException) -> str:
    """The innermost message of an error, as one sentence."""
    *_, innermost = causes(error)
    text = " ".join(str(innermost).split()) or type(innermost).__name__
    return text if text.endswith(".") else f"{text}."
