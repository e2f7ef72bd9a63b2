"""The models in other databases that run without an account: `pytest -m warehouses`.

ClickHouse runs inside of chdb, and Databricks' SQL inside of a local Spark, which needs Java.
BigQuery, Snowflake and Redshift have no engine to run here; for them `test_explicit.py` only
shows that what is sent can be read back.
"""

import shutil
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pytest

from coveo_source.models.dialects import translated
from coveo_source.models.files import Model, models, parse_sql
from coveo_source.models.pushdown import Limits, Range, touched_units_query
from coveo_source.models.qualify import Schema, qualify_query, sql_schema
from coveo_source.models.state import UNITS
from coveo_source.models.touched import Unit, touched_by_loads
from tests.models.incremental.history import EVENING, load, much
from tests.models.incremental.warehouse import Warehouse, click

pytestmark = [pytest.mark.slow, pytest.mark.warehouses]

TIMES = Range("timestamptz", "2026-02-01T00:00:00+00:00", "2026-05-01T00:00:00+00:00")
DAYS = Range("date", "2026-02-01", "2026-05-01")


class Engine(Protocol):
    """A database that reads and writes Parquet files."""

    dialect: str

    def read(self, path: Path, table: str, types: dict[str, str]) -> None:
        """Makes a table of a file."""

    def write(self, sql: str, path: Path) -> None:
        """Writes the rows of a query to a file."""


CLICKHOUSE_TYPES = {
    "varchar": "String",
    "bigint": "Int64",
    "double": "Float64",
    "boolean": "Bool",
    "date": "Date32",
    "timestamptz": "DateTime64(6, 'UTC')",
}


class ClickHouse:
    dialect = "clickhouse"

    def __init__(self) -> None:
        self.session = pytest.importorskip("chdb.session").Session()

    def read(self, path: Path, table: str, types: dict[str, str]) -> None:
        columns = ", ".join(
            f'"{n}" Nullable({CLICKHOUSE_TYPES[kind]})' for n, kind in types.items()
        )
        self.session.query(f'create table "{table}" ({columns}) engine = Memory')
        self.session.query(f"insert into \"{table}\" select * from file('{path}', Parquet)")

    def write(self, sql: str, path: Path) -> None:
        options = "output_format_parquet_string_as_string = 1"
        self.session.query(f"insert into function file('{path}', Parquet) settings {options} {sql}")


class Spark:
    dialect = "databricks"

    def __init__(self) -> None:
        sql = pytest.importorskip("pyspark.sql")
        if not shutil.which("java"):
            pytest.skip("Spark needs Java")
        builder = sql.SparkSession.builder.master("local[1]")
        for name, value in {
            "spark.ui.enabled": "false",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "1",
            # Spark 4.3 breaks the timeline's plan with this rule, and says so (XXKD0)
            "spark.sql.optimizer.excludedRules": (
                "org.apache.spark.sql.catalyst.optimizer.RemoveRedundantAliases"
            ),
        }.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()

    def read(self, path: Path, table: str, types: dict[str, str]) -> None:
        self.session.read.parquet(str(path)).createOrReplaceTempView(table)

    def write(self, sql: str, path: Path) -> None:
        self.session.sql(sql).coalesce(1).write.parquet(str(path))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, Schema]:
    """A DuckDB after two loads, with the list of what the second one touched."""
    made = Warehouse(tmp_path_factory.mktemp("stored"))
    load(made.pipeline, much(1))
    made.build()
    load(made.pipeline, {"clicks": click("c0", "s2", visitId="v1", datetime=EVENING)})
    made.build()
    return made, sql_schema(made.pipeline)


@pytest.fixture(scope="module", params=[ClickHouse, Spark], ids=lambda kind: kind.dialect)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Another database with all tables of the first one, models included."""
    # first of all: where it is not installed, nothing else is made
    found: Engine = request.param()
    made, schema = request.getfixturevalue("stored")
    folder = tmp_path_factory.mktemp("tables")
    with duckdb.connect(made.path, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        for table, types in schema.items():
            path = folder / f"{table}.parquet"
            connection.execute(f"copy coveo_ua.{table} to '{path}'")
            found.read(path, table, dict(types))
    return found


def differing(made: Warehouse, engine: Engine, query: Any, folder: Path) -> list[Any]:
    """The rows that a query has in only one of two databases."""
    path = folder / "rows.parquet"
    engine.write(translated(query, engine.dialect), path)
    file = f"{path}/*.parquet" if path.is_dir() else str(path)
    columns = ", ".join(
        f'cast("{select.alias_or_name}" as {select.type.sql("duckdb")}) as "{select.alias_or_name}"'
        for select in query.selects
    )
    sql = query.sql("duckdb")
    with duckdb.connect(made.path, read_only=True) as connection:
        connection.execute("use coveo_ua")
        connection.execute("set timezone = 'UTC'")
        ours = f"(select {columns} from ({sql}))"
        theirs = f"(select {columns} from read_parquet('{file}'))"
        assert connection.execute(f"select count(*) from {ours}").fetchall() != [(0,)]
        return connection.execute(
            f"(from {ours} except all from {theirs}) union all"
            f" (from {theirs} except all from {ours})"
        ).fetchall()


@pytest.mark.parametrize("how", ["as a whole", "by unit"])
@pytest.mark.parametrize("model", models().values(), ids=lambda model: model.name)
def test_a_model_has_the_same_rows(
    stored: tuple[Warehouse, Schema], engine: Engine, model: Model, how: str, tmp_path: Path
) -> None:
    made, schema = stored
    if how == "as a whole":
        query = qualify_query(model.query, schema)
    else:
        unit = Unit(str(model.unit), schema[model.name][str(model.unit)])
        query = touched_units_query(
            model, unit, schema, Limits(TIMES, DAYS if unit.kind == "date" else None)
        )
    assert differing(made, engine, query, tmp_path) == []


def test_the_work_list_has_the_same_rows(
    stored: tuple[Warehouse, Schema], engine: Engine, tmp_path: Path
) -> None:
    made, schema = stored
    units = [
        (model, Unit(str(model.unit), schema[model.name][str(model.unit)]))
        for model in models().values()
    ]
    [(last,)] = made.query("select max(_dlt_load_id) from clicks")
    query = qualify_query(parse_sql(touched_by_loads(units, schema, f"'{last}'")), schema)
    assert differing(made, engine, query, tmp_path) == []
    assert UNITS in schema
