"""Corrections: the page knows what a misspelled query means, and nothing about any other query."""

from functools import cache

from ..vocabulary import QUERIES, Query, misspelled
from .part import Part


def correct_misspellings(part: Part) -> None:
    """Makes the page search for what was meant, and not at all if it cannot know."""
    searches = part.visit.searches
    for typed, correction in zip(tuple(searches), tuple(searches[1:]), strict=False):
        if correction.cause != "didyoumeanAutomatic":
            continue
        meant = _meanings().get(typed.query.text or "")
        if meant and meant.results:
            correction.query = meant
            for click in correction.clicks:
                click.query = meant
        else:
            part.forget(correction)


@cache
def _meanings() -> dict[str, Query]:
    """Returns the popular query that each misspelling of one stands for."""
    return {
        str(misspelled(query, place / 100).text): query
        for query in reversed(QUERIES)
        for place in range(0, 100, 2)
    }
