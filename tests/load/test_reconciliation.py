"""The counts: what was read, what was handed over, and what is in the destination."""

import csv
import io

import dlt
import duckdb
import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.exceptions import CountMismatch
from coveo_source.load.reconciliation import reconcile
from coveo_source.tables import TABLES
from tests.support.archives import replace_files
from tests.support.assertions import FROM_DATE, assert_failed_with, run_against, speed_up_retries
from tests.support.cli_user import DATASET, PIPELINE, connection_settings, load, query, rows


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def with_changed_clicks(server: DemoServer, *added: bytes) -> None:
    """The first export that is downloaded has more lines in clicks.csv."""

    def change(members: dict[str, bytes]) -> dict[str, bytes]:
        return {**members, "clicks.csv": members["clicks.csv"] + b"".join(added)}

    inject(server, Fault(at("file"), replace_files(change)))


def pipeline() -> dlt.Pipeline:
    return dlt.pipeline(PIPELINE, destination="duckdb", dataset_name=DATASET)


def change_the_database(sql: str) -> None:
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"use {DATASET}")
        database.execute(sql)


def last_load() -> str:
    return str(query("select max(_dlt_load_id) from clicks")[0][0])


def counts(table: str) -> tuple[int | None, ...]:
    names = [f"{table}_{count}" for count in ("records", "rows", "keys", "rejected", "loaded")]
    return query(f"select {', '.join(names)} from exports")[0]


def test_the_audit_trail_holds_what_was_read_and_what_was_found(demo: DemoServer) -> None:
    load(demo, from_date=FROM_DATE)
    for table in TABLES:
        count = len(rows(table))
        assert counts(table) == (count, count, count, 0, count)
    assert query("select reconciled_at >= fetched_at from exports") == [(True,)]


def test_a_table_that_was_not_asked_for_has_no_counts(demo: DemoServer) -> None:
    load(demo, from_date=FROM_DATE, tables=["clicks"])
    assert counts("searches") == (None,) * 5
    assert counts("clicks")[-1] == len(rows("clicks"))


def test_rows_of_one_key_are_counted_and_become_one(demo: DemoServer) -> None:
    def change(members: dict[str, bytes]) -> dict[str, bytes]:
        text = members["keywords.csv"].splitlines(keepends=True)
        return {**members, "keywords.csv": b"".join([*text, *text[1:4]])}

    inject(demo, Fault(at("file"), replace_files(change)))
    done = run_against(demo)
    assert done.code == 0, done.err
    kept = len(rows("keywords"))
    assert counts("keywords") == (kept + 3, kept + 3, kept, 0, kept)
    assert "of one key, merged" in done.out


def test_rejected_records_are_neither_rows_nor_keys(demo: DemoServer) -> None:
    with_changed_clicks(demo, b"torn,record\n")
    assert run_against(demo).code == 0
    kept = len(rows("clicks"))
    assert counts("clicks") == (kept + 1, kept, kept, 1, kept)


@pytest.mark.parametrize(
    "change",
    [
        "delete from clicks where click_id = (select max(click_id) from clicks)",
        "insert into clicks select * replace (click_id || 'x' as click_id) from clicks limit 1",
    ],
    ids=["fewer", "more"],
)
def test_other_rows_in_the_destination_than_keys_in_the_file_are_told(
    demo: DemoServer, change: str
) -> None:
    load(demo, from_date=FROM_DATE)
    before = len(rows("clicks"))
    assert reconcile(pipeline(), [last_load()])["clicks"] == before
    change_the_database(change)
    with pytest.raises(CountMismatch) as error:
        reconcile(pipeline(), [last_load()])
    for text in ("clicks of 2026-03-10 to", f"{before:,} keys", f"{len(rows('clicks')):,}"):
        assert text in str(error.value)


@pytest.mark.slow
def test_a_package_that_was_left_pending_is_reconciled_too(demo: DemoServer) -> None:
    left = pipeline()
    left.extract(coveo_source(from_date=FROM_DATE, **connection_settings(demo)))
    left.normalize()
    load(demo)
    found = query("select clicks_keys, clicks_loaded, reconciled_at is null from exports")
    assert len(found) == 2
    assert all(loaded == keys and not missing for keys, loaded, missing in found)


FORGET = "update exports set reconciled_at = null, clicks_loaded = null"
"""As after a run that was killed between its load and the comparison."""


@pytest.mark.slow
def test_a_load_whose_run_was_killed_is_reconciled_by_the_next(demo: DemoServer) -> None:
    load(demo, from_date=FROM_DATE)
    change_the_database(FORGET)
    assert run_against(demo).code == 0
    newest = query("select clicks_loaded = clicks_keys, reconciled_at is null from exports")
    assert newest == [(True, False)] * len(newest)


@pytest.mark.slow
def test_rows_that_somebody_deleted_since_then_are_told_and_end_nothing(demo: DemoServer) -> None:
    load(demo, from_date=FROM_DATE)
    change_the_database(f"{FORGET}; delete from clicks where click_rank = 1")
    ended = run_against(demo)
    assert ended.code == 0
    assert "keys were read, but" in ended.err
    assert "keys were read" not in run_against(demo).err


# --- strict ---


def with_a_wrong_rank(members: dict[str, bytes]) -> dict[str, bytes]:
    header, first, *rest = csv.reader(io.StringIO(members["clicks.csv"].decode("utf-8-sig")))
    first[header.index("clickRank")] = "third"
    text = io.StringIO()
    csv.writer(text).writerows([header, first, *rest])
    return {**members, "clicks.csv": text.getvalue().encode()}


def test_a_value_that_does_not_fit_is_kept_aside(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), replace_files(with_a_wrong_rank)))
    assert run_against(demo).code == 0
    [(export, table, record, column, raw)] = query(
        "select export_id, table_name, record, column_name, raw from rejected_rows"
    )
    assert (table, record, column, raw) == ("clicks", 1, "clickRank", "third")
    assert query("select export_id, clicks_rejected from exports") == [(export, 1)]
    assert query("select count(*) from clicks where click_rank is null") == [(1,)]


def test_strict_stops_at_a_value_that_does_not_fit(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), replace_files(with_a_wrong_rank), times=None))
    ended = run_against(demo, "--strict")
    assert_failed_with(
        ended, "record 1 of clicks.csv", "clickRank", "'third'", "2026-03-10", "strict"
    )
    inject(demo)
    assert run_against(demo, "--strict").code == 0
    assert query("select count(*) from rejected_rows") == [(0,)]
    assert query("select count(*) from clicks where click_rank is null") == [(0,)]
