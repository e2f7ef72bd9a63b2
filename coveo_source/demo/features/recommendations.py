"""Recommendations: documents that a page shows before anybody searches."""

from ..vocabulary import IN_APP_HELP, Query
from .part import Part

_SHOWN = 5


def recommend(part: Part) -> None:
    """Adds a search by the page when the visit begins, and now and then a click on its results."""
    visit = part.visit
    part.now = visit.start
    in_help = visit.interface is IN_APP_HELP
    query = Query(None, _SHOWN, sum(map(ord, visit.person.product)))
    search = part.search(query, "recommendation" if in_help else "recommendationInterfaceLoad")
    if part.draw() < 0.25:
        part.wait(6)
        part.click(search, 1 + int(part.draw() * _SHOWN), "recommendationOpen")
