"""An A/B test of a ranking, whose version B shows what is sought further up."""

from ..visits import Visit
from ..vocabulary import COMMUNITY
from .part import Part

_NAME = "New ranking"
_VERSIONS = ("Community", "Community with new ranking")
"""Versions A and B. As Coveo's libraries log it, a version is the query pipeline that was used."""
_SHARE = 0.4
"""Share of the visitors of one interface who take part."""
_TYPED = ("searchboxSubmit", "omniboxAnalytics")


def assigned_test(visit: Visit) -> tuple[str, str] | None:
    """Returns the name and the version of the test that a visit takes part in, if it does.

    A visitor stays with one version, but for a few, as those who have deleted their cookies.
    """
    if visit.interface is not COMMUNITY or visit.visitor & 0xFF >= _SHARE * 256:
        return None
    if visit.person.is_bot:
        return None
    decides = visit.id if visit.visitor % 13 == 0 else visit.visitor
    return _NAME, _VERSIONS[decides >> 24 & 1]


def rank_better(part: Part) -> None:
    """Moves the documents of version B's clicks up, and adds clicks on what is now seen."""
    visit = part.visit
    if visit.test is None or visit.test[1] == _VERSIONS[0]:
        return
    for click in visit.clicks:
        click.place = click.rank
        click.rank = (click.rank + 1) // 2
    for search in tuple(visit.searches):
        results = search.query.results
        if search.cause in _TYPED and results and not search.clicks and part.draw() < 0.2:
            part.now = search.ms
            part.wait(12)
            part.click(search, 1 + int(part.draw() ** 2 * min(results, 4)))
