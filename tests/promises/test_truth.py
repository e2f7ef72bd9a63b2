"""What is loaded is what the dataset holds, whatever the working folder believes."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from coveo_source import coveo_source
from coveo_source.causes import find_cause
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.exceptions import PipelineMismatch
from coveo_source.exports.job import ExportOwner
from coveo_source.models.files import models
from coveo_source.tables import TABLES
from tests.cli.commands import run_verb
from tests.extract.plans import client_of, day, leave_export
from tests.support.assertions import invoke, run_against, speed_up_retries
from tests.support.cli_user import (
    DATASET,
    PIPELINE,
    connection_settings,
    create_requests,
    load,
    open_pipeline,
    query,
    rows,
    tables,
)
from tests.support.clock import Clock
from tests.support.once import load_once
from tests.support.processes import start_run, wait_for_exit

Serve = Callable[..., DemoServer]
DATABASE = Path(f"{PIPELINE}.duckdb")

pytestmark = pytest.mark.slow


def clean_tables(demo: DemoServer, from_date: str) -> dict[str, Any]:
    """Returns the tables as one run into a dataset of its own loads them."""
    load(demo, from_date=from_date, dataset="clean", keep_exports=True)
    found = {}
    for table in TABLES:
        found[table] = query(f"select * exclude (_dlt_load_id) from clean.{table} order by all")
    return found


def test_an_older_backup_is_filled_up_again(demo: DemoServer, clock: Clock) -> None:
    load_once(demo, from_date="2026-03-06", to_date="2026-03-08")
    load(demo, from_date="2026-03-08")
    shutil.copy(DATABASE, "backup")
    clock.advance(days=3)
    load(demo)
    clock.advance(days=3)
    load(demo)
    shutil.copy("backup", DATABASE)
    completed = run_against(demo, "--tables", *TABLES)
    assert completed.code == 0
    assert "older copy of it was restored" in completed.err
    assert tables() == clean_tables(demo, "2026-03-06")


@pytest.mark.thorough
def test_an_older_backup_of_the_tables_alone_is_filled_up_too(
    demo: DemoServer, clock: Clock
) -> None:
    load(demo, from_date="2026-03-08")
    clock.advance(days=3)
    load(demo)
    with duckdb.connect(str(DATABASE)) as database:
        for table in (*TABLES, "exports"):
            database.execute(
                f"delete from {DATASET}.{table} where _dlt_load_id ="
                f" (select max(_dlt_load_id) from {DATASET}.exports)"
            )
    completed = run_against(demo, "--tables", *TABLES)
    assert completed.code == 0
    assert "the pipeline's state is ahead of the dataset" in completed.err
    assert tables() == clean_tables(demo, "2026-03-08")


@pytest.mark.thorough
def test_a_library_user_s_pipeline_goes_on_from_what_the_dataset_holds(
    demo: DemoServer, clock: Clock
) -> None:
    settings = connection_settings(demo)
    open_pipeline().run(coveo_source(from_date="2026-03-08", **settings))
    shutil.copy(DATABASE, "backup")
    clock.advance(days=3)
    open_pipeline().run(coveo_source(**settings))
    shutil.copy("backup", DATABASE)
    open_pipeline().run(coveo_source(**settings))
    assert tables() == clean_tables(demo, "2026-03-08")


@pytest.mark.thorough
def test_a_backup_from_before_the_models_were_built_gets_them_again(demo: DemoServer) -> None:
    # no cursor moves between the two, so only the schema tells that the working folder is ahead
    load(demo, from_date="2026-03-10")
    shutil.copy(DATABASE, "backup")
    assert invoke(PIPELINE, "models").code == 0
    built = {name: rows(name) for name in models()}
    shutil.copy("backup", DATABASE)
    completed = invoke(PIPELINE, "models")
    assert completed.code == 0, completed.err
    assert "older copy of it was restored" in completed.err
    assert {name: rows(name) for name in models()} == built


def test_a_backup_from_before_the_models_were_updated_is_built_upon(demo: DemoServer) -> None:
    load_once(demo, from_date="2026-03-07", with_models=True)
    shutil.copy(DATABASE, "backup")
    load(demo, with_models=True)
    shutil.copy("backup", DATABASE)
    load(demo, with_models=True)
    built = {name: rows(name) for name in models()}
    assert invoke(PIPELINE, "models", "--full-refresh").code == 0
    assert {name: rows(name) for name in models()} == built


@pytest.mark.thorough
def test_a_deleted_database_is_loaded_from_the_start(demo: DemoServer, clock: Clock) -> None:
    load(demo, from_date="2026-03-08", with_models=True)
    DATABASE.unlink()
    clock.advance(hours=7)
    load(demo, from_date="2026-03-08", with_models=True)
    assert tables() == clean_tables(demo, "2026-03-08")


KILLED_IN_THE_LOAD = """
import os, signal, sys
from coveo_source.__main__ import main
from coveo_source.destination.jobs import MergeJob

def run(job):
    original(job)
    loaded.append(job)
    if len(loaded) == 5:
        os.kill(os.getpid(), signal.SIGKILL)

loaded = []
original, MergeJob.run = MergeJob.run, run
main()
"""
"""A run that is killed when it has loaded some of its tables."""


@pytest.mark.thorough
def test_a_first_load_that_was_killed_does_not_block_either_of_two_datasets(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # there is too little traffic for a query that is asked in three visits
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__GAP_VISITS", "1")
    words = ("--from", "2026-03-08", "--tables", *TABLES)
    with start_run(demo, "-c", KILLED_IN_THE_LOAD, words=words) as process:
        assert wait_for_exit(process).code == -signal.SIGKILL
    counts = [query(f"select count(*) from {table}")[0][0] for table in (*TABLES, "exports")]
    assert any(counts)
    assert not all(counts)
    load(demo, from_date="2026-03-08", dataset="another", with_models=True)
    load(demo, from_date="2026-03-08", with_models=True)
    for name in (*TABLES, *models()):
        found = query(f"select * exclude (_dlt_load_id) from {name} order by all")
        assert found
        assert query(f"select * exclude (_dlt_load_id) from another.{name} order by all") == found


def test_a_pending_package_is_not_loaded_into_another_dataset(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-06", to_date="2026-03-07")
    pipeline = open_pipeline()
    pipeline.extract(coveo_source(from_date="2026-03-08", **connection_settings(demo)))
    load(demo, from_date="2026-03-10", dataset="another")
    assert query("select min(datetime) >= '2026-03-10' from another.searches") == [(True,)]
    load(demo, from_date="2026-03-08")
    assert query(f"select count(*) from {DATASET}.searches where datetime < '2026-03-10'") > [(0,)]


def test_a_library_user_with_another_dataset_s_folder_is_told_the_way_out(
    demo: DemoServer,
) -> None:
    settings = connection_settings(demo)
    load(demo, from_date="2026-03-10")
    load(demo, from_date="2026-03-10", dataset="another")
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name=DATASET)
    with pytest.raises(Exception) as error:  # noqa: PT011 (dlt wraps it)
        pipeline.run(coveo_source(**settings))
    found = find_cause(error.value, PipelineMismatch)
    assert found
    assert f"dlt pipeline {PIPELINE} sync" in str(found)


def test_pending_exports_of_a_dataset_of_the_same_name_are_left_alone(
    demo: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed_up_retries(monkeypatch)
    inject(demo, Fault(at("file"), _close, times=None))
    assert run_against(demo).code == 1
    inject(demo)
    [pending] = demo.exports
    # another machine: its own working folder and its own database
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "another"))
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / "another.duckdb"))
    assert run_against(demo).code == 0
    assert demo.exports == [pending]
    monkeypatch.undo()
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))


def _close(*_: object) -> Any:
    raise ConnectionAbortedError


@pytest.mark.thorough
def test_exports_of_an_early_version_are_used_and_deleted_only_by_its_dataset(
    demo: DemoServer,
) -> None:
    load(demo, from_date="2026-03-08", to_date="2026-03-09")
    former = ExportOwner(PIPELINE, DATASET)
    export_id = leave_export(demo, day(9), day(10), owner=former)
    load(demo, from_date="2026-03-10")
    assert [export.id for export in demo.exports] == [export_id]
    with duckdb.connect(str(DATABASE)) as database:
        # as if an early version had loaded it
        database.execute(f"update {DATASET}._coveo_dataset set is_former = true")
    load(demo, from_date="2026-03-09", to_date="2026-03-10")
    assert demo.exports == []


@pytest.mark.thorough
def test_a_kept_export_is_not_used_a_second_time(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-08", keep_exports=True)
    # the same look-back twice: rows may have come late in the meantime
    load(demo, keep_exports=True)
    load(demo, keep_exports=True)
    windows = [(export["from"], export["to"]) for export in create_requests(demo)]
    assert len(windows) == 3
    assert windows[1] == windows[2]


def test_a_plan_creates_neither_a_database_nor_a_folder(
    demo: DemoServer, own_folder: Path, tmp_path: Path
) -> None:
    before = sorted(own_folder.rglob("*"))
    completed = run_verb(demo, "plan", "--from", "2026-03-10")
    assert "Nothing was created." in completed.stdout
    assert sorted(own_folder.rglob("*")) == before
    assert not list((tmp_path / "dlt").rglob("pipelines/*"))


def test_a_plan_changes_nothing_that_is_there(
    demo: DemoServer, tmp_path: Path, clock: Clock
) -> None:
    load(demo, from_date="2026-03-10")
    clock.advance(hours=5)

    def contents() -> dict[Path, Any]:
        files = [path for path in (tmp_path / "dlt").rglob("*") if path.is_file()]
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before, owner = contents(), query("from _coveo_dataset")
    completed = run_verb(demo, "plan")
    assert "2026-03-10 11:45 to 2026-03-11 16:45" in completed.stdout
    assert contents() == before
    assert query("from _coveo_dataset") == owner
    assert client_of(demo).exports() == []


def test_a_plan_for_a_dataset_of_another_owner_is_refused(serve: Serve) -> None:
    load_once(serve(), from_date="2026-03-10")
    completed = run_verb(serve(org="another"), "plan")
    assert completed.returncode == 2
    assert "--dataset-name" in completed.stderr


@pytest.mark.thorough
def test_rows_of_a_dataset_stay_if_another_is_dropped(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-10")
    load(demo, from_date="2026-03-10", dataset="another")
    with duckdb.connect(str(DATABASE)) as database:
        database.execute("drop schema another cascade")
    before = rows("clicks")
    load(demo, from_date="2026-03-10", dataset="another")
    load(demo)
    assert rows("clicks") == before
    assert len(create_requests(demo)) == 4
