"""The measures of generated answers and of what they cite, computed from the rows of an export."""

from collections.abc import Iterable
from typing import Any

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Event, Rows, distinct, events_of, grouped
from tests.sql.json_values import number_in, value_in
from tests.sql.reference import Measures, Search, search_outcomes
from tests.sql.reference_documents import described

SHARED = (
    *("search_id", "visit_id", "datetime", "day", "week", "hour", "query", "origin", "user_name"),
    *("visitor_id", "query_pipeline", "split_test_run_name", "split_test_run_version"),
    *("has_answer", "clicks", "has_click", "outcome", "is_bot", "is_internal", "is_person"),
)
"""The columns of `search_outcomes` that an answer has too."""
OPENINGS = ("openGeneratedAnswerSource", "generatedAnswerFollowupOpenSource")
COUNTED = {
    "streams": ("generatedAnswerStreamEnd",),
    "citation_hovers": ("generatedAnswerSourceHover",),
    "likes": ("likeGeneratedAnswer",),
    "dislikes": ("dislikeGeneratedAnswer",),
    "copies": ("generatedAnswerCopyToClipboard",),
    "feedbacks": ("generatedAnswerFeedbackSubmit", "generatedAnswerFeedbackSubmitV2"),
    "expansions": ("generatedAnswerExpand", "generatedAnswerShowAnswers"),
    "follow_ups": ("generatedAnswerFollowupOpenSource",),
    "inline_link_clicks": ("generatedAnswerOpenInlineLink",),
}
"""The events that are counted in a column."""


def is_citation_click(event: Event) -> bool:
    """Returns True if a click opened a citation of a generated answer."""
    return event.click_kind == "cited" and event.cause == "generatedanswercitationclick"


def is_opening(event: Event) -> bool:
    """Returns True if a custom event says that a citation was opened."""
    return event.answer_event in OPENINGS


def is_hover(event: Event) -> bool:
    """Returns True if a custom event says that a citation was looked at."""
    return event.answer_event == "generatedAnswerSourceHover"


def cited_id(event: Event) -> str:
    """Returns the permanent id of a cited document; empty if it has none."""
    keys = ("contentIDValue", "permanentId") if event.kind == "Click" else ("permanentId",)
    values = (value_in(event.data, key) for key in keys)
    return next((value for value in values if value is not None), "")


def hover_ms(events: Iterable[Event]) -> int:
    """Returns how long citations were looked at."""
    return sum(number_in(e.data, "citationHoverTimeMs") or 0 for e in events if is_hover(e))


def citations(events: Iterable[Event]) -> int:
    """Returns how often a document of one search was cited: a click and its event are one."""
    listed = list(events)
    return max(sum(map(is_citation_click, listed)), sum(map(is_opening, listed)))


def generated_answers(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `generated_answers`, by search id."""
    outcomes = search_outcomes(rows, settings)
    by_search = grouped(events_of(rows, settings), lambda event: event.search_id)
    about = {
        search: [e for e in events if e.answer_event is not None or is_citation_click(e)]
        for search, events in by_search.items()
    }
    return {
        search: answer(outcomes[search], events)
        for search, events in about.items()
        if events and search in outcomes
    }


def answer(search: Search, events: list[Event]) -> dict[str, Any]:
    """Returns the measures of the answer to one search."""
    names = [event.answer_event for event in events]
    counts = {column: sum(map(names.count, counted)) for column, counted in COUNTED.items()}
    opened = grouped((e for e in events if is_citation_click(e) or is_opening(e)), cited_id)
    return {
        **{name: search[name] for name in SHARED},
        "answer_id": answer_id(events),
        **counts,
        "is_empty": counts["streams"] > 0 and not search["has_answer"],
        "citation_clicks": sum(citations(group) for group in opened.values()),
        "cited_documents": len(opened),
        "citation_hover_ms": hover_ms(events),
    }


def answer_id(events: list[Event]) -> str | None:
    """Returns the id of the earliest answer."""
    ids = [
        value_in(event.data, key)
        for event in sorted(events, key=lambda event: (event.at, event.id))
        for key in ("generativeQuestionAnsweringId", "answerAPIStreamId")
    ]
    return next((each for each in ids if each), None)


def cited_documents(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `cited_documents`, by week and document id."""
    about = [
        event
        for event in events_of(rows, settings)
        if event.is_person
        if is_citation_click(event) or is_opening(event) or is_hover(event)
    ]
    groups = grouped(about, lambda event: (event.week, cited_id(event)))
    return {key: cited_document(key, events) for key, events in groups.items()}


def cited_document(key: tuple[Any, str], events: list[Event]) -> dict[str, Any]:
    """Returns the measures of one cited document in one week."""
    opened = [event for event in events if not is_hover(event)]
    clicks = [event for event in opened if event.kind == "Click"]
    newest = max(clicks, key=lambda click: (click.at, click.id), default=None)
    by_search = grouped(opened, lambda event: event.search_id)
    return {
        "week": key[0],
        "document_id": key[1],
        "citations": sum(citations(group) for group in by_search.values()),
        "searches": distinct(event.search_id for event in opened),
        "visits": distinct(event.visit for event in opened),
        "citation_hovers": sum(map(is_hover, events)),
        "citation_hover_ms": hover_ms(events),
        **described(newest, "document_title", "document_url", "source_name"),
        "first_cited_at": min((event.at for event in opened), default=None),
        "last_cited_at": max((event.at for event in opened), default=None),
    }
