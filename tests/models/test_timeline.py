"""The timeline that a pipeline builds, from the demo's tables and from the golden export."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import duckdb
import pytest

from coveo_source.demo import DemoServer, Request, Response, Traffic
from coveo_source.demo.faults import (
    Fault,
    all_of,
    at,
    changed_file,
    inject,
    newer_client,
    with_values,
)
from coveo_source.models.files import models
from coveo_source.models.runner import build
from coveo_source.tables import EVENT_TABLES, TABLES
from tests.sql.warehouse import name_of
from tests.support.cases import some_of
from tests.support.cli_user import DATASET, PIPELINE, load, open_pipeline, query, rows
from tests.support.csv_builders import without_newlines
from tests.support.golden import EXPORT_FORMATS, golden_archive, golden_rows, golden_timeline

Serve = Callable[..., DemoServer]
START = datetime(2026, 3, 1, tzinfo=timezone.utc)
TYPES = {"searches": "Search", "clicks": "Click", "custom_events": "Custom"}
IDS = {"searches": "id", "clicks": "clickId", "custom_events": "customEventId"}


def as_text(value: Any) -> str | None:
    """Returns a value of the database as Coveo's files write it."""
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
    return None if value is None else str(value)


def load_timeline(server: DemoServer, **settings: Any) -> None:
    """Loads what is due, and builds the timeline alone."""
    load(server, **settings)
    assert [each.name for each in build(open_pipeline(), ["all_events"])] == ["all_events"]


def timeline() -> list[dict[str, Any]]:
    """Returns the rows of the timeline by column, in the order of the table."""
    names = [row[0] for row in query("select column_name from (describe all_events)")]
    return [dict(zip(names, row, strict=True)) for row in query("from all_events")]


def documented_join(server: DemoServer, end: datetime) -> list[dict[str, str | None]]:
    """Returns the join that Coveo documents over the demo's rows, by database column."""
    return [
        {name_of(name): value for name, value in record.items()}
        | {"c_event_type": TYPES[table], "event_id": record[IDS[table]]}
        for table in EVENT_TABLES
        for record in server.traffic.records(table, START, end)
    ]


@pytest.mark.slow
def test_the_timeline_holds_every_cell_of_every_event(demo: DemoServer) -> None:
    load_timeline(demo, from_date="2026-03-01")
    expected = documented_join(demo, datetime(2026, 3, 11, 11, 45, tzinfo=timezone.utc))
    events = timeline()
    added = {
        "event_search_id",
        "event_user_name",
        "event_visitor_id",
        "event_query",
        "event_has_results",
        "event_document_id",
        "event_day",
        "event_is_bot",
        "event_is_person",
        "event_week",
        "event_hour",
        "event_cause_kind",
        "event_click_kind",
        "event_result_rank",
        "event_is_answer",
        "event_cited_document_id",
        "event_number",
        "ms_since_previous_event",
        "client_id",
    }
    columns = set().union(*expected)
    assert set(events[0]) == columns | added | {"_dlt_load_id"}
    by_id = {row["event_id"]: row for row in events}
    assert len(by_id) == len(events) == len(expected)
    for event in expected:
        row = by_id[event["event_id"]]
        assert {name: as_text(row[name]) for name in columns} == {
            name: event.get(name) for name in columns
        }


@pytest.mark.slow
def test_the_timeline_is_ordered_and_numbered_within_each_visit(demo: DemoServer) -> None:
    load_timeline(demo, from_date="2026-03-01")
    events = timeline()
    order = ["Search", "Click", "Custom"]
    keys = [
        (row["visit_id"], row["datetime"], order.index(row["c_event_type"]), row["event_id"])
        for row in events
    ]
    assert keys == sorted(keys)
    for previous, row in zip([None, *events], events, strict=False):
        if previous is None or previous["visit_id"] != row["visit_id"]:
            assert (row["event_number"], row["ms_since_previous_event"]) == (1, None)
        else:
            gap = round((row["datetime"] - previous["datetime"]).total_seconds() * 1000)
            assert row["event_number"] == previous["event_number"] + 1
            assert row["ms_since_previous_event"] == gap


@pytest.mark.slow
def test_an_event_has_the_id_of_its_search_and_the_name_of_its_user(demo: DemoServer) -> None:
    load_timeline(demo, from_date="2026-03-10")
    for row in timeline():
        kind = row["c_event_type"]
        search = {"Search": "id", "Click": "search_id", "Custom": "last_search_id"}[kind]
        assert row["event_search_id"] == row[search]
        assert row["event_user_name"] == row["user_name" if kind == "Custom" else "username"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "tables", some_of([("searches",), ("clicks", "keywords"), ("groups",)], ("clicks", "keywords"))
)
def test_the_timeline_is_built_without_tables_that_are_not_loaded(
    demo: DemoServer, tables: tuple[str, ...]
) -> None:
    load_timeline(demo, from_date="2026-03-08", tables=list(tables))
    events = sum(len(rows(table)) for table in tables if table in EVENT_TABLES)
    assert query("select count(*) from all_events") == [(events,)]


@pytest.mark.slow
def test_the_timeline_is_built_without_dimensions_that_are_not_loaded(demo: DemoServer) -> None:
    load_timeline(demo, from_date="2026-03-08", dimensions=["country"])
    assert len(timeline()) == sum(len(rows(table)) for table in EVENT_TABLES)


def load_golden_export(serve: Serve, dialect: str) -> None:
    """Loads the golden export, whatever is asked for, and builds the models."""
    archive = golden_archive(dialect)

    def intercept(request: Request) -> Response | None:
        return Response(200, body=archive) if request.host == "storage" else None

    server = serve(Traffic(visits_per_day=1), intercept=intercept)
    settings = {"from_date": "2026-01-01", "window_days": 365}
    load_timeline(server, export_format=EXPORT_FORMATS[dialect], **settings)


def comparable(value: Any, dialect: str = "") -> str:
    """Returns the same text for a golden value and that of the database; null is not ''."""
    if isinstance(value, datetime):
        return repr(f"{as_text(value)}Z".replace(" ", "T"))
    if dialect == "no_newline" and isinstance(value, str):
        value = without_newlines(value) or None
    return repr(value)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", some_of(EXPORT_FORMATS, "excel_backslash"))
def test_the_golden_tables_are_right_in_every_cell(serve: Serve, dialect: str) -> None:
    load_golden_export(serve, dialect)
    for table in TABLES:
        expected = golden_rows(table)
        names = list(expected[0])
        loaded = query(f"select {', '.join(map(name_of, names))} from {table}")
        assert sorted([comparable(value) for value in row] for row in loaded) == sorted(
            [comparable(row[name], dialect) for name in names] for row in expected
        )


@pytest.mark.slow
@pytest.mark.parametrize("dialect", some_of(["excel", "excel_backslash"], "excel_backslash"))
@pytest.mark.thorough
def test_the_golden_timeline_equals_the_documented_join(serve: Serve, dialect: str) -> None:
    load_golden_export(serve, dialect)
    expected = [
        {name_of(name): value or None for name, value in row.items()} for row in golden_timeline()
    ]
    events = timeline()
    names = list(expected[0])
    assert sorted(repr([as_text(row[name]) for name in names]) for row in events) == sorted(
        repr([row[name] for name in names]) for row in expected
    )
    order = [(row["visit_id"], row["datetime"]) for row in expected]
    assert [(row["visit_id"], as_text(row["datetime"])) for row in events] == order


@pytest.mark.slow
def test_the_timeline_has_every_selected_column_in_order(demo: DemoServer) -> None:
    both_names = with_values("custom_events", "userName", lambda _index, _value: "")
    inject(demo, Fault(at("file"), changed_file(all_of(newer_client, both_names)), None))
    load_timeline(demo, from_date="2026-03-08")
    stored = [row[0] for row in query("select column_name from (describe all_events)")]
    with duckdb.connect(f"{PIPELINE}.duckdb", read_only=True) as database:
        database.execute(f"use {DATASET}")
        selected_columns = database.execute(models()["all_events"].sql).description
    assert stored == [*(column[0] for column in selected_columns), "_dlt_load_id"]
