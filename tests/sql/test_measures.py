"""Every measure of every model against the reference implementation in Python."""

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from tests.sql import reference, reference_totals
from tests.sql.events import events_of, ms_between
from tests.sql.export_rows import demo_rows, edge_cases
from tests.sql.warehouse import Rows, rows_of, table_rows, warehouse

LISTS = ("keyword_list", "group_list", "top_queries")
Reference = Callable[[Rows], dict[Any, dict[str, Any]]]
MODELS: dict[str, tuple[tuple[str, ...], Reference]] = {
    "search_outcomes": (("search_id",), reference.search_outcomes),
    "visits": (("visit_id",), reference.visits),
    "query_performance": (("day", "query", "origin"), reference_totals.query_performance),
    "content_gaps": (("query",), reference_totals.content_gaps),
    "document_performance": (("document_id",), reference_totals.document_performance),
    "daily_metrics": (("day", "origin"), reference_totals.daily_metrics),
}
Loaded = tuple[Rows, duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module", params=[demo_rows, edge_cases], ids=["demo", "edge cases"])
def loaded(request: pytest.FixtureRequest) -> Loaded:
    """The rows of an export, and a database with the models over them."""
    rows = request.param()
    return rows, warehouse(rows)


def keyed(rows: list[dict[str, Any]], key: tuple[str, ...]) -> dict[Any, dict[str, Any]]:
    """Returns the rows by key, with JSON lists parsed; the key must be unique."""
    by_key: dict[Any, dict[str, Any]] = {}
    for row in rows:
        values = tuple(row[name] for name in key)
        lists = {name: json.loads(row[name]) for name in LISTS if name in row}
        by_key[values if len(key) > 1 else values[0]] = {**row, **lists}
    assert len(by_key) == len(rows)
    return by_key


def approximate(measures: dict[str, Any]) -> dict[str, Any]:
    """Returns the measures with a tolerance for rounding in fractions."""
    return {
        name: pytest.approx(value) if isinstance(value, float) else value
        for name, value in measures.items()
    }


@pytest.mark.parametrize("model", MODELS)
def test_every_measure_equals_the_reference(model: str, loaded: Loaded) -> None:
    rows, database = loaded
    key, expected_measures = MODELS[model]
    expected = expected_measures(rows)
    actual = keyed(table_rows(database, f"from {model}"), key)
    assert actual.keys() == expected.keys()
    for values, measures in expected.items():
        assert actual[values] == approximate(measures), values


def test_the_timeline_numbers_the_events_of_each_visit(loaded: Loaded) -> None:
    rows, database = loaded
    remaining = {row["event_id"]: row for row in table_rows(database, "from all_events")}
    previous = None
    number = 0
    for event in events_of(rows):
        row = remaining.pop(event.id)
        if previous is not None and previous.visit == event.visit:
            number, gap = number + 1, ms_between(previous.at, event.at)
        else:
            number, gap = 1, None
        expected = (number, gap) if event.visit is not None else (None, None)
        assert (row["event_number"], row["ms_since_previous_event"]) == expected
        assert row["c_event_type"] == event.kind
        assert row["event_search_id"] == event.search_id
        assert row["event_user_name"] == event.user
        previous = event
    assert not remaining


def test_the_time_zone_of_the_session_changes_nothing() -> None:
    rows = edge_cases()
    utc, montreal = warehouse(rows), warehouse(rows, zone="America/Montreal")
    for model in ("all_events", *MODELS):
        sql = f"from {model} order by all"
        assert table_rows(montreal, sql) == table_rows(utc, sql)


def test_no_model_has_coveo_s_relevance_index() -> None:
    columns = rows_of(warehouse({}), "select column_name from information_schema.columns")
    assert not any("relevance" in name for (name,) in columns)


def test_the_timeline_s_own_columns_equal_the_reference(loaded: Loaded) -> None:
    rows, database = loaded
    stored = {row["event_id"]: row for row in table_rows(database, "from all_events")}
    for event in events_of(rows):
        is_search, is_click = event.kind == "Search", event.kind == "Click"
        expected = {
            "event_search_id": event.search_id,
            "event_user_name": event.user,
            "event_visitor_id": event.visitor,
            "event_query": event.query if is_search else None,
            "event_has_results": event.has_results if is_search else None,
            "event_document_id": event.document_id if is_click else None,
            "event_day": event.day,
            "event_is_bot": event.is_bot,
            "event_is_person": event.is_person,
        }
        assert expected.items() <= stored[event.id].items(), event.id
