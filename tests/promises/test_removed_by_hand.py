"""Whatever somebody did to the database or the working folder by hand, a pipeline can go on."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from tests.support.assertions import (
    FROM_DATE,
    Completed,
    assert_failed_with,
    invoke,
    run_against,
    speed_up_retries,
)
from tests.support.cases import some_of
from tests.support.cli_user import (
    DATASET,
    PIPELINE,
    Rows,
    connection_settings,
    load,
    open_pipeline,
    query,
)
from tests.support.clock import Clock
from tests.support.files import pipeline_folder

KEYS = {"clicks": "click_id", "keywords": "search_id || keyword"}


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def by_hand(*statements: str) -> None:
    """Executes statements in the database, as a user with a SQL shell."""
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"use {DATASET}")
        for statement in statements:
            database.execute(statement)


def keys() -> dict[str, Rows]:
    return {
        name: query(f"select {key}, datetime from {name} order by all")
        for name, key in KEYS.items()
    }


def expected_keys(server: DemoServer) -> dict[str, Rows]:
    """Returns what one run over everything loads, into another folder's database."""
    shutil.rmtree(pipeline_folder())
    Path(f"{PIPELINE}.duckdb").unlink()
    load(server, from_date=FROM_DATE, tables=list(KEYS))
    return keys()


REMOVED: dict[str, tuple[Callable[[], None], str]] = {
    "a table": (lambda: by_hand("drop table clicks"), "Somebody removed clicks"),
    "all tables of Coveo's": (
        lambda: by_hand("drop table clicks", "drop table keywords"),
        "Somebody removed clicks and keywords",
    ),
    "a column": (
        lambda: by_hand("alter table clicks drop column document_title"),
        "Somebody removed document_title from clicks",
    ),
    "exports": (lambda: by_hand("drop table exports"), ""),
    "rejected_rows": (lambda: by_hand("drop table rejected_rows"), ""),
    "_dlt_version": (lambda: by_hand("drop table _dlt_version"), ""),
    "the rows of _dlt_version": (lambda: by_hand("delete from _dlt_version"), ""),
    "_dlt_loads": (lambda: by_hand("drop table _dlt_loads"), "is loaded again"),
    "the rows of _dlt_loads": (lambda: by_hand("delete from _dlt_loads"), "is loaded again"),
    "_dlt_pipeline_state": (lambda: by_hand("drop table _dlt_pipeline_state"), ""),
    "the rows of _dlt_pipeline_state": (lambda: by_hand("delete from _dlt_pipeline_state"), ""),
    "all of dlt's tables": (
        lambda: by_hand(
            *(f"drop table _dlt_{name}" for name in ("version", "loads", "pipeline_state"))
        ),
        "",
    ),
    "the dataset": (
        lambda: by_hand("use memory", f"drop schema {PIPELINE}.{DATASET} cascade"),
        "another dataset",
    ),
    "the database": (Path(f"{PIPELINE}.duckdb").unlink, "another dataset"),
    "the working folder": (lambda: shutil.rmtree(pipeline_folder()), ""),
}


@pytest.mark.parametrize("what", some_of(REMOVED, "a table", "a column", "_dlt_loads"))
def test_what_somebody_removed_is_made_anew(demo: DemoServer, clock: Clock, what: str) -> None:
    remove, notice = REMOVED[what]
    load(demo, from_date=FROM_DATE, tables=list(KEYS))
    clock.advance(days=1)
    remove()
    completed = run_against(demo)
    assert completed.code == 0
    assert notice in completed.err
    assert run_against(demo).code == 0
    assert keys() == expected_keys(demo)


@pytest.mark.parametrize("column", ["click_id", "datetime", "_dlt_load_id"])
def test_a_table_without_a_column_that_it_needs_is_left_alone_until_it_is_dropped(
    demo: DemoServer, clock: Clock, column: str
) -> None:
    """It may hold rows that Coveo no longer has."""
    load(demo, from_date=FROM_DATE, tables=list(KEYS))
    clock.advance(days=1)
    by_hand(f"alter table clicks drop column {column}")
    [(before,)] = query("select count(*) from clicks")
    for _ in range(2):
        assert_failed_with(run_against(demo), f"clicks no longer has {column}", "drop it")
    assert query("select count(*) from clicks") == [(before,)]
    by_hand("drop table clicks")
    assert run_against(demo).code == 0
    assert keys() == expected_keys(demo)


def test_a_table_that_is_yet_to_be_loaded_is_not_taken_for_removed(demo: DemoServer) -> None:
    """A run was killed after it had read everything, before dlt created the tables."""
    pipeline = open_pipeline()
    pipeline.extract(
        coveo_source(**connection_settings(demo), from_date=FROM_DATE, tables=list(KEYS))
    )
    pipeline.normalize()
    completed = run_against(demo)
    assert completed.code == 0
    assert "Loading first what an earlier run had read" in completed.err
    assert "Somebody removed" not in completed.err
    assert keys() == expected_keys(demo)


def forbid_clicks() -> None:
    """Adds a column that a load cannot fill, as somebody might who reads the table elsewhere."""
    by_hand(
        "alter table clicks add column reviewed boolean default false",
        "alter table clicks alter reviewed set not null",
        "alter table clicks alter reviewed drop default",
    )


def change_type() -> None:
    by_hand("alter table clicks alter document_title type double using 0")


def pending_file(table: str = "clicks") -> Path:
    [file] = pipeline_folder().glob(f"load/normalized/*/*_jobs/{table}.*.parquet")
    return file


STUCK: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
    "a constraint": (forbid_clicks, lambda: by_hand("alter table clicks drop column reviewed")),
    "another type": (
        change_type,
        lambda: by_hand("alter table clicks alter document_title type varchar using ''"),
    ),
    "a view in place of the table": (
        lambda: by_hand("alter table clicks rename to other", "create view clicks as from other"),
        lambda: by_hand("drop view clicks", "alter table other rename to clicks"),
    ),
}


def stuck(server: DemoServer) -> Completed:
    """Runs until something is pending that cannot be loaded; returns the second run."""
    first = run_against(server)
    assert_failed_with(first, "Nothing was lost")
    return run_against(server)


@pytest.mark.parametrize("why", some_of(STUCK, "a constraint"))
@pytest.mark.parametrize("drops", [False, True])
def test_what_cannot_be_loaded_is_named_with_a_way_out(
    demo: DemoServer, clock: Clock, why: str, drops: bool
) -> None:
    begin, end = STUCK[why]
    load(demo, from_date=FROM_DATE, tables=list(KEYS))
    clock.advance(days=1)
    begin()
    says = ("the load package", "clicks", "cannot be loaded", f"{PIPELINE} run --drop-pending")
    assert_failed_with(stuck(demo), *says)
    for command in (("models",), ("erase", "--visit-id", "none", "--yes")):
        assert_failed_with(invoke(PIPELINE, *command), *says)
    end()
    # either the cause is gone, and the package is loaded; or it is dropped, and all is read again
    completed = run_against(demo, *(["--drop-pending"] if drops else []))
    assert completed.code == 0
    assert ("Dropped what" in completed.err) is drops
    assert keys() == expected_keys(demo)


def of_package(name: str) -> Path:
    """Returns a file that describes the pending package."""
    [file] = pipeline_folder().glob(f"load/normalized/*/{name}")
    return file


DAMAGES: dict[str, Callable[[], int | None]] = {
    "a file cut off": lambda: pending_file().write_bytes(pending_file().read_bytes()[:100]),
    "an empty file": lambda: pending_file().write_bytes(b""),
    "a file missing": lambda: pending_file().unlink(),
    "no state": lambda: of_package("load_package_state.json").unlink(),
    "a broken state": lambda: of_package("load_package_state.json").write_text("{"),
    "no schema": lambda: of_package("schema.json").unlink(),
}


@pytest.mark.parametrize("what", some_of(DAMAGES, "a file cut off", "a broken state"))
def test_a_damaged_package_can_be_dropped_without_loss(
    demo: DemoServer, clock: Clock, what: str
) -> None:
    load(demo, from_date=FROM_DATE, tables=list(KEYS))
    clock.advance(days=1)
    forbid_clicks()
    run_against(demo)
    by_hand("alter table clicks drop column reviewed")
    DAMAGES[what]()
    completed = run_against(demo)
    if completed.code:
        named = "The next run" if "were loaded" in completed.message else "--drop-pending"
        assert_failed_with(completed, named)
        assert run_against(demo, "--drop-pending").code == 0
    assert keys() == expected_keys(demo)
