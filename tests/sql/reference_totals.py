"""The measures by query and by day, computed in Python from the rows of an export."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Event, Rows, distinct, events_of, grouped, of_kind, share
from tests.sql.reference import Measures, Search, more_results_requests, people, search_outcomes
from tests.sql.reference_clicks import (
    COUNTS,
    added_ranks,
    added_up,
    click_counts,
    rank_measures,
)
from tests.sql.reference_intents import query_visits


def count_with(rows: Iterable[Search], **wanted: Any) -> int:
    """Returns the number of rows with these values."""
    return sum(all(row[name] == value for name, value in wanted.items()) for row in rows)


def visits_with(searches: Iterable[Search], **wanted: Any) -> int:
    """Returns the number of visits that have a search with these values."""
    return distinct(
        search["visit_id"]
        for search in searches
        if all(search[name] == value for name, value in wanted.items())
    )


def known(values: Iterable[int | None], number: str, of: str) -> dict[str, Any]:
    """Returns how many values are known, their sum and their average.

    number: the column with how many are known
    of: what is measured, as in `<of>_sum` and `average_<of>`
    """
    listed = [value for value in values if value is not None]
    total, average = sum(listed), share(sum(listed), len(listed))
    return {number: len(listed), f"{of}_sum": total, f"average_{of}": average}


def query_performance(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `query_performance`, by day, query and origin."""
    groups = grouped(
        people(search_outcomes(rows, settings).values()),
        lambda search: (search["day"], search["query"], search["origin"]),
    )
    return {key: performance(key, searches) for key, searches in groups.items()}


def performance(key: tuple[Any, ...], searches: list[Search]) -> dict[str, Any]:
    """Returns the measures of one query on one day in one search interface."""
    size, visits = len(searches), visits_with(searches)
    clicked, empty = count_with(searches, has_click=True), count_with(searches, has_results=False)
    delays = known(
        [search["ms_to_first_click"] for search in searches], "delays", "ms_to_first_click"
    )
    assert delays.pop("delays") == clicked
    return {
        **dict(zip(("day", "query", "origin"), key, strict=True)),
        "is_blank_query": not key[1],
        "searches": size,
        "visits": visits,
        **{
            f"{kind}_searches": count_with(searches, cause_kind=kind)
            for kind in ("manual", "automatic", "refinement", "unknown")
        },
        "searches_with_clicks": clicked,
        "search_clickthrough": share(clicked, size),
        "visits_with_clicks": visits_with(searches, has_click=True),
        "visit_clickthrough": share(visits_with(searches, has_click=True), visits),
        **added_up(searches, *COUNTS),
        **added_ranks(searches),
        "searches_with_answers": count_with(searches, has_answer=True),
        "answered_searches": count_with(searches, outcome="answered"),
        "searches_without_results": empty,
        "share_without_results": share(empty, size),
        "refined_searches": count_with(searches, is_refined=True),
        "abandoned_searches": count_with(searches, is_abandoned=True),
        **delays,
        **known(
            [search["number_of_results"] for search in searches],
            "counted_searches",
            "number_of_results",
        ),
        **known(
            [search["response_time_ms"] for search in searches],
            "timed_searches",
            "response_time_ms",
        ),
    }


def daily_metrics(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `daily_metrics`, by day, origin and dimensions."""
    names = ("day", "origin", *settings.model_dimensions)
    outcomes = search_outcomes(rows, settings)
    days = {key: search["day"] for key, search in outcomes.items()}

    def key_of(row: Search) -> tuple[Any, ...]:
        return row["day"], row["origin"], *(row[name] or "" for name in names[2:])

    searches = grouped(people(outcomes.values()), key_of)
    intents = grouped(people(query_visits(rows, settings).values()), key_of)
    events = grouped(
        events_of(rows, settings),
        lambda event: key_of({"day": event.day, "origin": event.origin, **event.dimensions}),
    )
    return {
        key: {
            **dict(zip(names, key, strict=True)),
            **counted([event for event in group if event.is_person]),
            **lost_events([event for event in group if event.is_person], days),
            **success(searches.get(key, []), intents.get(key, [])),
            "bot_events": sum(event.is_bot for event in group),
            "internal_events": sum(event.is_internal for event in group),
            **{f"unfiltered_{name}": value for name, value in unfiltered(group).items()},
        }
        for key, group in events.items()
    }


def clickthrough(events: list[Event], clicks: list[Event]) -> dict[str, Any]:
    """Returns the measures that Coveo publishes.

    clicks: those of the events that count as clicks
    """
    searches = of_kind("Search", events)
    visits, clicked = distinct(event.visit for event in events), [e.search_id for e in clicks]
    clicking = distinct(click.visit for click in clicks)
    return {
        "searches": len(searches),
        "visits": visits,
        "clicks": len(clicks),
        "searches_with_clicks": distinct(clicked),
        "search_clickthrough": share(distinct(clicked), len(searches)),
        "visits_with_clicks": clicking,
        "visit_clickthrough": share(clicking, visits),
        "searches_without_results": sum(search.has_results is False for search in searches),
    }


def unfiltered(events: list[Event]) -> dict[str, Any]:
    """Returns the measures as Coveo's console shows them: all traffic, all kinds of clicks."""
    clicks = of_kind("Click", events)
    ranks = [click.rank for click in clicks]
    return {**clickthrough(events, clicks), **known(ranks, "ranked_clicks", "click_rank")}


def counted(events: list[Event]) -> dict[str, Any]:
    """Returns the measures of the events of people."""
    searches = of_kind("Search", events)
    kinds = [search.cause_kind for search in searches]
    measures = clickthrough(events, [event for event in events if event.is_on_result])
    empty = measures["searches_without_results"]
    return {
        **measures,
        "share_without_results": share(empty, measures["searches"]),
        **click_counts(events),
        **rank_measures(events),
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
        **known(
            [search.number("responseTimeMs") for search in searches],
            "timed_searches",
            "response_time_ms",
        ),
        "more_results_requests": more_results_requests(events),
    }


def lost_events(events: list[Event], days: dict[str, Any]) -> dict[str, int]:
    """Returns the number of events whose search or visit is missing.

    days: the day of each search
    """
    return {
        "clicks_without_search": sum(
            days.get(click.search_id or "") not in (click.day, click.day - timedelta(days=1))
            for click in of_kind("Click", events)
        ),
        "events_without_visit": sum(event.visit is None for event in events),
    }


def success(searches: list[Search], intents: list[Search]) -> dict[str, Any]:
    """Returns the measures of answers and intents."""
    successful = count_with(intents, is_successful=True)
    return {
        "searches_with_answers": count_with(searches, has_answer=True),
        "answered_searches": count_with(searches, outcome="answered"),
        "query_visits": len(intents),
        "successful_query_visits": successful,
        "query_visit_success": share(successful, len(intents)),
    }
