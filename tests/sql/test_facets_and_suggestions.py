"""Facets, suggestions and ranking modifiers: how often each is used, and whether it helps."""

import pytest

from coveo_source.demo import Record
from tests.sql.event_rows import click, data, search
from tests.sql.warehouse import rows_of, value_of, warehouse

SOURCE = data(facetId="source", facetTitle="Source", facetValue="Manuals")


CAUSES = {
    "facetSelect": (1, 0),
    "FACETSELECT": (1, 0),
    "dynamicFacetSelect": (1, 0),
    "facetExclude": (1, 0),
    "facetDeselect": (0, 1),
    "dynamicFacetDeselect": (0, 1),
    "facetUnexclude": (0, 1),
    "facetClearAll": (0, 1),
    "breadcrumbFacet": (0, 1),
    "searchboxSubmit": None,
    "ownCause": None,
}
"""The selections and removals that a cause counts as."""


def refined(key: str, custom_data: str | None, cause: str = "facetSelect") -> Record:
    """Returns a search that sends custom data along."""
    return search(key, "10:00:00", actionCause=cause, customDatas=custom_data)


def test_a_facet_is_selected_or_removed() -> None:
    searches = [refined(cause, data(facetTitle=cause), cause) for cause in CAUSES]
    sql = "select facet, selections, removals from facet_usage"
    counted = rows_of(warehouse({"searches": searches}), sql)
    assert sorted(counted) == sorted((cause, *each) for cause, each in CAUSES.items() if each)


WRITTEN = (
    (SOURCE, "Source", "Manuals"),
    (data(facetId="a", facetField="b", facetTitle=""), "b", ""),
    (data(facetId="a"), "a", ""),
    (data(facetTitle="Date", facetRangeStart=0, facetRangeEnd="now"), "Date", "0..now"),
    (data(facetTitle="Begun", facetRangeStart=0), "Begun", ""),
    (data(categoryFacetId="x", categoryFacetField="y", categoryFacetPath=["a"]), "y", ""),
    (data(facetTitle='27"\\', facetValue="C:\\new"), '27"\\', "C:\\new"),
    ('{ "FacetTitle" : "Cut" ,"facetValue":"Manu', "Cut", ""),
    (data(query='"facetTitle":"not me"', facetTitle="Quoted"), "Quoted", ""),
)
"""What a page sends along, and the facet and value that it names."""


def test_a_facet_is_named_by_its_title_or_else_by_its_field_or_id() -> None:
    searches = [refined(f"s{n}", custom_data) for n, (custom_data, *_) in enumerate(WRITTEN)]
    named = rows_of(warehouse({"searches": searches}), "select facet, value from facet_usage")
    assert sorted(named) == sorted((facet, value) for _, facet, value in WRITTEN)


def test_a_refinement_that_names_no_facet_is_left_out() -> None:
    unnamed = (None, "", "{}", '{"facetTitle":"Sour', '{"facetTitle":""}')
    searches = [refined(f"s{n}", custom_data) for n, custom_data in enumerate(unnamed)]
    assert rows_of(warehouse({"searches": searches}), "from facet_usage") == []


def test_a_facet_helps_if_a_click_follows_its_selection() -> None:
    causes = ("facetSelect", "facetSelect", "facetDeselect")
    rows = {
        "searches": [
            search(
                f"s{n}",
                f"10:0{n}:00",
                actionCause=cause,
                customDatas=SOURCE,
                numberOfResults=str(n),
            )
            for n, cause in enumerate(causes)
        ],
        "clicks": [
            click("c1", "10:05:00", "s1", clickRank="3"),
            click("c2", "10:06:00", "s1", clickRank="4"),
            click("c3", "10:07:00", "s2"),
        ],
    }
    columns = "selections, visits, searches_with_clicks, search_clickthrough"
    sql = f"select ({columns}, searches_without_results, average_click_rank) from facet_usage"
    assert value_of(rows, sql) == (2, 1, 1, 0.5, 1, 3.5)


def test_suggestions_stand_at_ranks_from_1_on() -> None:
    written = (
        data(suggestionRanking=0, partialQuery="pr"),
        data(suggestionRanking=3, partialQuery="prin"),
        '{"suggestionRanking":1,"partialQuery":"pri',
        None,
    )
    rows = {
        "searches": [
            search(
                f"s{n}",
                f"10:00:0{n}",
                "printer",
                actionCause="omniboxAnalytics",
                customDatas=custom_data,
            )
            for n, custom_data in enumerate(written)
        ],
        "clicks": [click("c", "10:01:00", "s1")],
    }
    columns = "suggestion, searches, search_clickthrough, successful_searches"
    ranks = "ranked_suggestions, suggestion_rank_sum, average_suggestion_rank"
    typed = "typed_searches, typed_characters_sum, average_typed_characters"
    sql = f"select ({columns}, {ranks}, {typed}) from query_suggestions"
    expected = ("printer", 4, 0.25, 1, 3, 7, pytest.approx(7 / 3), 2, 6, 3.0)
    assert value_of(rows, sql) == expected


def test_only_suggestions_that_were_chosen_are_suggestions() -> None:
    causes = ("searchboxSubmit", "omniboxFromLink", "OMNIBOXANALYTICS")
    rows = {
        "searches": [search(cause, "10:00:00", actionCause=cause) for cause in causes],
    }
    assert value_of(rows, "select searches from query_suggestions") == 1


def test_ranking_modifiers_share_the_clicks_on_results_of_a_week() -> None:
    clicked: tuple[tuple[str | None, str, str], ...] = (
        ("Reveal ART", "1", "documentOpen"),
        ("Reveal ART", "5", "documentQuickview"),
        ("Reveal ART", "1", "generatedAnswerCitationClick"),
        (None, "2", "documentOpen"),
        (None, "0", "documentOpen"),
    )
    rows = {
        "clicks": [
            click(f"c{n}", "10:00:00", "s", rankingModifier=name, clickRank=rank, clickCause=cause)
            for n, (name, rank, cause) in enumerate(clicked)
        ]
    }
    columns = "ranking_modifier, clicks, searches, top_clicks, ranked_clicks, average_click_rank"
    sql = f"select {columns}, share_of_clicks from ml_usage order by ranking_modifier"
    assert rows_of(warehouse(rows), sql) == [
        ("", 2, 1, 0, 1, 2.0, 0.5),
        ("Reveal ART", 2, 1, 1, 2, 3.0, 0.5),
    ]
