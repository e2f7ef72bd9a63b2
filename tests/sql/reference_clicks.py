"""How clicks are counted: results, citations and other kinds apart, and only ranks of results."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.sql.events import Event, share

KINDS = ("opened", "quick_viewed", "cited", "attached", "recommended")
COUNTS = ("clicks", *KINDS, "other_clicks")
"""The columns of every model that counts clicks."""
RANKS = ("ranked_clicks", "click_rank_sum")


def click_counts(events: Iterable[Event]) -> dict[str, int]:
    """Returns the number of clicks on results, and of each kind of click."""
    kinds = [event.click_kind for event in events]
    counts = {kind: kinds.count(kind) for kind in KINDS}
    results = counts["opened"] + counts["quick_viewed"]
    return {"clicks": results, **counts, "other_clicks": kinds.count("other")}


def rank_sums(events: Iterable[Event]) -> dict[str, int]:
    """Returns what adds up to an average rank of results."""
    ranks = [event.result_rank for event in events if event.result_rank is not None]
    return {"ranked_clicks": len(ranks), "click_rank_sum": sum(ranks)}


def rank_average(sums: Mapping[str, int]) -> dict[str, float | None]:
    """Returns the average rank of what was added up."""
    return {"average_click_rank": share(sums["click_rank_sum"], sums["ranked_clicks"])}


def rank_measures(events: Iterable[Event]) -> dict[str, Any]:
    """Returns the sums and the average of the ranks of results."""
    sums = rank_sums(events)
    return {**sums, **rank_average(sums)}


def best_rank(events: Iterable[Event]) -> dict[str, int | None]:
    """Returns the least rank of a result."""
    ranks = [event.result_rank for event in events if event.result_rank is not None]
    return {"best_click_rank": min(ranks, default=None)}


def added_up(rows: Iterable[Mapping[str, Any]], *names: str) -> dict[str, int]:
    """Returns the sum of each of some columns, over the values other than None."""
    listed = list(rows)
    return {name: sum(row[name] or 0 for row in listed) for name in names}


def added_ranks(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the sums and the average of ranks of rows that have such sums."""
    sums = added_up(rows, *RANKS)
    return {**sums, **rank_average(sums)}
