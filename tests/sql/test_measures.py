"""Every measure of every model against the reference implementation in Python."""

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql import reference_documents as documents
from tests.sql import reference_usage as usage
from tests.sql.events import Rows
from tests.sql.export_rows import demo_rows, edge_cases
from tests.sql.reference import Measures, search_outcomes
from tests.sql.reference_answers import cited_documents, generated_answers
from tests.sql.reference_cases import case_visits
from tests.sql.reference_experiments import ab_tests
from tests.sql.reference_intents import content_gaps, query_visits
from tests.sql.reference_timeline import all_events
from tests.sql.reference_totals import daily_metrics, query_performance
from tests.sql.reference_visits import visits
from tests.sql.warehouse import build_order, rows_of, table_rows, warehouse

LISTS = ("keyword_list", "group_list", "top_queries")
Reference = Callable[[Rows, ModelSettings], Measures]
MODELS: dict[str, tuple[tuple[str, ...], Reference]] = {
    "all_events": (("event_id",), all_events),
    "search_outcomes": (("search_id",), search_outcomes),
    "visits": (("visit_id",), visits),
    "query_visits": (("visit_id", "query"), query_visits),
    "content_gaps": (("week", "query"), content_gaps),
    "query_performance": (("day", "query", "origin"), query_performance),
    "document_performance": (("week", "document_id"), documents.document_performance),
    "daily_metrics": (("day", "origin"), daily_metrics),
    "generated_answers": (("search_id",), generated_answers),
    "cited_documents": (("week", "document_id"), cited_documents),
    "case_visits": (("visit_id",), case_visits),
    "ab_tests": (("week", "test", "pipeline", "version"), ab_tests),
    "facet_usage": (("week", "facet", "value"), usage.facet_usage),
    "query_suggestions": (("week", "suggestion"), usage.query_suggestions),
    "ml_usage": (("week", "ranking_modifier"), documents.ml_usage),
}
OTHERWISE = ModelSettings(
    "Australia/Sydney",
    gap_visits=2,
    model_dimensions=("c_product",),
    causes=(
        ("search_causes", (("OWNCAUSE", "manual"), ("searchFromLink", "manual"))),
        ("click_causes", (("ownClick", "opened"), ("recommendationopen", "other"))),
    ),
)
Loaded = tuple[Rows, ModelSettings, duckdb.DuckDBPyConnection]


@pytest.fixture(
    scope="module",
    params=[(demo_rows, DEFAULTS), (edge_cases, DEFAULTS), (edge_cases, OTHERWISE)],
    ids=["demo", "edge cases", "edge cases with other settings"],
)
def loaded(request: pytest.FixtureRequest) -> Loaded:
    """The rows of an export, settings, and a database with the models over the rows."""
    make_rows, settings = request.param
    rows = make_rows()
    return rows, settings, warehouse(rows, settings)


def keyed(rows: list[dict[str, Any]], key: tuple[str, ...]) -> Measures:
    """Returns the rows by key, with JSON lists parsed; the key must be unique."""
    by_key: Measures = {}
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
    rows, settings, database = loaded
    key, expected_measures = MODELS[model]
    if model == "daily_metrics":
        key += settings.model_dimensions
    expected = expected_measures(rows, settings)
    assert expected
    # the timeline has the columns of the tables too
    added = next(iter(expected.values()), {}) if model == "all_events" else "*"
    actual = keyed(table_rows(database, f"select {', '.join(added)} from {model}"), key)
    assert actual.keys() == expected.keys()
    for values, measures in expected.items():
        assert actual[values] == approximate(measures), values


def test_every_model_has_a_reference() -> None:
    assert set(build_order()) == MODELS.keys()


def test_the_time_zone_of_the_session_changes_nothing() -> None:
    rows = edge_cases()
    utc, montreal = warehouse(rows), warehouse(rows, zone="America/Montreal")
    for model in MODELS:
        sql = f"from {model} order by all"
        assert table_rows(montreal, sql) == table_rows(utc, sql)


def test_no_model_has_coveo_s_relevance_index() -> None:
    columns = rows_of(warehouse({}), "select column_name from information_schema.columns")
    assert not any("relevance" in name for (name,) in columns)
