"""Facets: some of their values help to find something, others do not."""

from ..visits import Search
from ..vocabulary import IN_APP_HELP, PAGE_LIBRARY_CAUSES
from .part import Part


def judge_facets(part: Part) -> None:
    """Takes away clicks after values that do not help; some visitors then take the value back."""
    searches = part.visit.searches
    narrowed = [number for number, search in enumerate(searches) if search.facet]
    # from the last one, because what is added moves those after it
    for number in reversed(narrowed):
        _judge(part, searches[number - 1], searches[number])


def _judge(part: Part, before: Search, search: Search) -> None:
    if search.facet is None or part.draw() < search.facet.use:
        return
    part.forget_clicks(search)
    if part.draw() < 0.5:
        part.now = search.ms
        part.wait(12)
        cause = "facetDeselect"
        if part.visit.interface is IN_APP_HELP:
            cause = PAGE_LIBRARY_CAUSES[cause]
        again = part.search(before.query, cause, tab=search.tab)
        again.facet = search.facet
        if part.draw() < 0.3:
            part.wait(10)
            part.click(again, 1 + int(part.draw() ** 2 * min(again.query.results, 6)))
