"""Tablets in shops, whose developers have named the causes of some events themselves."""

from .part import Part

_SEARCHES = {"interfaceLoad": "kioskStart"}
_CLICKS = {"documentOpen": "kioskOpen"}


def name_causes(part: Part) -> None:
    """Writes causes that Coveo's libraries do not have."""
    visit = part.visit
    if visit.person.device.category == "Tablet":
        for search in visit.searches:
            search.cause = _SEARCHES.get(search.cause, search.cause)
        for click in visit.clicks:
            # the app also shows pages of the site, whose clicks are logged as everywhere
            if part.draw() < 0.25:
                click.cause = _CLICKS.get(click.cause, click.cause)
