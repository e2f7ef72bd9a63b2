"""The measures by query, by document and by day, computed in Python from the rows of an export."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.sql.events import Event, distinct, events_of, grouped, mean, of_kind, share
from tests.sql.reference import Measures, Rows, more_results_requests, search_outcomes

Seed = Iterable[tuple[str, str]] | None
Search = Mapping[str, Any]


def counted_searches(rows: Rows, seed: Seed) -> list[Search]:
    """Returns the outcomes of the searches that the measures count."""
    searches = search_outcomes(rows, seed).values()
    return [search for search in searches if not (search["is_bot"] or search["is_internal"])]


def count_with(searches: Iterable[Search], **wanted: Any) -> int:
    """Returns the number of searches with these values."""
    return sum(all(search[name] == value for name, value in wanted.items()) for search in searches)


def visits_with(searches: Iterable[Search], **wanted: Any) -> int:
    """Returns the number of visits that have a search with these values."""
    return distinct(
        search["visit_id"]
        for search in searches
        if all(search[name] == value for name, value in wanted.items())
    )


def average_rank(searches: list[Search]) -> float | None:
    """Returns the mean rank over the clicks of searches."""
    ranked = sum(search["ranked_clicks"] for search in searches)
    return share(sum(search["click_rank_sum"] for search in searches), ranked)


def query_performance(rows: Rows, seed: Seed = None) -> Measures:
    """Returns the measures of `query_performance`, by day, query and origin."""
    groups = grouped(
        counted_searches(rows, seed),
        lambda search: (search["day"], search["query"], search["origin"]),
    )
    return {key: performance(key, searches) for key, searches in groups.items()}


def performance(key: tuple[Any, ...], searches: list[Search]) -> dict[str, Any]:
    """Returns the measures of one query on one day in one search interface."""
    size, visits = len(searches), visits_with(searches)
    return {
        **dict(zip(("day", "query", "origin"), key, strict=True)),
        "is_blank_query": not key[1],
        "searches": size,
        "visits": visits,
        "manual_searches": count_with(searches, cause_kind="manual"),
        "automatic_searches": count_with(searches, cause_kind="automatic"),
        "refinement_searches": count_with(searches, cause_kind="refinement"),
        "searches_with_clicks": count_with(searches, has_click=True),
        "search_clickthrough": share(count_with(searches, has_click=True), size),
        "visits_with_clicks": visits_with(searches, has_click=True),
        "visit_clickthrough": share(visits_with(searches, has_click=True), visits),
        "clicks": sum(search["clicks"] for search in searches),
        "average_click_rank": average_rank(searches),
        "searches_without_results": count_with(searches, has_results=False),
        "share_without_results": share(count_with(searches, has_results=False), size),
        "refined_searches": count_with(searches, is_refined=True),
        "abandoned_searches": count_with(searches, is_abandoned=True),
        "average_ms_to_first_click": mean(search["ms_to_first_click"] for search in searches),
        "average_number_of_results": mean(search["number_of_results"] for search in searches),
        "average_response_time_ms": mean(search["response_time_ms"] for search in searches),
    }


def content_gaps(rows: Rows, seed: Seed = None) -> Measures:
    """Returns the measures of `content_gaps`, by query."""
    started = [
        search
        for search in counted_searches(rows, seed)
        if search["cause_kind"] in ("manual", "unknown")
    ]
    groups = grouped(started, lambda search: search["query"])
    queries = {query: gap(query, searches) for query, searches in groups.items()}
    return {query: measures for query, measures in queries.items() if measures["gap"]}


def gap(query: str, searches: list[Search]) -> dict[str, Any]:
    """Returns the measures of one query, and the reason why it is a gap, if it is one."""
    size, empty = len(searches), count_with(searches, has_results=False)
    clicks, rank = sum(search["clicks"] for search in searches), average_rank(searches)
    reasons = {
        "no results": empty / size >= 0.5,
        "no clicks": not clicks,
        "low ranks": rank is not None and rank > 10,
    }
    return {
        "query": query,
        "is_blank_query": not query,
        "gap": next((reason for reason, holds in reasons.items() if holds), None),
        "visits": visits_with(searches),
        "searches": size,
        "visits_without_results": visits_with(searches, has_results=False),
        "searches_without_results": empty,
        "share_without_results": empty / size,
        "visits_without_clicks": visits_with(searches, has_click=False),
        "searches_without_clicks": count_with(searches, has_click=False),
        "search_clickthrough": count_with(searches, has_click=True) / size,
        "clicks": clicks,
        "average_click_rank": rank,
        "refined_searches": count_with(searches, is_refined=True),
        "abandoned_searches": count_with(searches, is_abandoned=True),
        "first_searched_at": min(search["datetime"] for search in searches),
        "last_searched_at": max(search["datetime"] for search in searches),
    }


def document_performance(rows: Rows) -> Measures:
    """Returns the measures of `document_performance`, by document id."""
    events = events_of(rows)
    queries = {search.id: search.query for search in of_kind("Search", events)}
    clicks = [click for click in of_kind("Click", events) if click.is_person]
    groups = grouped(clicks, lambda click: click.document_id)
    return {key: document(group, queries) for key, group in groups.items()}


def document(clicks: list[Event], queries: Mapping[str, str]) -> dict[str, Any]:
    """Returns the measures of one document."""
    newest = max(clicks, key=lambda click: (click.at, click.id))
    known = [queries[key] for click in clicks if (key := click.search_id) and key in queries]
    ranked = sorted(set(known), key=lambda query: (-known.count(query), query))
    return {
        "document_id": newest.document_id,
        "document_title": newest.text("documentTitle"),
        "document_url": newest.text("documentUrl"),
        "document_author": newest.text("documentAuthor"),
        "document_category": newest.text("documentCategory"),
        "source_name": newest.text("sourceName"),
        "collection_name": newest.text("collectionName"),
        "clicks": len(clicks),
        "visits": distinct(click.visit for click in clicks),
        "users": distinct(click.user for click in clicks),
        "searches": distinct(click.search_id for click in clicks),
        "clicks_without_search": len(clicks) - len(known),
        "quickviews": sum(click.action == "documentQuickview" for click in clicks),
        "average_click_rank": mean(click.rank for click in clicks),
        "best_click_rank": min((c.rank for c in clicks if c.rank is not None), default=None),
        "queries": len(ranked),
        "top_query": ranked[0] if ranked else None,
        "top_query_clicks": known.count(ranked[0]) if ranked else 0,
        "top_queries": ranked[:10],
        "first_clicked_at": min(click.at for click in clicks),
        "last_clicked_at": max(click.at for click in clicks),
    }


def daily_metrics(rows: Rows, seed: Seed = None) -> Measures:
    """Returns the measures of `daily_metrics`, by day and origin."""
    events = events_of(rows)
    outcomes = search_outcomes(rows, seed)
    groups = grouped(events, lambda event: (event.day, event.origin))
    return {
        key: {
            "day": key[0],
            "origin": key[1],
            **published([event for event in group if event.is_person]),
            **additional([event for event in group if event.is_person], outcomes),
            "bot_events": sum(event.is_bot for event in group),
            "internal_events": sum(event.is_internal for event in group),
            **{
                f"unfiltered_{name}": value
                for name, value in published(group).items()
                if name != "share_without_results"
            },
        }
        for key, group in groups.items()
    }


def published(events: list[Event]) -> dict[str, Any]:
    """Returns Coveo's published measures."""
    searches, clicks = of_kind("Search", events), of_kind("Click", events)
    size, visits = distinct(search.id for search in searches), distinct(e.visit for e in events)
    clicked = distinct(click.search_id for click in clicks)
    clicking = distinct(click.visit for click in clicks)
    empty = sum(search.has_results is False for search in searches)
    return {
        "searches": size,
        "clicks": distinct(click.id for click in clicks),
        "visits": visits,
        "searches_with_clicks": clicked,
        "search_clickthrough": share(clicked, size),
        "visits_with_clicks": clicking,
        "visit_clickthrough": share(clicking, visits),
        "average_click_rank": mean(click.rank for click in clicks),
        "searches_without_results": empty,
        "share_without_results": share(empty, size),
    }


def additional(events: list[Event], outcomes: Measures) -> dict[str, Any]:
    """Returns the measures that Coveo does not publish."""
    searches, clicks = of_kind("Search", events), of_kind("Click", events)
    kinds = [outcomes[search.id]["cause_kind"] for search in searches]
    return {
        "events": len(events),
        "custom_events": len(of_kind("Custom", events)),
        "visitors": distinct(event.visitor for event in events),
        "users": distinct(event.user for event in events),
        **{
            f"{kind}_searches": kinds.count(kind)
            for kind in ("manual", "automatic", "refinement", "unknown")
        },
        "blank_searches": sum(not search.query for search in searches),
        "queries": distinct(search.query or None for search in searches),
        "average_response_time_ms": mean(search.number("responseTimeMs") for search in searches),
        "more_results_requests": more_results_requests(events),
        "clicks_without_search": sum(click.search_id not in outcomes for click in clicks),
        "events_without_visit": sum(event.visit is None for event in events),
    }
