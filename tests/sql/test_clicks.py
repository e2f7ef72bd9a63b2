"""Clicks and documents that are easily counted wrong, each with the right numbers."""

import json
from datetime import date

from tests.sql.event_rows import click, search
from tests.sql.warehouse import rows_of, value_of, warehouse


def test_a_click_whose_search_is_missing_counts_and_is_reported() -> None:
    rows = {
        "searches": [search("s", "10:00:00.000")],
        "clicks": [click("c1", "10:00:01.000", "s"), click("c2", "10:00:02.000", "gone")],
    }
    sql = "select (clicks, searches_with_clicks, search_clickthrough, clicks_without_search)"
    assert value_of(rows, f"{sql} from daily_metrics") == (2, 2, 2.0, 1)
    assert value_of(rows, "select (clicks, clicks_on_other_searches) from visits") == (2, 1)
    sql = "select (clicks, searches, clicks_without_search, queries) from document_performance"
    assert value_of(rows, sql) == (2, 2, 1, 1)


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
    assert value_of(rows, f"{sql} from daily_metrics") == (3, 0.5, 1.0, 4.0)
    assert value_of(rows, f"{sql} from query_performance") == (3, 0.5, 1.0, 4.0)


def test_a_click_without_a_rank_counts_but_is_left_out_of_the_average() -> None:
    rows = {
        "searches": [search("s", "10:00:00.000")],
        "clicks": [
            click("c1", "10:00:01.000", "s", clickRank=None),
            click("c2", "10:00:02.000", "s", clickRank="4"),
        ],
    }
    for model in ("visits", "query_performance", "document_performance", "daily_metrics"):
        assert value_of(rows, f"select (clicks, average_click_rank) from {model}") == (2, 4.0)


def test_clicks_are_counted_instead_of_trusting_with_clicks() -> None:
    rows = {"searches": [search("s", "10:00:00.000", withClicks="t")]}
    assert value_of(rows, "select has_click from search_outcomes") is False
    assert value_of(rows, "select search_clickthrough from daily_metrics") == 0.0


def test_a_document_has_the_title_of_its_latest_click() -> None:
    rows = {
        "clicks": [
            click("c1", "10:00:00.000", "s", documentTitle="old"),
            click("c2", "10:00:01.000", "s", documentTitle="new"),
        ]
    }
    sql = "select (document_id, document_title, clicks) from document_performance"
    assert value_of(rows, sql) == ("hash-vpn", "new", 2)


def test_a_document_lists_the_ten_queries_with_the_most_clicks_on_it() -> None:
    queries = [f"query {letter}" for letter in "abcdefghijkl"]
    rows = {
        "searches": [search(query, "10:00:00.000", query) for query in queries],
        "clicks": [
            *(click(query, "10:00:01.000", query) for query in queries),
            click("again", "10:00:02.000", "query l"),
        ],
    }
    sql = "select (queries, top_query, top_query_clicks) from document_performance"
    assert value_of(rows, sql) == (12, "query l", 2)
    top_queries = json.loads(value_of(rows, "select top_queries from document_performance"))
    assert top_queries == ["query l", *queries[:9]]
