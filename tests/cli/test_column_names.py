"""Whatever an organization names its dimensions, all of them are loaded, each into a column."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import dlt
import pytest

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import Fault, all_of, at, changed_file, inject, with_header
from coveo_source.tables import COVEO_COLUMNS, EVENT_TABLES
from tests.extract.sources import source
from tests.support.assertions import Completed, assert_failed_with, invoke, run_against
from tests.support.cli_user import PIPELINE, environment, load, open_pipeline, query
from tests.support.clock import Clock
from tests.support.dimension_names import NAMES, of_all_events, with_dimensions

KEYS = {"searches": "id", "clicks": "click_id", "custom_events": "custom_event_id"}


@pytest.fixture
def server(serve: Callable[..., DemoServer]) -> DemoServer:
    """A server with little traffic."""
    return serve(Traffic(seed=3, visits_per_day=4))


def names() -> dict[str, str]:
    """Returns the columns that the pipeline remembers, by API name."""
    remembered: dict[str, str] = dlt.attach(PIPELINE).state["sources"]["coveo_source"][
        "column_names"
    ]
    return remembered


def send(server: DemoServer, **dimensions: Iterable[str]) -> None:
    """Lets a server send files with further dimensions, by table."""
    inject(server, Fault(at("file"), with_dimensions(dimensions), None))


def run(server: DemoServer, *words: str, **settings: object) -> Completed:
    completed = run_against(server, *words, **settings)
    assert completed.code == 0, completed.err
    return completed


def assert_values(table: str, columns: dict[str, str]) -> None:
    """Asserts that columns hold the values of their dimensions, in each row its own."""
    wrong = " or ".join(
        f"""(replace("{column}", '{name}:', '') is distinct from {KEYS[table]})"""
        for name, column in columns.items()
    )
    assert query(f"select count(*) > 0, count(*) filter ({wrong}) from {table}") == [(True, 0)]


@pytest.mark.slow
def test_all_kinds_of_names_at_once(server: DemoServer, clock: Clock) -> None:
    inject(server, Fault(at("file"), of_all_events(NAMES), None))
    first = invoke(PIPELINE, "run", "--from", "2026-03-10", env=environment(server))
    assert first.code == 0, first.err
    known = names()
    assert len(set(known.values())) == len(known)
    asked = {name: known.get(name, "client_id") for name in NAMES}
    assert {*NAMES} - {*known} == {*NAMES} & COVEO_COLUMNS == {"clientId"}
    for table in EVENT_TABLES:
        assert_values(table, asked)
    clock.advance(hours=20)
    second = invoke(PIPELINE, "run", env=environment(server))
    assert second.code == 0, second.err
    plan = invoke(PIPELINE, "plan", env=environment(server))
    for text in (first.out, second.out, plan.out):
        for name in ("c_event_type", "_dltLoadId", "c_pageType", "event_type"):
            assert f"\n{name} is the column {known[name]}.\n" in text
        assert "c_page_type is" not in text
    # news are told once
    assert "The dimension event_id is the column event_id_3." in first.err
    assert "The dimension" not in second.err
    assert names() == known
    for table in EVENT_TABLES:
        assert_values(table, asked)
    columns = {name for (name,) in query("select column_name from (describe all_events)")}
    assert columns.issuperset(asked.values())
    typed = (
        "select distinct c_event_type, event_id in (id, click_id, custom_event_id) from all_events"
    )
    assert set(query(typed)) == {(kind, True) for kind in ("Search", "Click", "Custom")}
    assert invoke(PIPELINE, "models", "--test").code == 0
    run(server, "--tables", *EVENT_TABLES, "--to", "2026-03-11", "--replace")
    for table in EVENT_TABLES:
        assert_values(table, asked)


@pytest.mark.slow
def test_three_dimensions_that_come_to_one_name_keep_their_columns(
    server: DemoServer, clock: Clock, own_folder: Path
) -> None:
    def loaded(*tables: str, **dimensions: Iterable[str]) -> dict[str, str]:
        clock.advance(hours=6)
        send(server, **dimensions)
        run(server, "--tables", *tables)
        return {name: column for name, column in names().items() if "page" in name}

    siblings = ("c_pagetype", "c_pageType", "c_page_type")
    # whoever comes first has the best name, in whatever table
    known = {"c_pageType": "c_page_type"}
    assert loaded("searches", searches=["c_pageType"]) == known
    known |= {"c_page_type": "c_page_type_2", "c_pagetype": "c_pagetype"}
    assert loaded("searches", "clicks", clicks=["c_page_type", "c_pagetype"]) == known
    # and keeps it, whatever an export carries
    assert loaded("searches", searches=["c_page_type"], clicks=["c_pageType"]) == known
    shutil.rmtree(own_folder.parent / "dlt")
    assert loaded("clicks", "searches", searches=siblings[::-1], clicks=siblings) == known
    send(server, clicks=["c_page_type"])
    run(server, "--tables", "clicks", "--full-refresh")
    send(server, clicks=siblings)
    run(server, "--tables", "clicks", "--from", "2026-03-10", "--to", "2026-03-11")
    assert {name: column for name, column in names().items() if "page" in name} == known
    assert query("select count(c_page_type_2) > count(c_page_type) from clicks") == [(True,)]
    assert query("select count(c_page_type) > 0 from clicks") == [(True,)]


def test_the_same_export_gives_the_same_names_whatever_table_comes_first(
    server: DemoServer,
) -> None:
    send(server, searches=["c_pageType", "c_XY"], clicks=["c_page_type", "c_x_y"])
    run(server, "--tables", "searches", "clicks")
    known = names()
    assert [known[name] for name in ("c_page_type", "c_pageType")] == [
        "c_page_type",
        "c_page_type_2",
    ]
    assert [known[name] for name in ("c_x_y", "c_XY")] == ["c_x_y", "c_xy"]


def test_a_renamed_column_that_an_export_lacks_keeps_its_values(
    server: DemoServer, clock: Clock
) -> None:
    run(server, "--tables", "custom_events")
    columns = "custom_event_id, c_page_type, c_page_type_2, event_id_2"
    before = set(query(f"select {columns} from custom_events"))
    assert all(None not in row[2:] for row in before)
    clock.advance(hours=20)
    completed = run(server, "--tables", "custom_events", dimensions="c_pageType")
    assert "c_pageType is the column c_page_type_2." in completed.out
    after = {row[0]: row for row in query(f"select {columns} from custom_events")}
    assert before <= set(after.values())
    new = [after[key] for key in after.keys() - {row[0] for row in before}]
    assert new
    assert all(row[1] is row[3] is None and row[2] for row in new)


@pytest.mark.slow
def test_a_column_that_has_a_reserved_name_already_no_longer_stops_the_models(
    server: DemoServer, clock: Clock
) -> None:
    # as an early version loaded it, or a step of a library user does
    everything = source(server, from_date="2026-03-10", tables=["searches", "clicks"])
    former = {"event_id": "former", "c_event_type": "former", "event_search_id": "former"}

    def add(rows: Any) -> Any:
        for name, text in former.items():
            rows = rows.append_column(name, [[text] * rows.num_rows])
        return rows

    everything.searches.add_map(add)
    open_pipeline().run(everything)
    clock.advance(hours=20)
    send(server, searches=["event_id", "c_eventType"], clicks=["event_id"])
    words = ("run", "--tables", "searches", "clicks")
    env = {**environment(server), "SOURCES__COVEO_SOURCE__LOOKBACK_DAYS": "0"}
    completed = invoke(PIPELINE, *words, env=env)
    assert completed.code == 0, completed.err
    assert (
        "The dimension event_id is the column event_id_2. The column event_id, which an earlier"
        " version loaded, stays as it is; the models leave it out." in completed.err
    )
    assert query("select distinct event_id from searches order by 1") == [("former",), (None,)]
    assert query("select count(event_id_2) > 0, bool_or(event_id = 'former') from all_events") == [
        (True, False)
    ]
    clock.advance(hours=6)
    assert "earlier version" not in run(server, "--tables", "searches", "clicks").err


def test_what_is_erased_is_found_in_a_renamed_dimension_too(server: DemoServer) -> None:
    send(server, searches=["user_id"])
    run(server, "--tables", "searches")
    [(key,), *others] = query("select id from searches order by 1")
    words = ("--user-id", f"user_id:{key}", "--yes")
    assert invoke(PIPELINE, "erase", *words).code == 0
    assert query("select id from searches order by 1") == others
    run(server, "--tables", "searches")
    assert query("select id from searches order by 1") == others


def test_a_library_user_is_told_once(
    server: DemoServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[str]:
        caplog.clear()
        open_pipeline().run(source(server, from_date="2026-03-10", tables="custom_events"))
        clock.advance(hours=6)
        messages = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
        return [message for message in messages if "dimension" in message]

    assert told() == [
        "The dimension c_pageType is the column c_page_type_2.",
        "The dimension event_id is the column event_id_2.",
    ]
    assert told() == []


@pytest.mark.slow
def test_a_column_without_a_name_is_loaded_and_one_that_comes_twice_can_be_left_out(
    server: DemoServer,
) -> None:
    def rename(**names: dict[str, str]) -> None:
        changes = [with_header(table, each) for table, each in names.items()]
        inject(server, Fault(at("file"), changed_file(all_of(*changes)), None))

    rename(searches={"c_product": ""}, clicks={"c_product": "clicks. "})
    run(server, "--tables", "searches", "clicks")
    for table in ("searches", "clicks"):
        assert query(f"select count(unnamed) > 0 from {table}") == [(True,)]
    before = query("select count(*) from clicks")
    rename(clicks={"c_product": "clicks.c_jsuiversion"})
    refused = run_against(server)
    assert_failed_with(refused, "'c_jsuiversion' twice", "setting dimensions", "setting tables")
    assert not open_pipeline().has_pending_data
    inject(server)
    run(server, dimensions="c_product")
    assert query("select count(*) from clicks") == before


def test_names_are_the_same_if_the_state_is_lost(server: DemoServer) -> None:
    send(server, searches=NAMES)
    load(server, from_date="2026-03-10", tables="searches")
    known, columns = names(), query("select column_name from (describe searches)")
    with open_pipeline().sql_client() as client:
        client.execute_sql("drop table _dlt_pipeline_state")
        client.execute_sql("drop table _dlt_version")
    open_pipeline().drop()
    load(server, from_date="2026-03-10", tables="searches")
    assert names() == known
    assert query("select column_name from (describe searches)") == columns
