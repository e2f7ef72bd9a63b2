"""Intents: one query in one visit, with all that was done about it."""

import pytest

from tests.sql.event_rows import NO_VISIT, STAFF, click, search, stream_end
from tests.sql.warehouse import Rows, rows_of, value_of, warehouse

INTENT = "query, searches, manual_searches, refinements, automatic_searches, outcome"


def searches_of(*steps: tuple[str, str | None], results: str = "9") -> Rows:
    """Returns the searches of a visit: cause and query."""
    return {
        "searches": [
            search(f"s{n}", f"10:0{n}:00", query, actionCause=cause, numberOfResults=results)
            for n, (cause, query) in enumerate(steps, 1)
        ]
    }


def intents_of(rows: Rows, columns: str = INTENT) -> list[tuple[object, ...]]:
    """Returns some columns of the intents, in the order in which they were asked."""
    return rows_of(warehouse(rows), f"select {columns} from query_visits order by asked_at, query")


def test_one_typed_query_and_three_clicks_on_facets_are_one_intent() -> None:
    rows = searches_of(("searchboxSubmit", "vpn"), *[("facetSelect", "vpn")] * 3)
    database = warehouse(rows)
    assert rows_of(database, f"select {INTENT} from query_visits") == [
        ("vpn", 4, 1, 3, 0, "abandoned")
    ]
    assert rows_of(database, "select searches, manual_searches from visits") == [(4, 1)]
    sql = "select query_visits, successful_query_visits from daily_metrics"
    assert rows_of(database, sql) == [(1, 0)]


def test_a_click_after_a_facet_makes_the_intent_succeed() -> None:
    rows = searches_of(("searchboxSubmit", "vpn"), ("facetSelect", "vpn"))
    rows["clicks"] = [click("c", "10:05:00", "s2", clickRank="3")]
    columns = "first_search_id, clicks, best_click_rank, ms_to_first_click, is_successful"
    assert intents_of(rows, columns) == [("s1", 1, 3, 240_334, True)]
    sql = "select (query_visits, query_visit_success) from daily_metrics"
    assert value_of(rows, sql) == (1, 1.0)


def test_a_query_that_is_asked_twice_in_a_visit_is_one_intent() -> None:
    rows = searches_of(*[("searchboxSubmit", query) for query in ("a", "b", " A ", "c")])
    assert intents_of(rows, "query, searches, next_query, outcome") == [
        ("a", 2, "c", "refined"),
        ("b", 1, "a", "refined"),
        ("c", 1, None, "abandoned"),
    ]


def test_what_nobody_typed_is_no_intent() -> None:
    causes = ("interfaceLoad", "searchFromLink", "facetSelect", "ownCause", "searchboxAsYouType")
    assert intents_of(searches_of(*[(cause, "vpn") for cause in causes])) == []
    alone = {"searches": [search("s", "10:00:00", **NO_VISIT)]}
    assert intents_of(alone) == []


def test_a_search_for_something_else_that_nobody_typed_belongs_to_no_intent() -> None:
    rows = searches_of(
        ("searchboxSubmit", "vpn"), ("searchboxAsYouType", "vp"), ("searchboxAsYouType", "vpn")
    )
    assert intents_of(rows) == [("vpn", 2, 1, 0, 1, "abandoned")]


def test_a_query_that_the_page_corrects_is_the_intent_that_was_typed() -> None:
    rows = searches_of(("searchboxSubmit", "pasword"), ("DidYouMeanAutomatic", "password"))
    rows["searches"][0]["numberOfResults"] = "0"
    rows["clicks"] = [click("c", "10:05:00", "s2")]
    columns = "query, searches, automatic_searches, number_of_results, has_results, outcome"
    assert intents_of(rows, columns) == [("pasword", 2, 1, 0, False, "clicked")]


def test_a_blank_query_that_somebody_submits_is_an_intent() -> None:
    rows = searches_of(("searchboxSubmit", None), ("facetSelect", " "))
    assert intents_of(rows, "query, is_blank_query, searches") == [("", True, 2)]


@pytest.mark.parametrize(
    ("results", "has_results", "outcome"),
    [
        (["0", "0"], False, "no_results"),
        (["0", "2"], True, "abandoned"),
        (["0", None], False, "no_results"),
        ([None, "2"], True, "abandoned"),
        ([None, None], None, "abandoned"),
    ],
)
def test_an_intent_has_results_if_one_of_its_searches_has(
    results: list[str | None], has_results: bool | None, outcome: str
) -> None:
    rows = searches_of(("searchboxSubmit", "vpn"), ("facetSelect", "vpn"))
    for row, number in zip(rows["searches"], results, strict=True):
        row |= {"numberOfResults": number, "withResults": None}
    assert intents_of(rows, "has_results, outcome") == [(has_results, outcome)]


def test_no_results_says_more_than_another_query() -> None:
    rows = searches_of(("searchboxSubmit", "a"), ("searchboxSubmit", "b"), results="0")
    columns = "query, next_query, outcome"
    assert intents_of(rows, columns) == [("a", "b", "no_results"), ("b", None, "no_results")]


def test_an_answer_that_was_read_is_a_success() -> None:
    rows = searches_of(("searchboxSubmit", "vpn"), ("searchboxSubmit", "next"))
    rows["custom_events"] = [stream_end("e", "10:01:05", "s1")]
    columns = "query, has_answer, has_click, outcome, is_successful"
    assert intents_of(rows, columns) == [
        ("vpn", True, False, "answered", True),
        ("next", False, False, "abandoned", False),
    ]


def test_an_intent_is_internal_if_its_first_search_is() -> None:
    rows = searches_of(("searchboxSubmit", "vpn"))
    rows["searches"] += [search("s9", "10:09:00", **{**STAFF, "visitId": "visit-1"})]
    rows["searches"] += [search("s10", "10:10:00", "test", **STAFF)]
    columns = "query, is_internal, is_person"
    assert intents_of(rows, columns) == [("vpn", False, True), ("test", True, False)]
