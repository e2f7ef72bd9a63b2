"""The measures of facets and of suggestions, computed in Python from the rows of an export."""

from collections.abc import Mapping
from typing import Any

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Event, Rows, distinct, events_of, grouped, of_kind, share
from tests.sql.json_values import first_named, number_in, text_in
from tests.sql.reference import Measures, Search, search_outcomes
from tests.sql.reference_clicks import added_ranks
from tests.sql.reference_totals import count_with, known

FACETS = (
    *("facetTitle", "facetField", "facetId"),
    *("categoryFacetTitle", "categoryFacetField", "categoryFacetId"),
)


def searches_of_people(rows: Rows, settings: ModelSettings) -> list[Event]:
    """Returns the searches that the measures count."""
    return [s for s in of_kind("Search", events_of(rows, settings)) if s.is_person]


def success(searches: list[Search]) -> dict[str, Any]:
    """Returns what came of some searches."""
    clicked = count_with(searches, has_click=True)
    return {
        "searches": len(searches),
        "visits": distinct(search["visit_id"] for search in searches),
        "searches_with_clicks": clicked,
        "search_clickthrough": share(clicked, len(searches)),
        "searches_without_results": count_with(searches, has_results=False),
        "successful_searches": count_with(searches, is_successful=True),
    }


def facet_usage(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `facet_usage`, by week, facet and value."""
    outcomes = search_outcomes(rows, settings)
    refinements = [
        search
        for search in searches_of_people(rows, settings)
        if search.cause_kind == "refinement" and first_named(search.data, *FACETS)
        if is_selection(search) is not None
    ]
    groups = grouped(
        refinements,
        lambda search: (search.week, first_named(search.data, *FACETS), facet_value(search)),
    )
    return {key: facet(key, group, outcomes) for key, group in groups.items()}


def facet_value(search: Event) -> str:
    """Returns the value, or the range of values, of a facet."""
    value = first_named(search.data, "facetValue")
    start = first_named(search.data, "facetRangeStart")
    end = first_named(search.data, "facetRangeEnd")
    return value or (f"{start}..{end}" if start and end else "")


def is_selection(search: Event) -> bool | None:
    """Returns whether a search chose a value of a facet or took one back; None for neither."""
    if any(word in search.cause for word in ("deselect", "unexclude", "clear", "breadcrumb")):
        return False
    return True if any(w in search.cause for w in ("select", "exclude", "facetrange")) else None


def facet(
    key: tuple[Any, ...], searches: list[Event], outcomes: Mapping[str, Search]
) -> dict[str, Any]:
    """Returns the measures of one value of a facet in one week."""
    selections = [outcomes[search.id] for search in searches if is_selection(search)]
    came_of_it = success(selections)
    return {
        **dict(zip(("week", "facet", "value"), key, strict=True)),
        "selections": came_of_it.pop("searches"),
        "removals": len(searches) - len(selections),
        **came_of_it,
        **added_ranks(selections),
    }


def query_suggestions(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `query_suggestions`, by week and suggestion."""
    outcomes = search_outcomes(rows, settings)
    searches = searches_of_people(rows, settings)
    chosen = [search for search in searches if search.cause == "omniboxanalytics"]
    groups = grouped(chosen, lambda search: (search.week, search.query))
    return {
        key: {
            "week": key[0],
            "suggestion": key[1],
            **success([outcomes[search.id] for search in group]),
            **suggested([search.data for search in group]),
        }
        for key, group in groups.items()
    }


def suggested(data: list[str | None]) -> dict[str, Any]:
    """Returns where suggestions stood, from 1, and how much was typed until they were chosen."""
    ranks = [number_in(each, "suggestionRanking") for each in data]
    typed = [text_in(each, "partialQuery") for each in data]
    return {
        **known(
            [None if rank is None else rank + 1 for rank in ranks],
            "ranked_suggestions",
            "suggestion_rank",
        ),
        **known(
            [None if text is None else len(text) for text in typed],
            "typed_searches",
            "typed_characters",
        ),
    }
