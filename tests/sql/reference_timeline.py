"""The columns that the timeline adds to those of the tables, computed in Python."""

from typing import Any

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Event, Rows, events_of, ms_between
from tests.sql.reference import Measures


def all_events(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the added columns of `all_events`, by event id."""
    previous: Event | None = None
    number = 0
    added: Measures = {}
    for event in events_of(rows, settings):
        if previous is not None and previous.visit == event.visit:
            number, gap = number + 1, ms_between(previous.at, event.at)
        else:
            number, gap = 1, None
        in_visit = event.visit is not None
        added[event.id] = {
            **own_columns(event),
            "event_number": number if in_visit else None,
            "ms_since_previous_event": gap if in_visit else None,
        }
        previous = event
    return added


def own_columns(event: Event) -> dict[str, Any]:
    """Returns the columns that come from the event itself."""
    is_search, is_click = event.kind == "Search", event.kind == "Click"
    return {
        "c_event_type": event.kind,
        "event_id": event.id,
        "event_search_id": event.search_id,
        "event_user_name": event.user,
        "event_visitor_id": event.visitor,
        "event_query": event.query if is_search else None,
        "event_has_results": event.has_results if is_search else None,
        "event_document_id": event.document_id if is_click else None,
        "event_cause_kind": event.cause_kind,
        "event_click_kind": event.click_kind,
        "event_result_rank": event.result_rank,
        "event_is_answer": event.is_answer,
        "event_day": event.day,
        "event_week": event.week,
        "event_hour": event.hour,
        "event_is_bot": event.is_bot,
        "event_is_person": event.is_person,
    }
