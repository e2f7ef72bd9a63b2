"""What came late: rows that a run finds in a time that was loaded before."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import duckdb
import pytest

from coveo_source.dataset.audit_tables import LATE
from coveo_source.demo import DemoServer, Traffic
from coveo_source.tables import TABLES
from tests.support.assertions import run_against
from tests.support.cli_user import DATASET, PIPELINE, load, query, rows
from tests.support.clock import Clock
from tests.support.once import load_once

Serve = Callable[..., DemoServer]
FROM = "2026-03-01"
NOW = datetime(2026, 3, 4, 0, 15, tzinfo=timezone.utc)
LOADED_UNTIL = "2026-03-04"
KEYS = {
    "searches": "id",
    "clicks": "click_id",
    "custom_events": "custom_event_id",
    "keywords": "search_id, keyword",
    "groups": "search_id, group_name",
}
LATE_TRAFFIC = Traffic(seed=5, visits_per_day=25, late_share=0.3)

pytestmark = pytest.mark.slow


def late() -> dict[str, Any]:
    """Returns what the newest export says of each table."""
    names = ", ".join(f"{table}_{LATE}" for table in TABLES)
    [counts] = query(f"select {names} from exports order by _dlt_load_id desc limit 1")
    return dict(zip(TABLES, counts, strict=True))


def keys() -> dict[str, set[tuple[Any, ...]]]:
    """Returns the keys of all rows of the time that the first run loads, by table."""
    return {
        table: set(query(f"select {key} from {table} where datetime < '{LOADED_UNTIL}'"))
        for table, key in KEYS.items()
    }


def test_rows_are_late_whose_time_was_loaded_before_they_came(serve: Serve, clock: Clock) -> None:
    demo = serve(LATE_TRAFFIC)
    clock.now = NOW
    load_once(demo, from_date=FROM)
    assert late() == dict.fromkeys(TABLES, 0)
    before = keys()
    clock.advance(days=1)
    completed = run_against(demo, "--tables", *TABLES, lookback_days=3)
    assert completed.code == 0, completed.err
    came = {table: len(found - before[table]) for table, found in keys().items()}
    assert late() == came
    assert all(came.values())
    line = next(line for line in completed.out.splitlines() if line.startswith("late"))
    assert line.split()[-len(TABLES) :] == [f"{count:,}" for count in came.values()]


def test_late_rows_are_counted_before_others_are_removed(serve: Serve, clock: Clock) -> None:
    demo = serve(LATE_TRAFFIC)
    clock.now = NOW
    load_once(demo, from_date=FROM)
    before = keys()
    clock.advance(days=1)
    people = ["deviceCategory!='Bot'"]
    outcome = load(demo, from_date=FROM, to_date=LOADED_UNTIL, filters=people, replace=True)
    assert outcome.fetched[0].found.gone["searches"]
    came = {table: len(found - before[table]) for table, found in keys().items()}
    assert late() == came
    assert all(came.values())


def test_nothing_is_late_if_all_had_come(demo: DemoServer, clock: Clock) -> None:
    load_once(demo, from_date=FROM)
    clock.now += timedelta(days=1)
    completed = run_against(demo, "--tables", *TABLES)
    assert completed.code == 0, completed.err
    assert late() == dict.fromkeys(TABLES, 0)
    assert "late" not in completed.out
    assert rows("clicks")


def test_after_a_full_refresh_nothing_is_late(serve: Serve, clock: Clock) -> None:
    demo = serve(LATE_TRAFFIC)
    clock.now = NOW
    load_once(demo, from_date=FROM)
    clock.advance(days=1)
    load(demo, from_date=FROM, full_refresh=True)
    assert late() == dict.fromkeys(TABLES, 0)


def test_what_is_late_is_unknown_of_a_table_that_somebody_dropped(
    serve: Serve, clock: Clock
) -> None:
    demo = serve(LATE_TRAFFIC)
    clock.now = NOW
    load_once(demo, from_date=FROM)
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"drop table {DATASET}.keywords")
    clock.advance(days=1)
    load(demo, lookback_days=3)
    counts = late()
    assert counts["keywords"] is None
    assert counts["clicks"] > 0


def test_a_table_that_is_loaded_for_the_first_time_has_no_late_rows(
    serve: Serve, clock: Clock
) -> None:
    demo = serve(LATE_TRAFFIC)
    clock.now = NOW
    load(demo, from_date=FROM, tables=["clicks"])
    clock.advance(days=1)
    load(demo, from_date=FROM, to_date=LOADED_UNTIL, tables=["clicks", "searches"])
    counts = late()
    assert counts["searches"] == 0
    assert counts["clicks"] > 0
    assert counts["groups"] is None
