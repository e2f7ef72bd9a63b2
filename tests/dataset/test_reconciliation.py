"""The counts agree: rows read, rows handed to dlt, and rows in the destination."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest

from coveo_source import coveo_source
from coveo_source.dataset.reconciliation import reconcile
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.exceptions import CountMismatch
from coveo_source.tables import TABLES
from tests.support.archives import replace_files
from tests.support.assertions import FROM_DATE, run_against, speed_up_retries
from tests.support.cli_user import (
    DATASET,
    PIPELINE,
    connection_settings,
    load,
    open_pipeline,
    query,
    rows,
)
from tests.support.once import load_once


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def change_database(sql: str) -> None:
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"use {DATASET}")
        database.execute(sql)


@contextmanager
def during_reconciliation(
    monkeypatch: pytest.MonkeyPatch, interfere: Callable[[str], None]
) -> Iterator[None]:
    """Has somebody interfere between a load and the comparison of its counts."""

    def reconcile_later(pipeline: Any, load_id: str, *others: Any) -> Any:
        interfere(load_id)
        return reconcile(pipeline, load_id, *others)

    with monkeypatch.context() as patched:
        patched.setattr("coveo_source.cli.run.reconcile", reconcile_later)
        yield


def last_load_id() -> str:
    return str(query("select max(_dlt_load_id) from clicks")[0][0])


def counts(table: str) -> tuple[int | None, ...]:
    names = [f"{table}_{count}" for count in ("records", "rows", "keys", "rejected", "loaded")]
    return query(f"select {', '.join(names)} from exports")[0]


def test_the_audit_trail_records_the_counts(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE)
    for table in TABLES:
        count = len(rows(table))
        assert counts(table) == (count, count, count, 0, count)
    assert query("select reconciled_at >= fetched_at from exports") == [(True,)]


def test_a_table_that_was_not_exported_has_no_counts(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE, tables=["clicks"])
    assert counts("searches") == (None,) * 5
    assert counts("clicks")[-1] == len(rows("clicks"))


def test_rows_with_the_same_key_are_counted_and_merged_into_one(demo: DemoServer) -> None:
    def repeat_three(files: dict[str, bytes]) -> dict[str, bytes]:
        lines = files["keywords.csv"].splitlines(keepends=True)
        return {**files, "keywords.csv": b"".join([*lines, *lines[1:4]])}

    inject(demo, Fault(at("file"), replace_files(repeat_three)))
    completed = run_against(demo)
    assert completed.code == 0, completed.err
    kept = len(rows("keywords"))
    assert counts("keywords") == (kept + 3, kept + 3, kept, 0, kept)
    assert "of one key, merged" in completed.out


def test_rejected_records_are_neither_rows_nor_keys(demo: DemoServer) -> None:
    def append_a_torn_record(files: dict[str, bytes]) -> dict[str, bytes]:
        return {**files, "clicks.csv": files["clicks.csv"] + b"torn,record\n"}

    inject(demo, Fault(at("file"), replace_files(append_a_torn_record)))
    assert run_against(demo).code == 0
    kept = len(rows("clicks"))
    assert counts("clicks") == (kept + 1, kept, kept, 1, kept)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        "delete from clicks where click_id = (select max(click_id) from clicks)",
        "insert into clicks select * replace (click_id || 'x' as click_id) from clicks limit 1",
    ],
    ids=["fewer", "more"],
)
def test_more_or_fewer_rows_than_keys_in_the_file_are_an_error(
    demo: DemoServer, change: str
) -> None:
    load_once(demo, from_date=FROM_DATE)
    before = len(rows("clicks"))
    assert reconcile(open_pipeline(), last_load_id()).loaded["clicks"] == before
    change_database(change)
    with pytest.raises(CountMismatch) as error:
        reconcile(open_pipeline(), last_load_id())
    for text in ("clicks of 2026-03-10 to", f"{before:,} keys", f"{len(rows('clicks')):,}"):
        assert text in str(error.value)


@pytest.mark.slow
def test_a_pending_package_of_an_earlier_run_is_reconciled_too(demo: DemoServer) -> None:
    killed = open_pipeline()
    killed.extract(coveo_source(from_date=FROM_DATE, **connection_settings(demo)))
    killed.normalize()
    load(demo)
    audit_rows = query("select clicks_keys, clicks_loaded, reconciled_at is null from exports")
    assert len(audit_rows) == 2
    assert all(loaded == keys and not missing for keys, loaded, missing in audit_rows)


UNDO_RECONCILIATION = "update exports set reconciled_at = null, clicks_loaded = null"
"""Makes the audit trail look as if the run had been killed before it compared the counts."""


@pytest.mark.slow
def test_the_load_of_a_killed_run_is_reconciled_by_the_next_run(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE)
    change_database(UNDO_RECONCILIATION)
    assert run_against(demo).code == 0
    audit_rows = query("select clicks_loaded = clicks_keys, reconciled_at is null from exports")
    assert audit_rows == [(True, False)] * len(audit_rows)


@pytest.mark.slow
def test_a_window_whose_counts_differ_is_loaded_again_by_the_next_run(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE)
    before = rows("clicks")
    change_database(f"{UNDO_RECONCILIATION}; delete from clicks where click_rank = 1")
    completed = run_against(demo, "--tables", *TABLES)
    assert completed.code == 0
    assert "keys were read, but" in completed.err
    assert "clicks of 2026-03-10 to 2026-03-11 11:45 is loaded again" in completed.err
    assert rows("clicks") == before
    again = run_against(demo, "--tables", *TABLES)
    assert "keys were read" not in again.err
    assert "loaded again" not in again.err


@pytest.mark.slow
def test_a_mismatch_right_after_a_load_is_not_forgotten(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_once(demo, from_date="2026-03-06", to_date="2026-03-08")

    def lose_clicks(load_id: str) -> None:
        change_database(f"delete from clicks where _dlt_load_id = '{load_id}'")

    with during_reconciliation(monkeypatch, lose_clicks):
        failed = run_against(demo, "--from", "2026-03-08", "--tables", *TABLES)
    assert failed.code == 1
    assert "The next run loads the window again" in failed.message
    assert query("select count(*) from exports where reconciled_at is null") == [(1,)]
    assert run_against(demo, "--tables", *TABLES).code == 0
    after = rows("clicks")
    load(demo, full_refresh=True)
    assert after == rows("clicks")


@pytest.mark.slow
def test_the_counts_of_a_library_user_s_load_are_compared_too(demo: DemoServer) -> None:
    open_pipeline().run(coveo_source(from_date=FROM_DATE, **connection_settings(demo)))
    audit_rows = query("select clicks_loaded = clicks_keys, reconciled_at is null from exports")
    assert audit_rows == [(True, False)]
