"""What somebody has dropped in the database by hand does not stop a pipeline."""

from pathlib import Path

import duckdb
import pytest

from coveo_source.demo import DemoServer
from tests.load.datasets import (
    DATABASE,
    assert_all_loaded,
    execute,
    leave_package,
    load_first,
    run_again,
)
from tests.support.assertions import FROM_DATE, LOADED_TABLES, assert_failed_with
from tests.support.cases import some_of
from tests.support.cli_user import DATASET, PIPELINE, dlt_command, load, query, rows
from tests.support.clock import Clock
from tests.support.once import load_once

pytestmark = pytest.mark.slow

MADE_ANEW = "is no longer in the dataset: it is made anew, empty"
AHEAD = "going on from what the dataset holds"
RESTORED = "list of loads was not complete: 1 are restored from exports"
CHANGES = {
    "a table dropped": ("drop table clicks", "clicks: no longer in the dataset"),
    "both tables dropped": ("drop table clicks; drop table keywords", "clicks, keywords: no"),
    "exports dropped": ("drop table exports", f"The table exports {MADE_ANEW}"),
    "rejected_rows dropped": ("drop table rejected_rows", f"rejected_rows {MADE_ANEW}"),
    "removed_rows dropped": ("drop table removed_rows", f"removed_rows {MADE_ANEW}"),
    "dimensions dropped": ("drop table dimensions", f"The table dimensions {MADE_ANEW}"),
    "the record dropped": ("drop table _coveo_dataset", ""),
    "staging dropped": (f"drop schema if exists {DATASET}_staging cascade", ""),
    "_dlt_version dropped": ("drop table _dlt_version", ""),
    "_dlt_version emptied": ("delete from _dlt_version", ""),
    "_dlt_loads dropped": ("drop table _dlt_loads", RESTORED),
    "_dlt_loads emptied": ("delete from _dlt_loads", RESTORED),
    "_dlt_pipeline_state dropped": ("drop table _dlt_pipeline_state", ""),
    "_dlt_pipeline_state emptied": ("delete from _dlt_pipeline_state", ""),
    "all of dlt's dropped": (
        "drop table _dlt_pipeline_state; drop table _dlt_loads; drop table _dlt_version",
        RESTORED,
    ),
}


@pytest.mark.parametrize(
    ("change", "pending"),
    some_of(
        [
            pytest.param(change, pending, id=f"{change}{', a package pending' * pending}")
            for change in CHANGES
            for pending in (False, True)
        ],
        "a table dropped, a package pending",
        "all of dlt's dropped",
    ),
)
def test_what_was_dropped_is_made_again(
    change: str, pending: bool, demo: DemoServer, clock: Clock
) -> None:
    statements, notice = CHANGES[change]
    load_first(demo, clock)
    if pending:
        leave_package(demo)
    execute(*statements.split("; "))
    completed = run_again(demo)
    assert notice in completed.err
    assert_all_loaded(completed)
    assert_all_loaded(run_again(demo))


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "emptied"])
@pytest.mark.thorough
def test_a_package_for_a_database_that_is_gone_is_not_loaded_into_a_new_one(
    is_deleted: bool, demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    leave_package(demo)
    DATABASE.unlink()
    if not is_deleted:
        duckdb.connect(str(DATABASE)).close()
    completed = run_again(demo)
    assert "The working folder is about another dataset" in completed.err
    assert_all_loaded(completed)


def test_a_table_that_is_yet_to_be_created_is_not_taken_for_dropped(demo: DemoServer) -> None:
    """A first run was killed when it had read everything, before its load."""
    leave_package(demo, from_date=FROM_DATE)
    completed = run_again(demo)
    assert completed.code == 0, completed.err
    assert "Loading first what an earlier run had read" in completed.err
    assert "no longer in the dataset" not in completed.err


def test_a_column_is_added_again_and_its_values_come_back_with_its_table(
    demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    execute("alter table clicks drop column document_title")
    completed = run_again(demo)
    assert completed.code == 0, completed.err
    assert "clicks no longer has document_title: added again, without the values" in completed.err
    assert query("select count(*) from clicks where document_title is null") != [(0,)]
    assert f"`dlt pipeline {PIPELINE} drop clicks`" in completed.err
    assert dlt_command("-y", "pipeline", PIPELINE, "drop", "clicks").returncode == 0
    assert_all_loaded(run_again(demo))


@pytest.mark.parametrize("column", some_of(["click_id", "datetime", "_dlt_load_id"], "datetime"))
def test_a_table_without_a_column_that_it_needs_is_made_anew_once_it_is_dropped(
    column: str, demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    leave_package(demo)
    before = rows("keywords")
    execute(f"alter table clicks drop column {column}")
    for _ in range(2):
        assert_failed_with(run_again(demo), f"table clicks no longer has {column}", "drop it")
    assert rows("keywords") == before
    execute("drop table clicks")
    assert_all_loaded(run_again(demo))


@pytest.mark.parametrize(
    "table", some_of(["_dlt_pipeline_state", "_dlt_loads"], "_dlt_pipeline_state")
)
def test_a_lost_state_leaves_no_gap_however_long_ago_the_last_run_was(
    table: str, demo: DemoServer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_once(demo, from_date=FROM_DATE, tables=["clicks"])
    clock.advance(days=40)
    execute(f"delete from {table}")
    # also on a machine that has only the database
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "another"))
    load(demo, tables=["clicks"])
    [(days,)] = query("select count(distinct cast(datetime as date)) from clicks")
    assert days == 42
    # a table that is added later catches up with all that was loaded before
    load(demo, tables=list(LOADED_TABLES))
    first = "select min(cast(datetime as date)) from"
    assert query(f"{first} keywords") == query(f"{first} clicks")


@pytest.mark.thorough
def test_a_full_refresh_without_a_state_loads_all_of_history(
    demo: DemoServer, clock: Clock
) -> None:
    load_first(demo, clock)
    execute("delete from _dlt_pipeline_state")
    clock.advance(days=40)
    load(demo, tables=["clicks"], full_refresh=True)
    [(days,)] = query("select count(distinct cast(datetime as date)) from clicks")
    assert days == 43
