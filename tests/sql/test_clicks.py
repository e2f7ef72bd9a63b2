"""Clicks and documents that are easily counted wrong, each with the right numbers."""

import json
from datetime import date

from tests.sql.event_rows import click, search
from tests.sql.warehouse import rows_of, value_in, value_of, warehouse


def test_a_click_whose_search_is_missing_counts_and_is_reported() -> None:
    rows = {
        "searches": [search("s", "10:00:00")],
        "clicks": [click("c1", "10:00:01", "s"), click("c2", "10:00:02", "gone")],
    }
    database = warehouse(rows)
    sql = "select (clicks, searches_with_clicks, search_clickthrough, clicks_without_search)"
    assert value_in(database, f"{sql} from daily_metrics") == (2, 2, 2.0, 1)
    assert value_in(database, "select (clicks, clicks_on_other_searches) from visits") == (2, 1)
    sql = "select (clicks, searches, clicks_without_search, queries) from document_performance"
    assert value_in(database, sql) == (2, 2, 1, 1)


def test_a_click_from_another_visit_and_day_belongs_to_its_search() -> None:
    clicked = click("c", "2026-03-09 08:00:00", "s", visitId="visit-2", clickRank="5")
    database = warehouse({"searches": [search("s", "10:00:00")], "clicks": [clicked]})
    sql = "select visit_id, has_click, best_click_rank, ms_to_first_click from search_outcomes"
    assert rows_of(database, sql) == [("visit-1", True, 5, 22 * 3_600_000 + 334)]
    sql = "select visit_id, clicks, clicks_on_other_searches from visits order by all"
    assert rows_of(database, sql) == [("visit-1", 0, 0), ("visit-2", 1, 1)]
    sql = "select day, searches, searches_with_clicks, search_clickthrough, clicks_without_search"
    assert rows_of(database, f"{sql} from daily_metrics order by all") == [
        (date(2026, 3, 8), 1, 0, 0.0, 0),
        (date(2026, 3, 9), 0, 1, None, 0),
    ]


def test_several_clicks_on_one_search_make_one_search_with_clicks() -> None:
    rows = {
        "searches": [search("s1", "10:00:00"), search("s2", "10:01:00")],
        "clicks": [click(f"c{n}", f"10:00:0{n}", "s1", clickRank=str(n)) for n in (2, 3, 7)],
    }
    database = warehouse(rows)
    sql = "select (clicks, search_clickthrough, visit_clickthrough, average_click_rank)"
    assert value_in(database, f"{sql} from daily_metrics") == (3, 0.5, 1.0, 4.0)
    assert value_in(database, f"{sql} from query_performance") == (3, 0.5, 1.0, 4.0)


def test_a_click_without_a_rank_counts_but_is_left_out_of_the_average() -> None:
    rows = {
        "searches": [search("s", "10:00:00")],
        "clicks": [
            click("c1", "10:00:01", "s", clickRank=None),
            click("c2", "10:00:02", "s", clickRank="4"),
        ],
    }
    database = warehouse(rows)
    for model in ("visits", "query_performance", "document_performance", "daily_metrics"):
        assert value_in(database, f"select (clicks, average_click_rank) from {model}") == (2, 4.0)


def test_clicks_are_counted_instead_of_trusting_with_clicks() -> None:
    rows = {"searches": [search("s", "10:00:00", withClicks="t")]}
    database = warehouse(rows)
    assert value_in(database, "select has_click from search_outcomes") is False
    assert value_in(database, "select search_clickthrough from daily_metrics") == 0.0


def test_a_document_has_the_title_of_its_latest_click() -> None:
    rows = {
        "clicks": [
            click("c1", "10:00:00", "s", documentTitle="old"),
            click("c2", "10:00:01", "s", documentTitle="new"),
        ]
    }
    sql = "select (document_id, document_title, clicks) from document_performance"
    assert value_of(rows, sql) == ("hash-vpn", "new", 2)


def test_a_document_lists_the_ten_queries_with_the_most_clicks_on_it() -> None:
    queries = [f"query {letter}" for letter in "abcdefghijkl"]
    rows = {
        "searches": [search(query, "10:00:00", query) for query in queries],
        "clicks": [
            *(click(query, "10:00:01", query) for query in queries),
            click("again", "10:00:02", "query l"),
        ],
    }
    database = warehouse(rows)
    sql = "select (queries, top_query, top_query_clicks) from document_performance"
    assert value_in(database, sql) == (12, "query l", 2)
    top_queries = json.loads(value_in(database, "select top_queries from document_performance"))
    assert top_queries == ["query l", *queries[:9]]


KINDS = {
    "documentOpen": "opened",
    "DOCUMENTQUICKVIEW": "quick_viewed",
    "generatedAnswerCitationClick": "cited",
    "openSmartSnippetSuggestionSource": "cited",
    "caseAttach": "attached",
    "recommendationOpen": "recommended",
    "madeUpHere": "other",
}


def test_kinds_of_clicks_are_counted_apart_and_only_results_count_as_clicks() -> None:
    rows = {
        "searches": [search("s", "10:00:00")],
        "clicks": [
            click(f"c{n}", f"10:00:1{n}", "s", clickCause=cause, clickRank=str(n + 1))
            for n, cause in enumerate(KINDS)
        ],
    }
    database = warehouse(rows)
    sql = "select click_cause, event_click_kind from all_events where c_event_type = 'Click'"
    assert dict(rows_of(database, sql)) == KINDS
    columns = "clicks, opened, quick_viewed, cited, attached, recommended, other_clicks"
    columns = f"{columns}, ranked_clicks, click_rank_sum"
    for model in (
        *("search_outcomes", "visits", "query_visits", "query_performance", "daily_metrics"),
        "document_performance",
    ):
        counts = rows_of(database, f"select {columns} from {model}")
        assert counts == [(2, 1, 1, 2, 1, 1, 1, 2, 3)], model
    sql = "select (unfiltered_clicks, unfiltered_average_click_rank) from daily_metrics"
    assert value_in(database, sql) == (7, 4.0)


def test_a_click_has_the_cause_of_either_column_or_opened_a_result() -> None:
    causes = ((None, "caseAttach"), ("documentOpen", "caseAttach"), (None, None))
    clicks = [
        click(f"c{n}", "10:00:00", "s", clickCause=cause, causeV2=newer)
        for n, (cause, newer) in enumerate(causes)
    ]
    sql = "select event_click_kind from all_events order by event_id"
    kinds = rows_of(warehouse({"clicks": clicks}), sql)
    assert kinds == [("attached",), ("opened",), ("opened",)]


def test_an_outcome_is_clicked_by_whatever_shows_that_something_was_found() -> None:
    searches = [search(cause, "10:00:00", visitId=cause) for cause in KINDS]
    clicks = [click(f"on {cause}", "10:00:01", cause, clickCause=cause) for cause in KINDS]
    database = warehouse({"searches": searches, "clicks": clicks})
    for model in ("search_outcomes", "query_visits"):
        outcomes = dict(rows_of(database, f"select visit_id, outcome from {model}"))
        assert outcomes == {
            cause: "answered" if kind == "cited" else "clicked" for cause, kind in KINDS.items()
        }


def test_ranks_below_1_are_in_no_average() -> None:
    ranks = ("0", "-1", "6")
    rows = {
        "searches": [search("s", "10:00:00")],
        "clicks": [click(f"c{n}", "10:00:01", "s", clickRank=rank) for n, rank in enumerate(ranks)],
    }
    database = warehouse(rows)
    for model in ("visits", "query_performance", "document_performance", "daily_metrics"):
        sql = f"select (clicks, ranked_clicks, average_click_rank) from {model}"
        assert value_in(database, sql) == (3, 1, 6.0), model
    sql = "select (best_click_rank, click_rank_sum) from search_outcomes"
    assert value_in(database, sql) == (6, 6)
    assert value_in(database, "select unfiltered_average_click_rank from daily_metrics") == 6.0


def test_the_search_of_a_click_is_looked_for_a_day_or_a_week_before() -> None:
    days = ("2026-03-08", "2026-03-09", "2026-03-10", "2026-03-15", "2026-03-16")
    rows = {
        "searches": [search("s", "2026-03-08 10:00:00")],
        "clicks": [click(day, f"{day} 12:00:00", "s") for day in days],
    }
    database = warehouse(rows)
    sql = "select clicks_without_search from daily_metrics order by day"
    assert [number for (number,) in rows_of(database, sql)] == [0, 0, 1, 1, 1]
    sql = "select clicks, clicks_without_search, queries from document_performance order by week"
    assert rows_of(database, sql) == [(1, 0, 1), (3, 0, 1), (1, 1, 0)]
