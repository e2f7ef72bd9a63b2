"""What a look-back brought, by table and age: rows that are late, changed or gone."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from coveo_source.dataset import changes
from coveo_source.demo import DemoServer, Traffic
from tests.support.assertions import run_against
from tests.support.cli_user import DATASET, PIPELINE, load, query
from tests.support.clock import Clock
from tests.support.once import load_once

Serve = Callable[..., DemoServer]

FROM = "2026-03-01"
END = datetime(2026, 3, 4, tzinfo=timezone.utc)
"""The end of what the first run loads."""
DAY = timedelta(days=1)
PAGE = (Path(__file__).parents[2] / "docs/lookback.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.slow


@pytest.fixture
def server(serve: Serve, clock: Clock) -> DemoServer:
    """A server of which three days are loaded."""
    demo = serve(Traffic(seed=5, visits_per_day=25))
    clock.now = END + timedelta(minutes=15)
    load_once(demo, from_date=FROM, tables=["searches", "clicks"])
    clock.advance(days=1)
    return demo


def change(*statements: str) -> None:
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"set timezone = 'UTC'; use {DATASET}; {'; '.join(statements)}")


def look_back() -> dict[tuple[str, str], dict[int, int]]:
    """Returns rows by age, by kind and table, as the newest export has them."""
    [(text,)] = query("select by_age from exports order by _dlt_load_id desc limit 1")
    found: dict[tuple[str, str], dict[int, int]] = {}
    for entry in json.loads(text):
        for kind in ("late", "changed", "gone"):
            if rows := entry.get(kind):
                found.setdefault((kind, entry["table"]), {})[entry["days"]] = rows
    return found


def ages(table: str, condition: str) -> dict[int, int]:
    """Returns the ages of some rows, counted without our SQL."""
    times = query(f"select datetime from {table} where datetime < '{END}' and {condition}")
    return dict(Counter((END - time) // DAY for (time,) in times))


def counts(kind: str) -> tuple[Any, ...]:
    sql = f"select searches_{kind}, clicks_{kind} from exports order by _dlt_load_id desc limit 1"
    [found] = query(sql)
    return tuple(found)


def test_late_rows_are_counted_by_age(server: DemoServer) -> None:
    some = "hash(click_id) % 3 = 0"
    expected = ages("clicks", some)
    assert set(expected) == {0, 1, 2}
    change(f"delete from clicks where {some}")
    load(server, tables=["searches", "clicks"], lookback_days=3)
    assert look_back() == {("late", "clicks"): expected}
    assert counts("late") == (0, sum(expected.values()))
    assert query("select late_days from exports order by _dlt_load_id desc limit 1") == [(2,)]


def test_changed_rows_are_those_whose_content_was_another_one(server: DemoServer) -> None:
    some = "hash(id) % 4 = 0 and query_expression is not null"
    others = "hash(id) % 4 = 1 and number_of_results is not null"
    expected = ages("searches", f"(({some}) or ({others}))")
    change(
        f"update searches set query_expression = 'x' || query_expression where {some}",
        f"update searches set number_of_results = null where {others}",
        "update clicks set _dlt_load_id = _dlt_load_id || '1'",
    )
    load(server, tables=["searches", "clicks"], lookback_days=3)
    assert look_back() == {("changed", "searches"): expected}
    assert counts("changed") == (sum(expected.values()), 0)


def test_only_what_is_loaded_again_is_compared(server: DemoServer) -> None:
    change("update searches set query_expression = 'other'")
    load(server, tables=["searches", "clicks"], lookback_days=1)
    expected = ages("searches", f"datetime >= '{END - DAY}'")
    assert look_back() == {("changed", "searches"): expected}


def test_gone_rows_are_counted_by_age(server: DemoServer) -> None:
    bots = "device_category = 'Bot'"
    expected = ages("searches", bots)
    assert sum(expected.values()) > 0
    people = ["deviceCategory!='Bot'"]
    load(server, tables=["searches"], lookback_days=3, filters=people)
    assert look_back() == {("gone", "searches"): expected}


def test_the_age_is_the_same_however_late_the_run_is(server: DemoServer, clock: Clock) -> None:
    some = "hash(click_id) % 3 = 0"
    expected = ages("clicks", some)
    change(f"delete from clicks where {some}")
    clock.advance(days=9)
    load(server, tables=["searches", "clicks"], lookback_days=3, window_days=2)
    total: Counter[int] = Counter()
    for (text,) in query("select by_age from exports"):
        total.update({each["days"]: each["late"] for each in json.loads(text)})
    assert total == expected


def test_nothing_is_known_of_a_first_load(server: DemoServer) -> None:
    assert query("select late_days, by_age, clicks_late, clicks_changed from exports") == [
        (None, "[]", 0, 0)
    ]


def test_without_hashes_changes_are_unknown_and_late_rows_known(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_MOST_ROWS", 10)
    change("delete from clicks where hash(click_id) % 3 = 0")
    load(server, tables=["searches", "clicks"], lookback_days=3)
    assert counts("changed") == (None, None)
    assert counts("late")[1] > 0
    assert all("changed" not in each for each in json.loads(newest("by_age")))


def newest(column: str) -> Any:
    [(value,)] = query(f"select {column} from exports order by _dlt_load_id desc limit 1")
    return value


def test_it_is_printed_by_age(server: DemoServer) -> None:
    change(
        "delete from clicks where hash(click_id) % 3 = 0",
        f"update searches set query_expression = 'x' where datetime >= '{END - DAY}'",
    )
    completed = run_against(server, "--tables", "searches", "clicks", "--lookback-days", "3")
    assert completed.code == 0, completed.err
    found = look_back()

    def shown(kind: str, table: str) -> str:
        return ", ".join(f"{days} d {rows}" for days, rows in sorted(found[kind, table].items()))

    assert f"Late by age: clicks {shown('late', 'clicks')}\n" in completed.out
    assert f"Changed by age: searches {shown('changed', 'searches')}\n" in completed.out
    assert "Gone by age" not in completed.out


def test_an_export_table_of_an_early_version_is_written_to_as_far_as_it_goes(
    server: DemoServer,
) -> None:
    change(
        "alter table exports drop column by_age",
        "alter table exports drop column clicks_changed",
        "delete from clicks where hash(click_id) % 3 = 0",
    )
    load(server, tables=["searches", "clicks"], lookback_days=3)
    assert counts("late")[1] > 0


def queries() -> Iterator[str]:
    yield from re.findall(r"^```sql\n(.*?)```", PAGE, re.M | re.S)


def test_the_documented_queries_choose_the_look_back(server: DemoServer) -> None:
    some = "hash(click_id) % 3 = 0"
    by_age = ages("clicks", some)
    change(f"delete from clicks where {some}")
    load(server, tables=["searches", "clicks"], lookback_days=3)
    longest, missed, _postgres = queries()
    assert query(longest) == [(max(by_age) + 1,)]
    expected = [
        ("clicks", days, sum(rows for age, rows in by_age.items() if age >= days))
        for days in sorted(by_age)
    ]
    assert query(missed) == expected
