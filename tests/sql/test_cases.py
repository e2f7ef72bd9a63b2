"""The cases that are easily counted wrong, each with the number that is right."""

import json
from datetime import date
from typing import Any

import duckdb
import pytest

from tests.sql.cases import (
    BOT,
    DAY,
    NO_VISIT,
    STAFF,
    click,
    custom,
    group,
    hard_cases,
    keyword,
    search,
)
from tests.sql.warehouse import Rows, seed_rows, table_rows, warehouse


def one(rows: Rows, sql: str) -> Any:
    """The only value of a query's only row."""
    [row] = table_rows(warehouse(rows), sql)
    [value] = row.values()
    return value


@pytest.fixture(scope="module")
def cases() -> duckdb.DuckDBPyConnection:
    return warehouse(hard_cases())


def rows_of(database: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return database.execute(sql).fetchall()


def test_a_click_whose_search_is_missing_counts_and_is_told_apart() -> None:
    rows = {
        "searches": [search("s", "10:00:00.000")],
        "clicks": [click("c1", "10:00:01.000", "s"), click("c2", "10:00:02.000", "gone")],
    }
    sql = "select (clicks, searches_with_clicks, search_clickthrough, clicks_without_search)"
    assert one(rows, f"{sql} from daily_metrics") == (2, 2, 2.0, 1)
    assert one(rows, "select (clicks, clicks_on_other_searches) from visits") == (2, 1)
    sql = "select (clicks, searches, clicks_without_search, queries) from document_performance"
    assert one(rows, sql) == (2, 2, 1, 1)


def test_a_click_from_another_visit_and_day_belongs_to_its_search() -> None:
    clicked = click("c", "2026-03-09 08:00:00.000", "s", visitId="visit-2", clickRank="5")
    database = warehouse({"searches": [search("s", "10:00:00.000")], "clicks": [clicked]})
    sql = "select visit_id, has_click, best_click_rank, ms_to_first_click from search_outcomes"
    assert rows_of(database, sql) == [("visit-1", True, 5, 22 * 3_600_000)]
    sql = "select visit_id, clicks, clicks_on_other_searches from visits order by all"
    assert rows_of(database, sql) == [("visit-1", 0, 0), ("visit-2", 1, 1)]
    sql = "select day, searches, searches_with_clicks, search_clickthrough, clicks_without_search"
    assert rows_of(database, f"{sql} from daily_metrics order by all") == [
        (date(2026, 3, 8), 1, 0, 0.0, 0),
        (date(2026, 3, 9), 0, 1, None, 0),
    ]


def test_several_clicks_on_one_search_make_one_search_with_clicks() -> None:
    rows = {
        "searches": [search("s1", "10:00:00.000"), search("s2", "10:01:00.000")],
        "clicks": [click(f"c{n}", f"10:00:0{n}.000", "s1", clickRank=str(n)) for n in (2, 3, 7)],
    }
    sql = "select (clicks, search_clickthrough, visit_clickthrough, average_click_rank)"
    assert one(rows, f"{sql} from daily_metrics") == (3, 0.5, 1.0, 4.0)
    assert one(rows, f"{sql} from query_performance") == (3, 0.5, 1.0, 4.0)


def test_a_click_without_a_rank_counts_but_not_in_the_average() -> None:
    rows = {
        "searches": [search("s", "10:00:00.000")],
        "clicks": [
            click("c1", "10:00:01.000", "s", clickRank=None),
            click("c2", "10:00:02.000", "s", clickRank="4"),
        ],
    }
    for model in ("visits", "query_performance", "document_performance", "daily_metrics"):
        assert one(rows, f"select (clicks, average_click_rank) from {model}") == (2, 4.0)


def test_keywords_and_groups_multiply_nothing_and_come_back_as_they_were() -> None:
    words = ['say "hi"', "c:\\temp", "two\nlines", "a,b", "ä"]
    rows = {
        "searches": [search("s", "10:00:00.000")],
        "clicks": [click("c", "10:00:01.000", "s")],
        "keywords": [keyword("s", word) for word in [*words, *words]],
        "groups": [group("s", name) for name in ("Premier, Gold", "Everyone")],
    }
    assert one(rows, "select (searches, clicks) from daily_metrics") == (1, 1)
    assert json.loads(one(rows, "select keyword_list from search_outcomes")) == sorted(words)
    assert one(rows, "select group_list from search_outcomes") == '["Everyone","Premier, Gold"]'
    assert one(rows, "select (keyword_count, group_count, clicks) from search_outcomes") == (
        5,
        2,
        1,
    )


def test_a_blank_query_is_a_query_of_its_own_kind() -> None:
    rows = {
        "searches": [search(f"s{n}", "10:00:00.000", q) for n, q in enumerate([None, " ", "x"])]
    }
    database = warehouse(rows)
    sql = "select query, is_blank_query, searches from query_performance order by all"
    assert rows_of(database, sql) == [("", True, 2), ("x", False, 1)]
    assert rows_of(database, "select blank_searches, queries from daily_metrics") == [(2, 1)]
    assert rows_of(database, "select first_query, last_query from visits") == [("x", "x")]


def test_queries_are_compared_without_capitals_line_ends_and_outer_spaces() -> None:
    typed = ["Reset VPN", " reset vpn ", "reset\nvpn", "\treset vpn\r\n"]
    rows = {"searches": [search(f"s{n}", "10:00:00.000", q) for n, q in enumerate(typed)]}
    assert one(rows, "select (query, searches) from query_performance") == ("reset vpn", 4)


def test_robots_and_internal_traffic_are_kept_with_their_flags(
    cases: duckdb.DuckDBPyConnection,
) -> None:
    flags = "is_bot, is_internal"
    for model in ("search_outcomes", "visits"):
        sql = f"select visit_id, {flags} from {model} where is_bot or is_internal order by all"
        assert rows_of(cases, sql) == [("visit-bot", True, False), ("visit-staff", False, True)]


def test_robots_and_internal_traffic_are_left_out_of_the_measures() -> None:
    rows = {
        "searches": [
            search("s", "10:00:00.000"),
            search("bot", "10:00:00.000", **BOT),
            search("staff", "10:00:00.000", **STAFF),
        ],
        "clicks": [click("c", "10:00:01.000", "staff", clickRank="9", **STAFF)],
    }
    database = warehouse(rows)
    sql = "select searches, visits, clicks, bot_events, internal_events from daily_metrics"
    assert rows_of(database, sql) == [(1, 1, 0, 1, 2)]
    sql = "select unfiltered_searches, unfiltered_visits, unfiltered_clicks from daily_metrics"
    assert rows_of(database, sql) == [(3, 3, 1)]
    assert rows_of(database, "select searches, visits from query_performance") == [(1, 1)]
    assert rows_of(database, "select searches, gap from content_gaps") == [(1, "no clicks")]
    assert rows_of(database, "from document_performance") == []


def test_events_without_a_visit_are_kept_and_belong_to_none() -> None:
    rows = {
        "searches": [search(key, "10:00:00.000", **NO_VISIT) for key in ("s1", "s2")],
        "clicks": [click("c", "10:00:01.000", "s1", **NO_VISIT)],
    }
    database = warehouse(rows)
    sql = "select distinct event_number, ms_since_previous_event from all_events"
    assert rows_of(database, sql) == [(None, None)]
    assert rows_of(database, "from visits") == []
    sql = "select search_id, outcome from search_outcomes order by all"
    assert rows_of(database, sql) == [("s1", "clicked"), ("s2", "unknown")]
    sql = "select searches, visits, visit_clickthrough, events_without_visit from daily_metrics"
    assert rows_of(database, sql) == [(2, 0, None, 3)]


def test_a_search_is_clicked_refined_or_abandoned() -> None:
    rows = {
        "searches": [search(f"s{n}", f"10:00:0{n}.000") for n in (1, 2, 3)],
        "clicks": [click("c", "10:00:05.000", "s2")],
    }
    sql = "select search_id, search_number, next_search_id, outcome from search_outcomes"
    assert rows_of(warehouse(rows), f"{sql} order by search_number") == [
        ("s1", 1, "s2", "refined"),
        ("s2", 2, "s3", "clicked"),
        ("s3", 3, None, "abandoned"),
    ]


def test_events_of_one_moment_are_ordered_by_type_and_then_by_id() -> None:
    rows = {
        "searches": [search("b", "10:00:00.000"), search("a", "10:00:00.000")],
        "clicks": [click("c", "10:00:00.000", "b")],
        "custom_events": [custom("A", "10:00:00.000", "b")],
    }
    database = warehouse(rows)
    sql = "select event_id from all_events order by event_number"
    assert [key for (key,) in rows_of(database, sql)] == ["a", "b", "c", "A"]
    sql = "select entry_event_type, exit_event_type, exit_action from visits"
    assert rows_of(database, sql) == [("Search", "Custom", "getMoreResults")]


def test_a_day_ends_at_midnight_in_utc_whatever_the_zone_of_the_session() -> None:
    times = ["23:59:59.999", "2026-03-09 00:00:00.000"]
    rows = {"searches": [search(f"s{n}", time) for n, time in enumerate(times)]}
    for zone in ("America/Montreal", "Asia/Tokyo"):
        database = warehouse(rows, zone=zone)
        for model in ("daily_metrics", "query_performance"):
            sql = f"select day, searches from {model} order by all"
            days = [(date.fromisoformat(DAY), 1), (date(2026, 3, 9), 1)]
            assert rows_of(database, sql) == days


def test_milliseconds_are_right_across_the_start_of_summer_time() -> None:
    times = ["06:59:59.000", "07:00:01.500"]
    rows = {"searches": [search(f"s{n}", time) for n, time in enumerate(times)]}
    database = warehouse(rows, zone="America/Montreal")
    sql = "select ms_since_previous_event from all_events where event_number = 2"
    assert rows_of(database, sql) == [(2500,)]
    assert rows_of(database, "select duration_ms from visits") == [(2500,)]


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("searchboxSubmit", "manual"),
        ("interfaceLoad", "automatic"),
        ("didyoumeanAutomatic", "automatic"),
        ("searchboxAsYouType", "automatic"),
        ("searchFromLink", "automatic"),
        ("facetSelect", "refinement"),
        ("breadcrumbFacet", "refinement"),
        ("resultsSort", "refinement"),
        ("contextRemove", "refinement"),
        ("SearchBoxSubmit", "manual"),
        ("madeUpHere", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_cause_is_of_the_kind_that_the_seed_says(cause: str | None, kind: str) -> None:
    rows = {"searches": [search("s", "10:00:00.000", actionCause=cause)]}
    assert one(rows, "select cause_kind from search_outcomes") == kind


def test_the_seed_is_the_only_place_that_says_so() -> None:
    rows = {"searches": [search("s", "10:00:00.000", actionCause="searchFromLink")]}
    changed = [(cause, "manual" if cause == "searchFromLink" else k) for cause, k in seed_rows()]
    changed.append(("SEARCHFROMLINK", "refinement"))
    database = warehouse(rows, seed=changed)
    assert rows_of(database, "select cause_kind from search_outcomes") == [("manual",)]
    assert rows_of(database, "select manual_searches, searches from daily_metrics") == [(1, 1)]


def test_automatic_searches_and_refinements_are_no_content_gaps() -> None:
    causes = {"searchboxAsYouType": "half", "facetSelect": "narrowed", "searchboxSubmit": "asked"}
    rows = {
        "searches": [
            search(cause, "10:00:00.000", query, actionCause=cause, numberOfResults="0")
            for cause, query in causes.items()
        ]
    }
    assert one(rows, "select query from content_gaps") == "asked"


@pytest.mark.parametrize(
    ("results", "rank", "gap"),
    [
        (["0", "0"], None, "no results"),
        (["0", "7"], "1", "no results"),
        (["7", "7"], None, "no clicks"),
        (["7", "7"], "11", "low ranks"),
        (["7", "7"], "10", None),
    ],
)
def test_a_query_is_a_gap_for_one_reason(
    results: list[str], rank: str | None, gap: str | None
) -> None:
    searches = [
        search(f"s{n}", f"10:00:0{n}.000", numberOfResults=number)
        for n, number in enumerate(results)
    ]
    clicks = [click("c", "10:00:09.000", "s1", clickRank=rank)] if rank else []
    database = warehouse({"searches": searches, "clicks": clicks})
    assert rows_of(database, "select gap from content_gaps") == ([(gap,)] if gap else [])


def test_with_clicks_is_not_believed() -> None:
    rows = {"searches": [search("s", "10:00:00.000", withClicks="t")]}
    assert one(rows, "select has_click from search_outcomes") is False
    assert one(rows, "select search_clickthrough from daily_metrics") == 0.0


def test_a_document_is_named_by_its_newest_click() -> None:
    rows = {
        "clicks": [
            click("c1", "10:00:00.000", "s", documentTitle="old"),
            click("c2", "10:00:01.000", "s", documentTitle="new"),
        ]
    }
    sql = "select (document_id, document_title, clicks) from document_performance"
    assert one(rows, sql) == ("hash-vpn", "new", 2)


def test_a_document_shows_the_ten_queries_that_lead_to_it_most() -> None:
    queries = [f"query {letter}" for letter in "abcdefghijkl"]
    rows = {
        "searches": [search(query, "10:00:00.000", query) for query in queries],
        "clicks": [
            *(click(query, "10:00:01.000", query) for query in queries),
            click("again", "10:00:02.000", "query l"),
        ],
    }
    sql = "select (queries, top_query, top_query_clicks) from document_performance"
    assert one(rows, sql) == (12, "query l", 2)
    found = json.loads(one(rows, "select top_queries from document_performance"))
    assert found == ["query l", *queries[:9]]


def test_no_model_speaks_of_coveo_s_relevance_index(cases: duckdb.DuckDBPyConnection) -> None:
    columns = "select column_name from information_schema.columns"
    assert not any("relevance" in name for (name,) in rows_of(cases, columns))
