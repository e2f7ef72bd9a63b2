"""The part of the features in a visit: the events that they add and take away."""

from bisect import insort
from collections.abc import Mapping
from operator import attrgetter
from random import Random

from ..visits import MAX_VISIT_MS, ON_RESULTS, Click, CustomEvent, Search, Visit, uuid_of
from ..vocabulary import Query

_by_time = attrgetter("ms")
_ABOUT_RESULTS = ("feedback", "getMoreResults")


class Part:
    """Adds events to a visit and takes others away.

    draw: returns a random number from [0, 1)
    now: the time of the next event, in milliseconds since 1970
    """

    __slots__ = ("draw", "now", "rng", "visit")

    def __init__(self, visit: Visit, rng: Random) -> None:
        self.visit = visit
        self.rng = rng
        self.draw = rng.random
        self.now = visit.start

    def wait(self, seconds: float) -> None:
        """Lets half to one and a half times as many seconds pass."""
        pause = int(seconds * (0.5 + self.draw()) * 1000)
        self.now = min(self.now + pause, self.visit.start + MAX_VISIT_MS)

    def new_id(self) -> str:
        """Returns an id in the form of a UUID."""
        return uuid_of(self.rng.getrandbits(128))

    def search(
        self,
        query: Query,
        cause: str,
        data: Mapping[str, object] | None = None,
        tab: str = "All",
    ) -> Search:
        """Adds a search."""
        rng, pipeline = self.rng, self.visit.pipeline
        response_ms = 60 + rng.getrandbits(9)
        search = Search(
            rng.getrandbits(128), self.now, query, cause, tab, None, pipeline, response_ms, data
        )
        insort(self.visit.searches, search, key=_by_time)
        return search

    def click(
        self,
        search: Search,
        rank: int,
        cause: str = "documentOpen",
        place: int | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Adds a click after a search.

        place: which of the matching documents it is; None for the one at this rank
        """
        click = self._add_click(search.id, search.query, rank, cause, place, data)
        click.tab = search.tab
        search.clicks.append(click)

    def lone_click(self, search_id: int, query: Query, rank: int, cause: str) -> None:
        """Adds a click after what is no search, such as a request for suggestions."""
        self._add_click(search_id, query, rank, cause, None, None)

    def custom_event(
        self,
        type_: str,
        value: str,
        search: Search | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Adds a custom event."""
        rng = self.rng
        event = CustomEvent(
            *(rng.getrandbits(128), self.now, search.id if search else None, type_, value),
            *(search.tab if search else "All", 20 + rng.getrandbits(9), data),
        )
        insort(self.visit.custom_events, event, key=_by_time)

    def _add_click(
        self,
        search_id: int,
        query: Query,
        rank: int,
        cause: str,
        place: int | None,
        data: Mapping[str, object] | None,
    ) -> Click:
        click = Click(
            *(self.rng.getrandbits(128), self.now, search_id, query, rank, cause),
            *("All", self.visit.pipeline, place, data),
        )
        insort(self.visit.clicks, click, key=_by_time)
        return click

    def leave(self) -> None:
        """Ends the visit: takes away all that comes after now."""
        visit, now = self.visit, self.now
        visit.searches[:] = [search for search in visit.searches if search.ms <= now]
        visit.clicks[:] = [click for click in visit.clicks if click.ms <= now]
        visit.custom_events[:] = [event for event in visit.custom_events if event.ms <= now]
        for search in visit.searches:
            search.clicks[:] = [click for click in search.clicks if click.ms <= now]

    def forget_clicks(self, search: Search) -> None:
        """Takes away the clicks on the results of a search, and what was said about them."""
        gone = [click for click in search.clicks if click.cause in ON_RESULTS]
        if gone:
            visit = self.visit
            search.clicks[:] = [click for click in search.clicks if click not in gone]
            visit.clicks[:] = [click for click in visit.clicks if click not in gone]
            visit.custom_events[:] = [
                event
                for event in visit.custom_events
                if event.search_id != search.id or event.type not in _ABOUT_RESULTS
            ]

    def forget(self, search: Search) -> None:
        """Takes away a search and all that followed from it."""
        visit, gone = self.visit, search.id
        visit.searches.remove(search)
        visit.clicks[:] = [click for click in visit.clicks if click.search_id != gone]
        visit.custom_events[:] = [e for e in visit.custom_events if e.search_id != gone]
