"""Traffic of one search a minute, so that what a run has lost can be counted by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from coveo_source.demo import Traffic
from coveo_source.demo.journeys import draw_visit
from coveo_source.demo.people import Person
from coveo_source.demo.visits import Visit

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS


class MinutelyTraffic(Traffic):
    """One visit a minute, with a search and nothing else."""

    def _visits_of(self, hour: int) -> Iterator[Visit]:
        rng = Random(hour)
        for minute in range(60):
            start = hour * _HOUR_MS + minute * _MINUTE_MS + 7
            visit = _with_search(start, rng, self._people)
            [search, *_] = visit.searches
            searches = [replace(search, ms=start, clicks=[])]
            yield replace(visit, searches=searches, clicks=[], custom_events=[])


def _with_search(start: int, rng: Random, people: Sequence[Person]) -> Visit:
    while True:
        visit = draw_visit(start, rng, rng, people)
        if visit.searches:
            return visit
