"""Content gaps that close: somebody writes the page, and later takes it away for an update."""

from ..visits import Search
from .part import Part

_CLOSING = {"parental leave policy": 0, "offline mode": 1}
"""Queries that have results in every other fortnight: from 1970 on, in those of this parity."""
_FORTNIGHT_MS = 14 * 86_400_000
_RESULTS = 4


def close_gaps(part: Part) -> None:
    """Gives results to the searches for a page that exists at the time."""
    found = [
        search
        for search in part.visit.searches
        if search.query.text in _CLOSING
        and search.ms // _FORTNIGHT_MS % 2 == _CLOSING[search.query.text]
    ]
    for search in found:
        search.query = search.query._replace(results=_RESULTS)
        if not part.visit.person.is_bot:
            _open(part, search)


def _open(part: Part, search: Search) -> None:
    # nothing was found before, so the page had searched for something else at once
    for other in tuple(part.visit.searches):
        if other.cause == "didyoumeanAutomatic" and other.ms == search.ms + 1:
            part.forget(other)
    if part.draw() < 0.6:
        part.now = search.ms
        part.wait(10)
        part.click(search, 1 + int(part.draw() ** 2 * 3))
