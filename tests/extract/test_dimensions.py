"""The table `dimensions`: Coveo's list, beside what the dataset calls each of them."""

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import (
    NAMED,
    NO_DIMENSIONS,
    Fault,
    answer,
    at,
    inject,
    refuse,
    rewritten,
    server_error,
    with_dimensions,
)
from coveo_source.extract.dimensions import Dimension, read_dimensions
from coveo_source.tables import TABLES
from tests.extract.plans import client_of
from tests.extract.sources import source
from tests.support.assertions import Completed, run_against, speed_up_retries
from tests.support.cases import some_of
from tests.support.cli_user import (
    DATASET,
    PIPELINE,
    load,
    open_pipeline,
    query,
    rows,
)
from tests.support.clock import Clock
from tests.support.secrecy import logging_to

ALL = ("--tables", *TABLES)
STAYS = "The table dimensions stays as it is: "
REFUSED = refuse(403, "ACCESS_DENIED", "Access is\ndenied.")

NOT_LISTS: list[Any] = [None, 5, True, "text", [], {}, {"dimensions": []}, [None, [], {}, 1]]
"""Answers that hold no dimension."""


@pytest.fixture
def server(serve: Callable[..., DemoServer]) -> DemoServer:
    """A server with little traffic."""
    return serve(Traffic(seed=3, visits_per_day=4))


def run(server: DemoServer, *words: str, **settings: object) -> Completed:
    completed = run_against(server, *words, **settings)
    assert completed.code == 0, completed.err
    return completed


def listed(server: DemoServer) -> list[Any]:
    """Returns the requests for the list of dimensions."""
    return [each for each in server.requests if "dimensions" in each.path]


def loads_of(table: str) -> list[Any]:
    return query(f"select distinct _dlt_load_id from {table}")


def test_every_column_of_a_file_has_its_dimension(server: DemoServer) -> None:
    run(server, *ALL)
    columns = query(
        "select table_name, column_name from information_schema.columns"
        f" where table_schema = '{DATASET}' and column_name not like '\\_dlt%' escape '\\'"
        f" and table_name in {tuple(TABLES)} order by all"
    )
    assert query("select table_name, column_name from dimensions order by all") == columns
    of_two = "select * exclude (_dlt_load_id) from dimensions where table_name = 'custom_events'"
    assert query(f"{of_two} and api_name in ('c_pageType', 'eventValue') order by api_name") == [
        ("custom_events", "c_page_type_2", "c_pageType", "Page Type", "TEXT", True, None),
        (
            "custom_events",
            *("event_value", "eventValue", "Event Value", "TEXT", False),
            "Value of the custom event, often the name of an action.",
        ),
    ]
    assert query("select bool_and((description is null) = is_custom) from dimensions") == [(True,)]


def test_the_list_is_replaced_as_a_whole_with_the_first_window_of_a_run(
    server: DemoServer, clock: Clock
) -> None:
    run(server)
    before = set(rows("dimensions"))
    clock.advance(days=3)
    new = {"returnName": "clicks.c_new", "displayName": "New", "type": "SHORT", "custom": True}
    change = with_dimensions(
        {**new, "eventTypes": ["clicks"]}, without=["city", "clicks.c_product"]
    )
    inject(server, Fault(at("dimensions"), change, None))
    run(server, "--window-days", "1")
    after = set(rows("dimensions"))
    # a dimension that no export has brought has no column
    assert after - before == {("clicks", None, "c_new", "New", "SHORT", True, None)}
    assert {row[2] for row in before - after} == {"city", "c_product"}
    first = "select _dlt_load_id from exports order by window_start desc limit 1 offset 3"
    assert loads_of("dimensions") == query(first)
    assert len(listed(server)) == 2


def test_what_was_not_exported_has_no_column(server: DemoServer) -> None:
    run(server, "--tables", "clicks", dimensions="c_product, city")
    found = query("select column_name from dimensions where column_name is not null order by all")
    keys = ("city", "c_product", "click_id", "datetime", "search_id", "visit_id")
    assert {name for (name,) in found} == set(keys)
    assert query("select distinct table_name from dimensions where column_name is not null") == [
        ("clicks",)
    ]


def test_a_column_is_that_of_one_dimension_only(server: DemoServer) -> None:
    inject(
        server,
        Fault(
            at("dimensions"),
            with_dimensions(
                {"returnName": "custom_events.event_type", "displayName": "Ours"},
                {"returnName": "custom_events._dltLoadId", "displayName": "Theirs"},
            ),
            None,
        ),
    )
    run(server, "--tables", "custom_events", dimensions="c_page_type, eventType")
    names = "('c_pageType', 'c_page_type', 'eventType', 'event_type', 'event_id', '_dltLoadId')"
    found = query(f"select api_name, column_name from dimensions where api_name in {names}")
    assert dict(found) == {
        "c_page_type": "c_page_type",
        "eventType": "event_type",
        **dict.fromkeys(["c_pageType", "event_type", "event_id", "_dltLoadId"]),
    }


def test_a_key_that_may_not_list_dimensions_keeps_the_table(
    server: DemoServer, clock: Clock
) -> None:
    run(server)
    before = query("from dimensions order by all")
    clock.advance(hours=6)
    inject(server, Fault(at("dimensions"), REFUSED, None))
    said = (
        f"{STAYS}Coveo refused to list the exportable dimensions: Access is denied. (HTTP 403).\n"
    )
    assert said in run(server).err
    assert said in run(server, "--full-refresh").err
    assert query("from dimensions order by all") == before


def test_a_first_load_needs_no_list(server: DemoServer, clock: Clock) -> None:
    inject(server, *NAMED["dimensions-refused"]())
    run(server)
    assert rows("clicks")
    with pytest.raises(duckdb.CatalogException):
        query("from dimensions")
    inject(server)
    clock.advance(hours=6)
    run(server)
    assert query("select count(*) > 50 from dimensions") == [(True,)]


@pytest.mark.parametrize(
    "then",
    some_of(
        [
            pytest.param(server_error, id="500"),
            pytest.param(answer(502), id="empty 502"),
            pytest.param(answer(200, b"<html>Please log in</html>"), id="page"),
            pytest.param(answer(200, b"[{]", "application/json"), id="broken JSON"),
            pytest.param(answer(404, b"{}", "application/json"), id="404"),
            *(
                pytest.param(answer(200, json.dumps(value).encode()), id=json.dumps(value))
                for value in NOT_LISTS
            ),
            pytest.param(rewritten(lambda _: list(NO_DIMENSIONS)), id="no dimension"),
        ],
        "500",
        "page",
        "null",
        "[]",
        '{"dimensions": []}',
        "no dimension",
    ),
)
def test_an_answer_that_is_no_list_is_told_in_one_line(
    then: Any, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed_up_retries(monkeypatch)
    inject(demo, Fault(at("dimensions"), then, None))
    said: list[str] = []
    assert read_dimensions(client_of(demo), said.append) is None
    [line] = said
    assert line.startswith(STAYS)
    assert "\n" not in line


def test_what_is_odd_in_a_list_does_not_hide_the_rest(server: DemoServer) -> None:
    run(server, *ALL)
    true = {row[:3]: row for row in rows("dimensions")}
    inject(server, *NAMED["odd-dimensions"]())
    completed = run(server, *ALL, dimensions="queryExpression")
    [line] = [line for line in completed.err.splitlines() if "dimensions in Coveo's list" in line]
    assert line.endswith(
        "lack a name; the table dimensions has what is there. The first one: datetime"
    )
    odd = {row[:3]: row for row in rows("dimensions")}
    # Coveo may say that a table has a dimension which its file does not have
    assert {key for key in odd if key[1]} == true.keys()
    for key in true:
        for value, true_value in zip(odd[key], true[key], strict=True):
            assert value is None or value == true_value or len(value) <= 700
    names = {row[3] for row in odd.values()} - {row[3] for row in true.values()}
    assert {"it's \"quoted\" `so`, \\' and \\\\", "two lines and a tab", None} <= names
    assert {row[4] for row in odd.values()} >= {"GEOMETRY", "DATE", None}
    assert all(isinstance(row[5], bool) for row in odd.values())


def test_a_run_with_nothing_due_does_not_load_the_list(server: DemoServer) -> None:
    run(server)
    loads = query("select count(*) from _dlt_loads")
    server.requests.clear()
    run(server, lookback_days=0)
    assert query("select count(*) from _dlt_loads") == loads
    assert listed(server) == []


def test_a_library_user_has_it_too_and_keeps_it(
    server: DemoServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    everything = source(server, from_date="2026-03-10", tables=["clicks"])
    open_pipeline().run(everything)
    before = rows("dimensions")
    assert before
    inject(server, Fault(at("dimensions"), REFUSED, 1))
    for expected in (True, False):
        clock.advance(hours=6)
        caplog.clear()
        with logging_to(caplog.handler):
            open_pipeline().run(everything)
        assert (STAYS in caplog.text) is expected
        assert rows("dimensions") == before


def test_a_library_user_need_not_load_it(server: DemoServer) -> None:
    open_pipeline().run(source(server, from_date="2026-03-10").with_resources("clicks"))
    assert rows("clicks")
    with pytest.raises(duckdb.CatalogException):
        query("from dimensions")


def test_a_table_of_somebody_else_stays(server: DemoServer) -> None:
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"create schema {DATASET}")
        database.execute(f"create table {DATASET}.dimensions as select 7 as width")
    assert "has a table dimensions that somebody else made" in run(server).err
    assert query("from dimensions") == [(7,)]


@pytest.mark.slow
def test_it_can_be_dropped(server: DemoServer, clock: Clock) -> None:
    load(server, from_date="2026-03-10", tables=["clicks"])
    names = "select table_name, column_name, display_name from dimensions order by all"
    before = query(names)
    for statement in ("drop table dimensions", "alter table dimensions drop column display_name"):
        with duckdb.connect(f"{PIPELINE}.duckdb") as database:
            database.execute(f"use {DATASET}")
            database.execute(statement)
        clock.advance(hours=6)
        run(server, "--tables", "clicks")
        assert query(names) == before


def test_entries_are_read_as_far_as_they_can_be(demo: DemoServer) -> None:
    said: list[str] = []
    entries = [
        {"returnName": "clicks.c_a", "displayName": "A", "eventTypes": None},
        {"returnName": "c_b", "eventTypes": ["Clicks", "visits"], "custom": "no"},
        {"returnName": "city", "apiNames": ["SEARCHES.CITY"], "custom": False, "type": "TEXT"},
        {"returnName": "region", "displayName": " Re\n gion "},
    ]
    inject(demo, Fault(at("dimensions"), rewritten(lambda _: entries)))
    assert read_dimensions(client_of(demo), said.append) == [
        Dimension("c_a", frozenset({"clicks"}), "A", None, True),
        Dimension("c_b", frozenset({"clicks"}), None, None, True),
        Dimension("city", frozenset({"searches"}), None, "TEXT", False),
        Dimension("region", frozenset(), "Re gion", None, False),
    ]
    assert said == [
        "2 of 4 dimensions in Coveo's list lack a name; the table dimensions has what is there. The"
        " first one: c_b"
    ]
