"""Every measure of every model against the same one reckoned in Python."""

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from tests.sql import reckoning, reckoning_sums
from tests.sql.cases import demo_rows, hard_cases
from tests.sql.events import events_of
from tests.sql.warehouse import Rows, table_rows, warehouse

LISTS = ("keyword_list", "group_list", "top_queries")
Reckon = Callable[[Rows], dict[Any, dict[str, Any]]]
MODELS: dict[str, tuple[tuple[str, ...], Reckon]] = {
    "search_outcomes": (("search_id",), reckoning.search_outcomes),
    "visits": (("visit_id",), reckoning.visits),
    "query_performance": (("day", "query", "origin"), reckoning_sums.query_performance),
    "content_gaps": (("query",), reckoning_sums.content_gaps),
    "document_performance": (("document_id",), reckoning_sums.document_performance),
    "daily_metrics": (("day", "origin"), reckoning_sums.daily_metrics),
}
Loaded = tuple[Rows, duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module", params=[demo_rows, hard_cases], ids=["demo", "hard cases"])
def loaded(request: pytest.FixtureRequest) -> Loaded:
    rows = request.param()
    return rows, warehouse(rows)


def keyed(rows: list[dict[str, Any]], key: tuple[str, ...]) -> dict[Any, dict[str, Any]]:
    """Rows by key, with lists read; two rows with one key are an error."""
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        values = tuple(row[name] for name in key)
        assert values not in found
        read = {name: json.loads(row[name]) for name in LISTS if name in row}
        found[values if len(key) > 1 else values[0]] = {**row, **read}
    return found


def approximate(measures: dict[str, Any]) -> dict[str, Any]:
    """The same with room for the last digit of fractions."""
    return {
        name: pytest.approx(value) if isinstance(value, float) else value
        for name, value in measures.items()
    }


@pytest.mark.parametrize("model", MODELS)
def test_every_measure_is_what_its_definition_says(model: str, loaded: Loaded) -> None:
    rows, database = loaded
    key, reckon = MODELS[model]
    wanted = reckon(rows)
    found = keyed(table_rows(database, f"from {model}"), key)
    assert found.keys() == wanted.keys()
    for each, measures in wanted.items():
        assert found[each] == approximate(measures), each


def test_the_timeline_numbers_the_events_of_each_visit(loaded: Loaded) -> None:
    rows, database = loaded
    found = {row["event_id"]: row for row in table_rows(database, "from all_events")}
    before = None
    number = 0
    for event in events_of(rows):
        row = found.pop(event.id)
        again = before is not None and before.visit == event.visit
        number = number + 1 if again else 1
        gap = round((event.at - before.at).total_seconds() * 1000) if again and before else None
        wanted = (number, gap) if event.visit is not None else (None, None)
        assert (row["event_number"], row["ms_since_previous_event"]) == wanted
        assert row["c_event_type"] == event.kind
        assert row["event_search_id"] == event.search_id
        assert row["event_user_name"] == event.user
        before = event
    assert not found


def test_the_reader_s_time_zone_changes_nothing() -> None:
    rows = hard_cases()
    utc, montreal = warehouse(rows), warehouse(rows, zone="America/Montreal")
    for model in ("all_events", *MODELS):
        sql = f"from {model} order by all"
        assert table_rows(montreal, sql) == table_rows(utc, sql)
