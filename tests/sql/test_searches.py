"""Searches and queries that are easily counted wrong, each with the right numbers."""

import json

from coveo_source.model_settings import ModelSettings
from tests.sql.event_rows import click, group, keyword, search
from tests.sql.warehouse import rows_of, value_of, warehouse


def test_keywords_and_groups_become_json_lists_and_multiply_no_rows() -> None:
    words = ['say "hi"', "c:\\temp", "two\nlines", "a,b", "ä"]
    rows = {
        "searches": [search("s", "10:00:00")],
        "clicks": [click("c", "10:00:01", "s")],
        "keywords": [keyword("s", word) for word in [*words, *words]],
        "groups": [group("s", name) for name in ("Premier, Gold", "Everyone")],
    }
    database = warehouse(rows)
    assert rows_of(database, "select searches, clicks from daily_metrics") == [(1, 1)]
    columns = "keyword_list, group_list, keyword_count, group_count, clicks"
    [(keywords, groups, *counts)] = rows_of(database, f"select {columns} from search_outcomes")
    assert json.loads(keywords) == sorted(words)
    assert groups == '["Everyone","Premier, Gold"]'
    assert counts == [5, 2, 1]


def test_all_blank_queries_are_one_query_which_is_counted_apart() -> None:
    rows = {"searches": [search(f"s{n}", "10:00:00", q) for n, q in enumerate([None, " ", "x"])]}
    database = warehouse(rows)
    sql = "select query, is_blank_query, searches from query_performance order by all"
    assert rows_of(database, sql) == [("", True, 2), ("x", False, 1)]
    assert rows_of(database, "select blank_searches, queries from daily_metrics") == [(2, 1)]
    assert rows_of(database, "select first_query, last_query from visits") == [("x", "x")]


def test_queries_are_compared_without_case_line_breaks_and_outer_spaces() -> None:
    typed = ["Reset VPN", " reset vpn ", "reset\nvpn", "\treset vpn\r\n"]
    rows = {"searches": [search(f"s{n}", "10:00:00", q) for n, q in enumerate(typed)]}
    assert value_of(rows, "select (query, searches) from query_performance") == ("reset vpn", 4)


def test_a_search_is_clicked_refined_or_abandoned() -> None:
    rows = {
        "searches": [search(f"s{n}", f"10:00:0{n}") for n in (1, 2, 3)],
        "clicks": [click("c", "10:00:05", "s2")],
    }
    sql = "select search_id, search_number, next_search_id, outcome from search_outcomes"
    assert rows_of(warehouse(rows), f"{sql} order by search_number") == [
        ("s1", 1, "s2", "refined"),
        ("s2", 2, "s3", "clicked"),
        ("s3", 3, None, "abandoned"),
    ]


KINDS: dict[str | None, str] = {
    "searchboxSubmit": "manual",
    "interfaceLoad": "automatic",
    "didyoumeanAutomatic": "automatic",
    "searchboxAsYouType": "automatic",
    "searchFromLink": "automatic",
    "facetSelect": "refinement",
    "breadcrumbFacet": "refinement",
    "resultsSort": "refinement",
    "contextRemove": "refinement",
    "SearchBoxSubmit": "manual",
    "madeUpHere": "unknown",
    None: "unknown",
}


def test_the_kind_of_a_search_comes_from_the_seed() -> None:
    searches = [search(str(cause), "10:00:00", actionCause=cause) for cause in KINDS]
    sql = "select action_cause, cause_kind from search_outcomes"
    assert dict(rows_of(warehouse({"searches": searches}), sql)) == KINDS


def test_a_user_s_own_causes_change_the_kind_of_a_search() -> None:
    rows = {
        "searches": [
            search("s", "10:00:00", actionCause="searchFromLink"),
            search("t", "10:00:01", actionCause="OwnCause"),
        ]
    }
    own = (("SEARCHFROMLINK", "manual"), ("owncause", "refinement"))
    database = warehouse(rows, ModelSettings(causes=(("search_causes", own),)))
    sql = "select cause_kind from search_outcomes order by search_id"
    assert rows_of(database, sql) == [("manual",), ("refinement",)]
    sql = "select manual_searches, refinement_searches, unknown_searches from daily_metrics"
    assert rows_of(database, sql) == [(1, 1, 0)]
