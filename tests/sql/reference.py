"""The measures of searches and visits, computed in Python from the rows of an export."""

import csv
from collections.abc import Iterable, Mapping
from typing import Any

from coveo_source.demo import Record
from coveo_source.models.files import sql_folder
from tests.sql.events import Event, distinct, events_of, grouped, mean, ms_between, of_kind, share

Rows = Mapping[str, Iterable[Record]]
Measures = dict[Any, dict[str, Any]]


def cause_kinds(seed: Iterable[tuple[str, str]] | None = None) -> dict[str, str]:
    """Returns the kind of each cause; causes are in lower case."""
    if seed is None:
        with (sql_folder() / "search_causes.csv").open(encoding="utf-8", newline="") as file:
            seed = [(line["action_cause"], line["kind"]) for line in csv.DictReader(file)]
    return {cause.lower(): kind for cause, kind in seed}


def labels(rows: Iterable[Record], column: str) -> dict[str, list[str]]:
    """Returns the distinct keywords or groups of each search, sorted."""
    by_search = grouped(rows, lambda row: row["searchId"])
    return {key: sorted({row[column] for row in group}) for key, group in by_search.items()}


def search_outcomes(rows: Rows, seed: Iterable[tuple[str, str]] | None = None) -> Measures:
    """Returns the measures of `search_outcomes`, by search id."""
    events = events_of(rows)
    by_search = grouped(events, lambda event: event.search_id)
    by_visit = grouped(of_kind("Search", events), lambda search: search.visit)
    keywords = labels(rows.get("keywords", ()), "keyword")
    groups = labels(rows.get("groups", ()), "groupName")
    kind_of = cause_kinds(seed)
    outcomes: Measures = {}
    for search in of_kind("Search", events):
        siblings = by_visit[search.visit]
        position = siblings.index(search)
        outcomes[search.id] = {
            **own_columns(search),
            **following_events(search, by_search[search.id]),
            **place_in_visit(search, siblings[position + 1 :], position),
            "cause_kind": kind_of.get((search.text("actionCause") or "").lower(), "unknown"),
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
        }
    return outcomes


def own_columns(search: Event) -> dict[str, Any]:
    """Returns the columns that come from the search itself."""
    return {
        "search_id": search.id,
        "visit_id": search.visit,
        "datetime": search.at,
        "day": search.day,
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
        "number_of_results": search.number("numberOfResults"),
        "has_results": search.has_results,
        "response_time_ms": search.number("responseTimeMs"),
        "is_bot": search.is_bot,
        "is_internal": search.is_internal,
        "is_person": search.is_person,
    }


def following_events(search: Event, events: list[Event]) -> dict[str, Any]:
    """Returns the columns that come from the events that belong to a search."""
    clicks = of_kind("Click", events)
    customs = of_kind("Custom", events)
    ranks = [click.rank for click in clicks if click.rank is not None]
    first = min((click.at for click in clicks), default=None)
    return {
        "clicks": len(clicks),
        "has_click": bool(clicks),
        "clicked_documents": distinct(click.document_id for click in clicks),
        "best_click_rank": min(ranks, default=None),
        "ranked_clicks": len(ranks),
        "click_rank_sum": sum(ranks),
        "first_click_at": first,
        "ms_to_first_click": first and ms_between(search.at, first),
        "custom_events": len(customs),
        "more_results_requests": more_results_requests(customs),
    }


def place_in_visit(search: Event, later: list[Event], position: int) -> dict[str, Any]:
    """Returns the columns that come from the other searches of the visit."""
    in_visit = search.visit is not None
    return {
        "search_number": position + 1 if in_visit else None,
        "next_search_id": later[0].id if in_visit and later else None,
    }


def outcome_of(search: Mapping[str, Any]) -> str:
    """Returns the outcome of a search."""
    if search["has_click"]:
        return "clicked"
    if search["visit_id"] is None:
        return "unknown"
    return "refined" if search["next_search_id"] else "abandoned"


def more_results_requests(events: Iterable[Event]) -> int:
    """Returns how often more results were requested."""
    return sum(event.text("eventType") == "getMoreResults" for event in events)


def visits(rows: Rows) -> Measures:
    """Returns the measures of `visits`, by visit id."""
    by_visit = grouped(events_of(rows), lambda event: event.visit)
    return {
        visit: {**activity(events), **visitor(events)}
        for visit, events in by_visit.items()
        if visit is not None
    }


def activity(events: list[Event]) -> dict[str, Any]:
    """Returns the columns about what was done in a visit."""
    searches, clicks = of_kind("Search", events), of_kind("Click", events)
    queries = [search.query for search in searches if search.query]
    own = {search.id for search in searches}
    last = events[-1]
    clicked = distinct(click.search_id for click in clicks)
    start, end = events[0].at, last.at
    return {
        "visit_id": last.visit,
        "started_at": start,
        "ended_at": end,
        "day": start.date(),
        "duration_ms": ms_between(start, end),
        "events": len(events),
        "searches": len(searches),
        "clicks": len(clicks),
        "custom_events": len(of_kind("Custom", events)),
        "has_click": bool(clicks),
        "searches_with_clicks": clicked,
        "search_clickthrough": share(clicked, len(searches)),
        "clicks_on_other_searches": sum(click.search_id not in own for click in clicks),
        "searches_without_results": sum(search.has_results is False for search in searches),
        "blank_searches": len(searches) - len(queries),
        "queries": distinct(queries),
        "first_query": queries[0] if queries else None,
        "last_query": queries[-1] if queries else None,
        "best_click_rank": min((c.rank for c in clicks if c.rank is not None), default=None),
        "average_click_rank": mean(click.rank for click in clicks),
        "ms_to_first_click": ms_between(start, clicks[0].at) if clicks else None,
        "more_results_requests": more_results_requests(events),
        "entry_event_type": events[0].kind,
        "entry_action": events[0].action,
        "exit_event_type": last.kind,
        "exit_action": last.action,
        "exit_document_title": last.text("documentTitle"),
        "exit_document_url": last.text("documentUrl"),
    }


def visitor(events: list[Event]) -> dict[str, Any]:
    """Returns the columns about who came, and from where."""
    first = events[0]
    return {
        "user_name": next((event.user for event in events if event.user is not None), None),
        "user_id": first.text("userId"),
        "visitor_id": first.visitor,
        "device_category": first.text("deviceCategory"),
        "is_mobile": first.flag("mobile") is True,
        "browser": first.text("browser"),
        "operating_system": first.text("operatingSystemWithVersion"),
        "country": first.text("country"),
        "region": first.text("region"),
        "city": first.text("city"),
        "language": first.text("language"),
        "origin_context": first.text("originContext"),
        "origin": first.origin,
        "origin_level2": first.text("originLevel2"),
        "origin_level3": first.text("originLevel3"),
        "is_bot": any(event.is_bot for event in events),
        "is_internal": any(event.is_internal for event in events),
        "is_person": all(event.is_person for event in events),
    }
