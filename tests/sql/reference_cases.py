"""The measures of support cases that visitors began, computed from the rows of an export."""

from typing import Any

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Event, Rows, of_kind
from tests.sql.json_values import value_in
from tests.sql.reference import Measures
from tests.sql.reference_clicks import click_counts
from tests.sql.reference_visits import events_by_visit, traffic

PAGE_LIBRARY = {
    "inputChange": "ticket_field_update",
    "submitButton": "ticket_create",
    "cancelButton": "ticket_cancel",
}
"""What the page library calls the actions of case assist."""
BEGINNING = (
    *("ticket_create_start", "ticket_create", "ticket_cancel", "ticket_field_update"),
    *("ticket_classification_click", "ticket_next_stage"),
)
"""The actions that show that a visitor has begun a case."""
SUGGESTIONS = ("documentsuggestionclick", "documentsuggestionquickview")


def in_data(event: Event, key: str) -> str | None:
    """Returns a value of the custom data of a custom event."""
    columns = (event.data, event.text("customEventCustomData"))
    return next((v for column in columns if (v := value_in(column, key)) is not None), None)


def action(event: Event) -> str | None:
    """Returns what was done about a case, in the terms of case assist; None if nothing was."""
    kind, value = event.text("eventType"), event.text("eventValue") or ""
    if event.kind != "Custom":
        return None
    if kind == "caseCreation" and value in PAGE_LIBRARY:
        return PAGE_LIBRARY[value]
    if kind in ("svc", "caseAssist") or value.startswith("ticket_"):
        return in_data(event, "svc_action") or value
    return None


def case_visits(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `case_visits`, by visit id."""
    cases = {
        visit: (events, [(e, name) for e in events if (name := action(e) or "") in BEGINNING])
        for visit, events in events_by_visit(rows, settings).items()
    }
    return {visit: case(events, steps) for visit, (events, steps) in cases.items() if steps}


def case(events: list[Event], steps: list[tuple[Event, str]]) -> dict[str, Any]:
    """Returns the measures of the case that was begun in one visit.

    steps: the events about the case, each with its action
    """
    first, names = steps[0][0], [name for _, name in steps]
    submitted = [event.at for event, name in steps if name == "ticket_create"]
    cancelled = [event for event, name in steps if name == "ticket_cancel"]
    reason = in_data(cancelled[-1], "reason") if cancelled else None
    counts = click_counts(events)
    return {
        "visit_id": first.visit,
        "started_at": first.at,
        "day": first.day,
        "week": first.week,
        "hour": first.hour,
        "origin": first.origin,
        "user_name": first.user,
        "visitor_id": first.visitor,
        "field_updates": names.count("ticket_field_update"),
        "next_stages": names.count("ticket_next_stage"),
        "classification_clicks": names.count("ticket_classification_click"),
        "suggestion_clicks": sum(click.cause in SUGGESTIONS for click in of_kind("Click", events)),
        "is_submitted": bool(submitted),
        "submitted_at": submitted[0] if submitted else None,
        "is_cancelled": bool(cancelled),
        "cancel_reason": reason,
        "searches": len(of_kind("Search", events)),
        "clicks": counts["clicks"],
        "attached": counts["attached"],
        "has_answer": any(event.is_answer for event in events),
        "is_deflected": not submitted,
        "outcome": outcome_of(bool(submitted), bool(cancelled), reason),
        "ended_at": events[-1].at,
        **traffic(events),
    }


def outcome_of(is_submitted: bool, is_cancelled: bool, reason: str | None) -> str:
    """Returns how a case ended."""
    if is_submitted:
        return "submitted"
    if is_cancelled:
        return "solved" if (reason or "").lower() == "solved" else "quit"
    return "left"
