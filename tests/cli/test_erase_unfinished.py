"""`erase` on the way: what was read before, what cannot be finished, and who has to wait."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from coveo_source.demo import DemoServer
from coveo_source.load import hold_lock
from coveo_source.tables import TABLES
from tests.support.assertions import invoke, run_against
from tests.support.cli_user import DATASET, PIPELINE, open_pipeline, query, rows
from tests.support.clock import Clock
from tests.support.person import NAME, PersonalTraffic, all_texts, erase, private_texts
from tests.support.processes import start_run, wait_for_exit

Serve = Callable[..., DemoServer]


def searches_of_person() -> int:
    [(count,)] = query(f"select count(*) from searches where username = '{NAME}'")
    return int(count)


def kill_a_run(server: DemoServer) -> None:
    """Leaves a load package that is not loaded, as a run does that is killed."""
    killed = (
        "import os, signal; from coveo_source.destination.jobs import MergeJob;"
        "MergeJob.run = lambda self: os.kill(os.getpid(), signal.SIGKILL);"
        "from coveo_source.__main__ import main; main()"
    )
    words = ("--tables", *TABLES)
    with start_run(server, "-c", killed, words=words) as process:
        assert wait_for_exit(process).code == -signal.SIGKILL
    assert open_pipeline().has_pending_data


@pytest.mark.slow
def test_what_a_killed_run_has_read_is_loaded_first_and_then_erased(serve: Serve) -> None:
    kill_a_run(serve(PersonalTraffic()))
    completed = erase()
    assert completed.code == 0, completed.err
    assert "Loading first" in completed.err
    assert not open_pipeline().has_pending_data
    assert rows("searches")
    assert searches_of_person() == 0
    assert not any(NAME in text for text in all_texts())


@pytest.mark.slow
@pytest.mark.thorough
def test_what_another_machine_has_read_before_is_not_loaded_any_more(
    loaded: DemoServer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(hours=20)
    kill_a_run(loaded)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("DLT_DATA_DIR", str(tmp_path / "another-machine"))
        assert erase().code == 0
    completed = run_against(loaded, "--tables", *TABLES)
    assert completed.code == 0, completed.err
    assert "before an erasure" in completed.err
    assert searches_of_person() == 0
    [(end,)] = query("select max(window_end) from exports")
    assert end == clock.now - timedelta(minutes=15)


def test_another_run_on_the_pipeline_is_not_disturbed(loaded: DemoServer) -> None:
    with hold_lock(Path(os.environ["DLT_DATA_DIR"]) / "pipelines", PIPELINE):
        completed = erase()
    assert completed.code == 1
    assert "Another run" in completed.err
    assert searches_of_person()


@pytest.mark.slow
def test_a_file_that_cannot_be_written_anew_is_said_and_tried_again(loaded: DemoServer) -> None:
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute("create table people (id int primary key)")
        database.execute("create table notes (person int references people (id))")
        database.execute("insert into people values (1); insert into notes values (1)")
    completed = erase()
    assert completed.code == 1
    assert "still holds the bytes of erased rows" in completed.err
    assert searches_of_person() == 0
    again = run_against(loaded, "--tables", *TABLES)
    assert again.code == 0
    assert "still holds the bytes of erased rows" in again.err
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute("drop table notes")
    assert invoke(PIPELINE, "models", "--select", "all_events").code == 0
    assert query("select completed_at is null from erasures") == [(False,)]
    assert query("from main.people") == [(1,)]


@pytest.mark.slow
@pytest.mark.thorough
def test_models_that_dbt_has_built_are_waited_for(loaded: DemoServer) -> None:
    dbt = f"{DATASET}_dbt"
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"create schema {dbt}")
        database.execute(
            f"create table {dbt}.all_events as select id as event_id, username, visit_id"
            f" from {DATASET}.searches"
        )
        database.execute(f"create table {dbt}.dbt_touched_units (unit varchar, value varchar)")
        database.execute(
            f"insert into {dbt}.dbt_touched_units select 'visit_id', visit_id"
            f" from {DATASET}.searches union all values ('load', '1')"
        )
    private = private_texts()
    completed = erase()
    assert completed.code == 1
    assert f"dbt has built in {dbt}" in completed.err
    # what dbt will do, once it sees in removed_rows what is gone
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(
            f"delete from {dbt}.all_events where event_id in (select row_key from"
            f" {DATASET}.removed_rows)"
        )
    assert erase().code == 0
    assert query("select completed_at is null from erasures") == [(False,)]
    # a build of dbt that was not over when its list was cleared has to build everything
    listed = query(f"from {dbt}.dbt_touched_units order by all")
    assert listed == [("everything", ""), ("load", "1")]
    assert all_texts().isdisjoint(private)
