"""The measures of intents: queries that somebody asked in a visit, with all that came of them."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Rows, grouped, ms_between, share
from tests.sql.intervals import wilson
from tests.sql.reference import Measures, Search, people, search_outcomes, was_clicked
from tests.sql.reference_clicks import COUNTS, RANKS, added_ranks, added_up

SHARED = (
    *("visit_id", "query", "is_blank_query", "day", "week", "hour", "origin", "user_name"),
    *("visitor_id", "device_category", "country", "language", "query_pipeline"),
    *("split_test_run_name", "split_test_run_version", "number_of_results"),
    *("is_bot", "is_internal", "is_person"),
)
"""The columns that an intent has from its first search."""
FORMER_WEEKS = 4
"""How far back a query is looked for when a gap opens or closes."""


def query_visits(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `query_visits`, by visit id and query."""
    in_visits = [s for s in search_outcomes(rows, settings).values() if s["visit_id"] is not None]
    by_visit = grouped(in_visits, lambda search: search["visit_id"])
    intents: Measures = {}
    for visit, searches in by_visit.items():
        searches.sort(key=lambda search: (search["datetime"], search["search_id"]))
        for query, own in asked(searches).items():
            following = searches[searches.index(own[-1]) + 1 :]
            typed = [s["query"] for s in following if s["cause_kind"] == "manual"]
            intents[visit, query] = intent(own, typed[0] if typed else None, settings)
    return intents


def asked(searches: Iterable[Search]) -> dict[str, list[Search]]:
    """Returns the searches of each query that was asked in a visit; others belong to none."""
    questions: list[list[Search]] = []
    for search in searches:
        if search["cause_kind"] == "manual":
            questions.append([])
        if questions:
            questions[-1].append(search)
    belonging: dict[str, list[Search]] = {}
    for question in questions:
        asked_for = question[0]["query"]
        corrections = [search["query"] for search in question if is_correction(search)]
        names = {asked_for, *sorted(corrections)[-1:]}
        own = [s for s in question if s["query"] in names or is_correction(s)]
        belonging.setdefault(asked_for, []).extend(own)
    return belonging


def is_correction(search: Search) -> bool:
    """Returns True if the page searched for something else than what was typed."""
    return (search["action_cause"] or "").lower() == "didyoumeanautomatic"


def intent(
    searches: list[Search], next_query: str | None, settings: ModelSettings
) -> dict[str, Any]:
    """Returns the measures of one query in one visit."""
    first = searches[0]
    kinds = [search["cause_kind"] for search in searches]
    clicked = [s["first_click_at"] for s in searches if s["first_click_at"] is not None]
    typed = [search for search in searches if not is_correction(search)]
    known = [s["has_results"] for s in typed if s["has_results"] is not None]
    ranks = [s["best_click_rank"] for s in searches if s["best_click_rank"] is not None]
    counts = added_up(searches, *COUNTS)
    measures = {
        **{name: first[name] for name in (*SHARED, *settings.model_dimensions)},
        "asked_at": first["datetime"],
        "first_search_id": first["search_id"],
        "searches": len(searches),
        "manual_searches": kinds.count("manual"),
        "refinements": kinds.count("refinement"),
        "automatic_searches": kinds.count("automatic"),
        "has_results": any(known) if known else None,
        **counts,
        "has_click": counts["clicks"] > 0,
        **added_up(searches, *RANKS),
        "best_click_rank": min(ranks, default=None),
        "first_click_at": min(clicked, default=None),
        "ms_to_first_click": ms_between(first["datetime"], min(clicked)) if clicked else None,
        "has_answer": any(search["has_answer"] for search in searches),
        "next_query": next_query,
    }
    outcome = outcome_of(measures)
    return {**measures, "outcome": outcome, "is_successful": outcome in ("clicked", "answered")}


def outcome_of(measures: Search) -> str:
    """Returns what came of an intent."""
    if was_clicked(measures):
        return "clicked"
    if measures["has_answer"]:
        return "answered"
    if measures["has_results"] is False:
        return "no_results"
    return "abandoned" if measures["next_query"] is None else "refined"


def content_gaps(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `content_gaps`, by week and query."""
    intents = people(query_visits(rows, settings).values())
    groups = grouped(
        [each for each in intents if not each["is_blank_query"]],
        lambda each: (each["week"], each["query"]),
    )
    weeks = {
        key: demand(group) for key, group in groups.items() if len(group) >= settings.gap_visits
    }
    compared = {key: {**measures, **change(key, weeks)} for key, measures in weeks.items()}
    return {key: each for key, each in compared.items() if each["gap"] or each["closed"]}


def demand(intents: list[Search]) -> dict[str, Any]:
    """Returns the measures of one query in one week, and the reason why it is a gap, if it is."""
    size = len(intents)
    empty = sum(intent["outcome"] == "no_results" for intent in intents)
    failed = sum(not intent["is_successful"] for intent in intents)
    low, high = wilson(failed, size)
    ranks = added_ranks(intents)
    reasons = {
        "no results": empty / size >= 0.5,
        "no success": failed * 5 >= size * 4,
        "low ranks": (ranks["average_click_rank"] or 0) > 10,
    }
    return {
        "week": intents[0]["week"],
        "query": intents[0]["query"],
        "visits": size,
        **added_up(intents, "searches", "clicks"),
        "visits_without_results": empty,
        "share_without_results": share(empty, size),
        "visits_without_success": failed,
        "share_without_success": share(failed, size),
        "share_without_success_low": low,
        "share_without_success_high": high,
        **ranks,
        "first_asked_at": min(intent["asked_at"] for intent in intents),
        "last_asked_at": max(intent["asked_at"] for intent in intents),
        "gap": next((reason for reason, holds in reasons.items() if holds), None),
    }


def change(key: tuple[date, str], weeks: Measures) -> dict[str, Any]:
    """Returns how a query compares to the latest week before in which it was asked enough."""
    week, query = key
    gap = weeks[key]["gap"]
    before = [(week - timedelta(weeks=n), query) for n in range(1, FORMER_WEEKS + 1)]
    former = next((weeks[each]["gap"] for each in before if each in weeks), None)
    return {
        "former_gap": former,
        "opened": gap is not None and former is None,
        "closed": gap is None and former is not None,
    }
