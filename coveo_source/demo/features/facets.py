"""Facets: some of their values help to find something, others do not."""

from itertools import pairwise

from ..visits import Search, Visit
from ..vocabulary import IN_APP_HELP, PAGE_LIBRARY_CAUSES, Facet
from .part import Part, forget_clicks

_FEATURE = 3


def judge_facets(visit: Visit) -> None:
    """Takes away clicks after values that do not help; some visitors then take the value back."""
    for search in visit.searches:
        if search.facet:
            _judge_all(visit)
            return


def _judge_all(visit: Visit) -> None:
    part = Part(visit, _FEATURE)
    for before, search in pairwise(tuple(visit.searches)):
        if search.facet:
            _judge(part, before, search, search.facet)


def _judge(part: Part, before: Search, search: Search, facet: Facet) -> None:
    if part.draw() < facet.use:
        return
    forget_clicks(part.visit, search)
    if part.draw() < 0.5:
        part.now = search.ms
        part.wait(12)
        cause = "facetDeselect"
        if part.visit.interface is IN_APP_HELP:
            cause = PAGE_LIBRARY_CAUSES[cause]
        again = part.search(before.query, cause, tab=search.tab)
        again.facet = facet
        if part.draw() < 0.3:
            part.wait(10)
            part.click(again, 1 + int(part.draw() ** 2 * min(again.query.results, 6)))
