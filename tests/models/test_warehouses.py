"""The models in other databases that run without an account: `pytest -m warehouses`.

ClickHouse runs inside chdb, and Databricks' SQL in a local Spark, which needs Java. BigQuery and
Snowflake have emulators (`tests/warehouses`). There is nothing to run Redshift here; for it,
`test_qualify.py` only shows that the queries can be parsed.
"""

import shutil
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pytest

from coveo_source.dataset import open_sql_dataset
from coveo_source.models.dialects import translated
from coveo_source.models.files import Model, models, parse_sql, tables_of
from coveo_source.models.properties import VISIT
from coveo_source.models.pushdown import Limits, Range, touched_units_query
from coveo_source.models.qualify import Schema, qualify_query, sql_schema
from coveo_source.models.state import UNITS
from coveo_source.models.touched import touched_by_loads
from coveo_source.report import Place
from coveo_source.report.period import Comparison, Period
from coveo_source.report.queries import Queries
from coveo_source.report.queries import names as query_names
from tests.models.incremental.history import load
from tests.models.incremental.removal import Removal, remove
from tests.models.incremental.warehouse import Warehouse
from tests.sql.export_rows import edge_cases
from tests.sql.typed_rows import storable, typed

pytestmark = [pytest.mark.slow, pytest.mark.warehouses]

DAYS = Range("date", "2026-02-01", "2026-06-01")
JSON_LISTS = ("keyword_list", "group_list", "top_queries")


class Engine(Protocol):
    """A database that reads and writes Parquet files."""

    dialect: str

    def read(self, path: Path, table: str, types: dict[str, str]) -> None:
        """Creates a table from a file."""

    def write(self, sql: str, path: Path) -> None:
        """Writes the rows of a query to a file."""


CLICKHOUSE_TYPES = {
    "varchar": "String",
    "text": "String",
    "bigint": "Int64",
    "double": "Float64",
    "boolean": "Bool",
    "date": "Date32",
    "timestamptz": "DateTime64(6, 'UTC')",
}


class ClickHouse:
    """ClickHouse in this process."""

    dialect = "clickhouse"

    def __init__(self) -> None:
        self.session = pytest.importorskip("chdb.session").Session()
        # as docs/destinations.md says
        self.session.query("set join_use_nulls = 1")

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
    """Spark in a local process."""

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
        }.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()

    def read(self, path: Path, table: str, types: dict[str, str]) -> None:
        self.session.read.parquet(str(path)).createOrReplaceTempView(table)

    def write(self, sql: str, path: Path) -> None:
        self.session.sql(sql).coalesce(1).write.parquet(str(path))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, Schema]:
    """A DuckDB database after two loads, with the list of units that the second one touched."""
    warehouse = Warehouse(tmp_path_factory.mktemp("stored"))
    rows = {table: list(map(typed, each)) for table, each in storable(edge_cases()).items()}
    load(warehouse.pipeline, rows)
    warehouse.build()
    last = load(warehouse.pipeline, {table: each[::3] for table, each in rows.items()})
    remove(warehouse.pipeline, [Removal("searches", "id = 's3'")], last)
    warehouse.build()
    return warehouse, sql_schema(warehouse.pipeline)


@pytest.fixture(scope="module", params=[ClickHouse, Spark], ids=lambda kind: kind.dialect)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Another database with all tables of the first one, models included."""
    # created first, so that nothing is built where the engine is not installed
    other: Engine = request.param()
    warehouse, schema = request.getfixturevalue("stored")
    folder = tmp_path_factory.mktemp("tables")
    with duckdb.connect(warehouse.path, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        for table, types in schema.items():
            path = folder / f"{table}.parquet"
            connection.execute(f"copy coveo_ua.{table} to '{path}'")
            other.read(path, table, dict(types))
    return other


def comparable(select: Any) -> str:
    """Returns a column of a model in DuckDB's SQL, as it is the same whatever computed it.

    Databases differ in the last digits of a square root, and in which characters of JSON they
    escape without need.
    """
    name, kind = select.alias_or_name, select.type.sql("duckdb")
    column = f'cast("{name}" as {kind})'
    if kind == "DOUBLE":
        column = f"round({column}, 12)"
    if name in JSON_LISTS:
        column = f"from_json({column}, '[\"VARCHAR\"]')"
    return f'{column} as "{name}"'


def differing_rows(warehouse: Warehouse, engine: Engine, query: Any, folder: Path) -> list[Any]:
    """Returns the rows that a query gives in only one of the two databases."""
    path = folder / "rows.parquet"
    engine.write(translated(query, engine.dialect), path)
    file = f"{path}/*.parquet" if path.is_dir() else str(path)
    columns = ", ".join(map(comparable, query.selects))
    sql = query.sql("duckdb")
    with duckdb.connect(warehouse.path, read_only=True) as connection:
        connection.execute("use coveo_ua")
        connection.execute("set timezone = 'UTC'")
        ours = f"(select {columns} from ({sql}))"
        theirs = f"(select {columns} from read_parquet('{file}'))"
        assert connection.execute(f"select count(*) from {ours}").fetchall() != [(0,)]
        return connection.execute(
            f"(from {ours} except all from {theirs}) union all"
            f" (from {theirs} except all from {ours})"
        ).fetchall()


def touched_times(warehouse: Warehouse) -> Range:
    """Returns the span of the touched visits, which begins and ends with an event."""
    [(first, last)] = warehouse.query(f"select min(since), max(until) from {UNITS}")
    return Range("timestamptz", first.isoformat(), last.isoformat())


@pytest.mark.parametrize("how", ["in full", "by unit"])
@pytest.mark.parametrize("model", models().values(), ids=lambda model: model.name)
def test_a_model_has_the_same_rows(
    stored: tuple[Warehouse, Schema], engine: Engine, model: Model, how: str, tmp_path: Path
) -> None:
    warehouse, schema = stored
    if how == "in full":
        query = qualify_query(model.query, schema)
    else:
        limits = Limits(touched_times(warehouse), None if model.unit == VISIT else DAYS)
        query = touched_units_query(model, schema, limits)
    assert differing_rows(warehouse, engine, query, tmp_path) == []


DAYS_OF_A_REPORT = Comparison(
    Period(date(2026, 3, 1), date(2026, 5, 1)), Period(date(2026, 1, 1), date(2026, 3, 1))
)
NOT_HERE = {"exports", "rejected_rows"}
"""Tables that a load of these rows does not have."""


@pytest.mark.parametrize("name", query_names())
def test_a_query_of_a_report_has_the_same_rows(
    stored: tuple[Warehouse, Schema], engine: Engine, name: str, tmp_path: Path
) -> None:
    warehouse, schema = stored
    [(visit,)] = warehouse.query("select min(visit_id) from visits where events > 1")
    with open_sql_dataset(warehouse.pipeline) as dataset:
        queries = Queries(Place(dataset, "duckdb", schema), DAYS_OF_A_REPORT, with_names=True)
        query = parse_sql(queries.filled(name).replace("the visit", visit))
    if NOT_HERE & {table.name for table in tables_of(query)}:
        pytest.skip("nothing was exported here")
    assert differing_rows(warehouse, engine, qualify_query(query, schema), tmp_path) == []


def test_the_list_of_touched_units_has_the_same_rows(
    stored: tuple[Warehouse, Schema], engine: Engine, tmp_path: Path
) -> None:
    warehouse, schema = stored
    [(last,)] = warehouse.query("select max(_dlt_load_id) from clicks")
    query = qualify_query(parse_sql(touched_by_loads(f"'{last}'")), schema)
    assert differing_rows(warehouse, engine, query, tmp_path) == []
    assert UNITS in schema
