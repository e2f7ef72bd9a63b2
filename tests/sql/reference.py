"""The measures of searches, computed in Python from the rows of an export."""

from collections.abc import Iterable, Mapping
from typing import Any

from coveo_source.demo import Record
from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Event, Rows, distinct, events_of, grouped, ms_between, of_kind
from tests.sql.reference_clicks import best_rank, click_counts, rank_sums

Measures = dict[Any, dict[str, Any]]
"""The rows of a model, by the values of its key."""
Search = Mapping[str, Any]
"""A row of `search_outcomes`."""


def labels(rows: Iterable[Record], column: str) -> dict[str, list[str]]:
    """Returns the distinct keywords or groups of each search, sorted."""
    by_search = grouped(rows, lambda row: row["searchId"])
    return {key: sorted({row[column] for row in group}) for key, group in by_search.items()}


def search_outcomes(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `search_outcomes`, by search id."""
    events = events_of(rows, settings)
    by_search = grouped(events, lambda event: event.search_id)
    by_visit = grouped(of_kind("Search", events), lambda search: search.visit)
    keywords = labels(rows.get("keywords", ()), "keyword")
    groups = labels(rows.get("groups", ()), "groupName")
    outcomes: Measures = {}
    for search in of_kind("Search", events):
        siblings = by_visit[search.visit]
        position = siblings.index(search)
        outcomes[search.id] = {
            **own_columns(search),
            **following_events(search, by_search[search.id]),
            **place_in_visit(search, siblings[position + 1 :], position),
            "keyword_list": keywords.get(search.id, []),
            "keyword_count": len(keywords.get(search.id, [])),
            "group_list": groups.get(search.id, []),
            "group_count": len(groups.get(search.id, [])),
        }
        outcome = outcome_of(outcomes[search.id])
        outcomes[search.id] |= {
            "outcome": outcome,
            "is_refined": outcome == "refined",
            "is_abandoned": outcome == "abandoned",
            "is_successful": outcome in ("clicked", "answered"),
        }
    return outcomes


def people(rows: Iterable[Search]) -> list[Search]:
    """Returns the rows that the measures count."""
    return [row for row in rows if not (row["is_bot"] or row["is_internal"])]


def own_columns(search: Event) -> dict[str, Any]:
    """Returns the columns that come from the search itself."""
    return {
        "search_id": search.id,
        "visit_id": search.visit,
        "datetime": search.at,
        "day": search.day,
        "week": search.week,
        "hour": search.hour,
        "user_name": search.user,
        "visitor_id": search.visitor,
        "origin": search.origin,
        "origin_level2": search.text("originLevel2"),
        "origin_level3": search.text("originLevel3"),
        "device_category": search.text("deviceCategory"),
        "country": search.text("country"),
        "language": search.text("language"),
        "query_pipeline": search.text("queryPipeline"),
        "split_test_run_name": search.text("splitTestRunName"),
        "split_test_run_version": search.text("splitTestRunVersion"),
        "query_expression": search.text("queryExpression"),
        "query": search.query,
        "is_blank_query": not search.query,
        "action_cause": search.text("actionCause"),
        "cause_kind": search.cause_kind,
        "number_of_results": search.number("numberOfResults"),
        "has_results": search.has_results,
        "response_time_ms": search.number("responseTimeMs"),
        "is_bot": search.is_bot,
        "is_internal": search.is_internal,
        "is_person": search.is_person,
        **search.dimensions,
    }


def following_events(search: Event, events: list[Event]) -> dict[str, Any]:
    """Returns the columns that come from the events that belong to a search."""
    customs = of_kind("Custom", events)
    counts = click_counts(events)
    on_results = [event for event in events if event.is_on_result]
    first = min((click.at for click in on_results), default=None)
    return {
        **counts,
        "has_click": counts["clicks"] > 0,
        "clicked_documents": distinct(click.document_id for click in on_results),
        **best_rank(events),
        **rank_sums(events),
        "first_click_at": first,
        "ms_to_first_click": first and ms_between(search.at, first),
        "custom_events": len(customs),
        "more_results_requests": more_results_requests(customs),
        "has_answer": any(event.is_answer for event in customs) or counts["cited"] > 0,
    }


def place_in_visit(search: Event, later: list[Event], position: int) -> dict[str, Any]:
    """Returns the columns that come from the other searches of the visit."""
    in_visit = search.visit is not None
    return {
        "search_number": position + 1 if in_visit else None,
        "next_search_id": later[0].id if in_visit and later else None,
    }


def was_clicked(row: Search) -> bool:
    """Returns True if a click followed that says that something was found, and not only read."""
    kinds = ("clicks", "attached", "recommended", "other_clicks")
    return any(row[kind] > 0 for kind in kinds)


def outcome_of(search: Search) -> str:
    """Returns the outcome of a search."""
    if was_clicked(search):
        return "clicked"
    if search["has_answer"]:
        return "answered"
    if search["visit_id"] is None:
        return "unknown"
    return "refined" if search["next_search_id"] else "abandoned"


def more_results_requests(events: Iterable[Event]) -> int:
    """Returns how often more results were requested."""
    return sum(event.text("eventType") == "getMoreResults" for event in events)
