"""The measures of visits, computed in Python from the rows of an export."""

from typing import Any

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Event, Rows, distinct, events_of, grouped, ms_between, of_kind, share
from tests.sql.reference import Measures, more_results_requests
from tests.sql.reference_clicks import best_rank, click_counts, rank_measures


def events_by_visit(rows: Rows, settings: ModelSettings) -> dict[str, list[Event]]:
    """Returns the events of each visit, in order."""
    by_visit = grouped(events_of(rows, settings), lambda event: event.visit)
    return {visit: events for visit, events in by_visit.items() if visit is not None}


def visits(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `visits`, by visit id."""
    return {
        visit: {**activity(events), **success(events), **visitor(events), **traffic(events)}
        for visit, events in events_by_visit(rows, settings).items()
    }


def activity(events: list[Event]) -> dict[str, Any]:
    """Returns the columns about what was done in a visit."""
    searches = of_kind("Search", events)
    queries = [search.query for search in searches if search.query]
    first, last = events[0], events[-1]
    return {
        "visit_id": last.visit,
        "started_at": first.at,
        "ended_at": last.at,
        "day": first.day,
        "week": first.week,
        "hour": first.hour,
        "duration_ms": ms_between(first.at, last.at),
        "events": len(events),
        "searches": len(searches),
        "manual_searches": sum(search.cause_kind == "manual" for search in searches),
        "custom_events": len(of_kind("Custom", events)),
        "searches_without_results": sum(search.has_results is False for search in searches),
        "blank_searches": len(searches) - len(queries),
        "queries": distinct(queries),
        "first_query": queries[0] if queries else None,
        "last_query": queries[-1] if queries else None,
        "more_results_requests": more_results_requests(events),
        "entry_event_type": first.kind,
        "entry_action": first.action,
        "exit_event_type": last.kind,
        "exit_action": last.action,
        "exit_document_title": last.text("documentTitle"),
        "exit_document_url": last.text("documentUrl"),
    }


def success(events: list[Event]) -> dict[str, Any]:
    """Returns the columns about the clicks and answers of a visit."""
    own = {search.id for search in of_kind("Search", events)}
    on_results = [event for event in events if event.is_on_result]
    clicked = distinct(click.search_id for click in on_results)
    return {
        **click_counts(events),
        "has_click": bool(on_results),
        "searches_with_clicks": clicked,
        "search_clickthrough": share(clicked, len(own)),
        "clicks_on_other_searches": sum(
            click.search_id not in own for click in of_kind("Click", events)
        ),
        "answers": sum(event.is_answer is True for event in events),
        **rank_measures(events),
        **best_rank(events),
        "ms_to_first_click": ms_between(events[0].at, on_results[0].at) if on_results else None,
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
        **{
            name: next((e.dimensions[name] for e in events if e.dimensions[name] is not None), None)
            for name in first.dimensions
        },
    }


def traffic(events: list[Event]) -> dict[str, bool]:
    """Returns whose visit it was."""
    return {
        "is_bot": any(event.is_bot for event in events),
        "is_internal": any(event.is_internal for event in events),
        "is_person": all(event.is_person for event in events),
    }
