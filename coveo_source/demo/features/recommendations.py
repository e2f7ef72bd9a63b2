"""Recommendations: documents that a page shows before anybody searches."""

from ..visits import Visit
from ..vocabulary import IN_APP_HELP, Query
from .part import Part, takes_part

_FEATURE = 4
_SHOWN = 5


def recommend(visit: Visit) -> None:
    """Adds a search by the page when the visit begins, and now and then a click on its results."""
    if not takes_part(visit, _FEATURE, 0.09):
        return
    part = Part(visit, _FEATURE)
    in_help = visit.interface is IN_APP_HELP
    query = Query(None, _SHOWN, sum(map(ord, visit.person.product)))
    search = part.search(query, "recommendation" if in_help else "recommendationInterfaceLoad")
    if part.draw() < 0.25:
        part.wait(6)
        part.click(search, 1 + int(part.draw() * _SHOWN), "recommendationOpen")
