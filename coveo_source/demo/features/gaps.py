"""Content gaps that close: somebody writes the page, and later takes it away for an update."""

from ..visits import Search, Visit
from .part import Part, forget

_FEATURE = 1
_CLOSING = {"parental leave policy": 0, "offline mode": 1}
"""Queries that have results in every other fortnight: from 1970 on, in those of this parity."""
_FORTNIGHT_MS = 14 * 86_400_000
_RESULTS = 4


def close_gaps(visit: Visit) -> None:
    """Gives results to the searches for a page that exists at the time."""
    for search in [search for search in visit.searches if search.query.text in _CLOSING]:
        if search.ms // _FORTNIGHT_MS % 2 == _CLOSING[search.query.text or ""]:
            _find(visit, search)


def _find(visit: Visit, search: Search) -> None:
    search.query = search.query._replace(results=_RESULTS)
    if visit.person.is_bot:
        return
    # nothing was found before, so the page had searched for something else at once
    for other in [each for each in visit.searches if each.cause == "didyoumeanAutomatic"]:
        if other.ms == search.ms + 1:
            forget(visit, other)
    part = Part(visit, _FEATURE)
    part.now = search.ms
    if part.draw() < 0.6:
        part.wait(10)
        part.click(search, 1 + int(part.draw() ** 2 * 3))
