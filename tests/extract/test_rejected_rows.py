"""Values that do not fit: kept in rejected_rows, or an error with `strict`."""

import csv
import io

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from tests.support.archives import replace_files
from tests.support.assertions import assert_failed_with, run_against, speed_up_retries
from tests.support.cli_user import query


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def write_a_wrong_rank(files: dict[str, bytes]) -> dict[str, bytes]:
    header, first, *rest = csv.reader(io.StringIO(files["clicks.csv"].decode("utf-8-sig")))
    first[header.index("clickRank")] = "third"
    text = io.StringIO()
    csv.writer(text).writerows([header, first, *rest])
    return {**files, "clicks.csv": text.getvalue().encode()}


def test_a_value_that_does_not_fit_is_kept_in_rejected_rows(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), replace_files(write_a_wrong_rank)))
    assert run_against(demo).code == 0
    [(export, table, record, column, raw)] = query(
        "select export_id, table_name, record, column_name, raw from rejected_rows"
    )
    assert (table, record, column, raw) == ("clicks", 1, "clickRank", "third")
    assert query("select export_id, clicks_rejected from exports") == [(export, 1)]
    assert query("select count(*) from clicks where click_rank is null") == [(1,)]


def test_with_strict_a_run_stops_at_a_value_that_does_not_fit(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), replace_files(write_a_wrong_rank), times=None))
    completed = run_against(demo, "--strict")
    assert_failed_with(
        completed, "record 1 of clicks.csv", "clickRank", "'third'", "2026-03-10", "strict"
    )
    inject(demo)
    assert run_against(demo, "--strict").code == 0
    assert query("select count(*) from rejected_rows") == [(0,)]
    assert query("select count(*) from clicks where click_rank is null") == [(0,)]
