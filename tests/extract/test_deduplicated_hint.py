"""The hint "deduplicated", which tells dlt whether a load may have rows with the same key."""

from typing import Any

import dlt
import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.tables import TABLES
from tests.support.archives import replace_files
from tests.support.assertions import FROM_DATE, run_against, speed_up_retries
from tests.support.cli_user import PIPELINE, connection_settings, load, open_pipeline, query, rows
from tests.support.clock import Clock
from tests.support.once import load_once

LATEST = '"2026-03-12 11:44:59.999"'
HINT = "x-stage-data-deduplicated"


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def hint_of(table: str) -> Any:
    """Returns the hint that the latest load of a table gave."""
    return dlt.attach(PIPELINE).default_schema.get_table(table).get(HINT)


def repeat_keywords(server: DemoServer) -> None:
    """Appends the first three keywords to the next file again, later than all others."""

    def append(files: dict[str, bytes]) -> dict[str, bytes]:
        header, *lines = files["keywords.csv"].splitlines(keepends=True)
        place = header.removeprefix(b"\xef\xbb\xbf").strip().split(b",").index(b'"datetime"')
        repeated = [line.split(b",") for line in lines[:3]]
        for cells in repeated:
            cells[place] = LATEST.encode() + cells[place].partition(b'"\r')[1][1:]
        text = b"".join(b",".join(cells).rstrip() + b"\r\n" for cells in repeated)
        return {**files, "keywords.csv": b"".join([header, *lines]) + text}

    inject(server, Fault(at("file"), replace_files(append)))


def test_tables_without_duplicate_keys_are_hinted_as_deduplicated(demo: DemoServer) -> None:
    load_once(demo, from_date=FROM_DATE)
    assert {table: hint_of(table) for table in TABLES} == dict.fromkeys(TABLES, True)


def test_dlt_logs_no_warning_about_the_hint(demo: DemoServer) -> None:
    repeat_keywords(demo)
    for _ in range(2):
        completed = run_against(demo)
        assert completed.code == 0
        assert "WARNING" not in completed.err


@pytest.mark.slow
def test_the_latest_of_rows_with_the_same_key_stays_even_after_a_load_without_duplicates(
    demo: DemoServer, clock: Clock
) -> None:
    load_once(demo, from_date=FROM_DATE)
    clock.advance(days=1)
    repeat_keywords(demo)
    load(demo, from_date=FROM_DATE)
    assert (hint_of("keywords"), hint_of("searches")) == (False, True)
    latest = f"select count(*) from keywords where datetime = {LATEST} :: timestamptz"
    assert query(latest.replace('"', "'")) == [(3,)]
    [(keys,)] = query("select count(distinct (search_id, keyword)) from keywords")
    assert len(rows("keywords")) == keys


def test_a_load_of_several_windows_is_never_hinted_as_deduplicated(demo: DemoServer) -> None:
    # keys are counted for each window alone, and two windows may have the same ones
    source = coveo_source(**connection_settings(demo), from_date=FROM_DATE, window_days=0.5)
    open_pipeline().run(source)
    assert query("select count(*) > 1 from exports") == [(True,)]
    assert {table: hint_of(table) for table in TABLES} == dict.fromkeys(TABLES, False)
