"""The measures of documents that were clicked, computed in Python from the rows of an export."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Event, Rows, distinct, events_of, grouped, of_kind, share
from tests.sql.reference import Measures
from tests.sql.reference_clicks import best_rank, click_counts, rank_measures


def document_performance(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `document_performance`, by week and document id."""
    events = events_of(rows, settings)
    searches = {search.id: search for search in of_kind("Search", events)}
    clicks = [click for click in of_kind("Click", events) if click.is_person]
    groups = grouped(clicks, lambda click: (click.week, click.document_id))
    return {key: document(group, searches) for key, group in groups.items()}


def described(newest: Event | None, *columns: str) -> dict[str, str | None]:
    """Returns what the newest click says of a document; nulls without one.

    columns: as they are called in models, which is almost as in an export
    """
    names = {name: name.title().replace("_", "") for name in columns}
    api_names = {name: f"{text[0].lower()}{text[1:]}" for name, text in names.items()}
    return {name: newest.text(text) if newest else None for name, text in api_names.items()}


def document(clicks: list[Event], searches: Mapping[str, Event]) -> dict[str, Any]:
    """Returns the measures of one document in one week."""
    newest = max(clicks, key=lambda click: (click.at, click.id))
    weeks = (newest.week, newest.week - timedelta(weeks=1))
    found = [searches[key] for click in clicks if (key := click.search_id) and key in searches]
    known = [search.query for search in found if search.week in weeks]
    ranked = sorted(set(known), key=lambda query: (-known.count(query), query))
    return {
        "week": newest.week,
        "document_id": newest.document_id,
        **described(newest, "document_title", "document_url", "document_author"),
        **described(newest, "document_category", "source_name", "collection_name"),
        **click_counts(clicks),
        "visits": distinct(click.visit for click in clicks),
        "users": distinct(click.user for click in clicks),
        "searches": distinct(click.search_id for click in clicks),
        "clicks_without_search": len(clicks) - len(known),
        **rank_measures(clicks),
        **best_rank(clicks),
        "queries": len(ranked),
        "top_query": ranked[0] if ranked else None,
        "top_query_clicks": known.count(ranked[0]) if ranked else 0,
        "top_queries": ranked[:10],
        "first_clicked_at": min(click.at for click in clicks),
        "last_clicked_at": max(click.at for click in clicks),
    }


def ml_usage(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `ml_usage`, by week and ranking modifier."""
    events = events_of(rows, settings)
    clicks = [event for event in events if event.is_on_result and event.is_person]
    weeks = grouped(clicks, lambda click: click.week)
    return {
        (week, modifier): {
            "week": week,
            "ranking_modifier": modifier,
            "clicks": len(group),
            "searches": distinct(click.search_id for click in group),
            "visits": distinct(click.visit for click in group),
            **rank_measures(group),
            "top_clicks": sum(click.result_rank == 1 for click in group),
            "share_of_clicks": share(len(group), len(of_week)),
        }
        for week, of_week in weeks.items()
        for modifier, group in grouped(of_week, lambda c: c.text("rankingModifier") or "").items()
    }
