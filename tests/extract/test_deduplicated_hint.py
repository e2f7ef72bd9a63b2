"""What dlt is told of keys: whether it has to look for those that come twice in a load."""

from typing import Any

import dlt
import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.tables import TABLES
from tests.support.archives import replace_files
from tests.support.assertions import FROM_DATE, run_against, speed_up_retries
from tests.support.cli_user import DATASET, PIPELINE, connection_settings, load, query, rows
from tests.support.clock import Clock

HINT = "x-stage-data-deduplicated"


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def told(table: str) -> Any:
    """What the latest load of a table said."""
    return dlt.attach(PIPELINE).default_schema.get_table(table).get(HINT)


def double_keywords(server: DemoServer) -> None:
    """In the next file the first keywords come again, a day later than all others."""

    def change(members: dict[str, bytes]) -> dict[str, bytes]:
        header, *lines = members["keywords.csv"].splitlines(keepends=True)
        place = header.removeprefix(b"\xef\xbb\xbf").strip().split(b",").index(b'"datetime"')
        again = [line.split(b",") for line in lines[:3]]
        for cells in again:
            cells[place] = b'"2030-01-01 00:00:00.000"' + cells[place].partition(b'"\r')[1][1:]
        text = b"".join(b",".join(cells).rstrip() + b"\r\n" for cells in again)
        return {**members, "keywords.csv": b"".join([header, *lines]) + text}

    inject(server, Fault(at("file"), replace_files(change)))


def test_dlt_does_not_look_for_keys_that_come_twice_where_none_does(demo: DemoServer) -> None:
    load(demo, from_date=FROM_DATE)
    assert {table: told(table) for table in TABLES} == dict.fromkeys(TABLES, True)


def test_dlt_has_nothing_to_warn_of(demo: DemoServer) -> None:
    double_keywords(demo)
    for _ in range(2):
        done = run_against(demo)
        assert done.code == 0
        assert "WARNING" not in done.err


@pytest.mark.slow
def test_of_rows_with_one_key_the_latest_stays_also_after_a_load_without_any(
    demo: DemoServer, clock: Clock
) -> None:
    load(demo, from_date=FROM_DATE)
    clock.advance(days=1)
    double_keywords(demo)
    load(demo, from_date=FROM_DATE)
    assert (told("keywords"), told("searches")) == (False, True)
    assert query("select count(*) from keywords where year(datetime) = 2030") == [(3,)]
    [(keys,)] = query("select count(distinct (search_id, keyword)) from keywords")
    assert len(rows("keywords")) == keys


def test_of_several_windows_in_a_load_nothing_is_said(demo: DemoServer) -> None:
    # each is counted alone, and an event of one may come again in the next
    pipeline = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name=DATASET)
    pipeline.run(coveo_source(**connection_settings(demo), from_date=FROM_DATE, window_days=0.5))
    assert query("select count(*) > 1 from exports") == [(True,)]
    assert {table: told(table) for table in TABLES} == dict.fromkeys(TABLES, False)
