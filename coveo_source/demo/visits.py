"""What visitors do: visits made of searches, clicks and custom events, drawn at random."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log
from random import Random

from . import vocabulary
from .people import ROBOT_VISITOR, Person, passer_by, pick
from .vocabulary import BLANK, Query, misspelled, query_of

MAX_VISIT_MS = 3 * 3_600_000
"""No event of a visit comes later than this after its start."""

_LONGEST_PAUSE_MS = 29 * 60_000
_RESULTS_A_PAGE = 10


@dataclass(slots=True)
class Click:
    """A document opened from the results of a search."""

    id: int
    ms: int
    search_id: int
    query: Query
    rank: int
    cause: str
    tab: str
    pipeline: str


@dataclass(slots=True)
class Search:
    """A search. `ms` is the time of receipt in milliseconds since 1970, as in every event."""

    id: int
    ms: int
    query: Query
    cause: str
    tab: str
    facet: tuple[str, str] | None
    pipeline: str
    response_ms: int
    clicks: list[Click] = field(default_factory=list)


@dataclass(slots=True)
class Custom:
    """Any other event. `search_id` is the search before it, if there was one."""

    id: int
    ms: int
    search_id: int | None
    type: str
    value: str
    tab: str
    loading_ms: int


@dataclass(slots=True)
class Visit:
    """Everything that one person does without a break of 30 minutes."""

    id: int
    start: int
    person: Person
    visitor: int
    interface: tuple[str, str, str]
    searches: list[Search] = field(default_factory=list)
    clicks: list[Click] = field(default_factory=list)
    customs: list[Custom] = field(default_factory=list)


def visit_at(start: int, rng: Random, people: Sequence[Person]) -> Visit:
    """A visit that starts at a time in milliseconds since 1970."""
    person = _visitor(rng, people)
    interface = vocabulary.INTERFACES[_interface(person, rng.random())]
    visitor = person.visitor if person.visitor is not None else rng.getrandbits(128)
    visit = Visit(rng.getrandbits(128), start, person, visitor, interface)
    journey = _Journey(rng, visit)
    if person.is_bot:
        journey.crawl()
    else:
        journey.travel()
    return visit


def _visitor(rng: Random, people: Sequence[Person]) -> Person:
    draw = rng.random()
    if draw < 0.03:
        return ROBOT_VISITOR
    return passer_by(rng) if draw < 0.36 else pick(people, rng.random())


def _interface(person: Person, draw: float) -> int:
    if person.internal:
        return 2 if draw < 0.8 else 0
    return 0 if draw < 0.65 else 1


def _draw_query(rng: Random) -> Query:
    kind, draw = rng.random(), rng.random()
    if kind < 0.80:
        return _popular(draw)
    if kind < 0.86:
        return misspelled(_popular(draw), rng.random())
    if kind < 0.95:
        return _rare(draw, rng.getrandbits(24))
    if kind < 0.97:
        return query_of(vocabulary.ODD_QUERIES[int(draw * len(vocabulary.ODD_QUERIES))])
    return BLANK


def _popular(draw: float) -> Query:
    return vocabulary.QUERIES[bisect(vocabulary.CUMULATED, draw * vocabulary.CUMULATED[-1])]


def _rare(draw: float, number: int) -> Query:
    if draw < 0.4:
        return query_of(f"INC{number:08}", 1 if draw < 0.3 else 0)
    if draw < 0.7:
        return query_of(f"{_popular(draw).text} case {number}", int(draw * 20))
    return query_of(f"{_popular(draw).text} {number % 97}", int(draw * 40))


class _Journey:
    """One visitor's way through the site. Every step draws from the same random numbers."""

    def __init__(self, rng: Random, visit: Visit) -> None:
        self.rng = rng
        self.draw = rng.random
        self.visit = visit
        self.now = visit.start
        self.tab = "All"
        self.pipeline = pick(vocabulary.PIPELINES, rng.random())

    def crawl(self) -> None:
        """A robot follows links to searches and opens nothing."""
        for _ in range(2 + int(self.draw() * 6)):
            self.search(_popular(self.draw()), "searchFromLink")
            self.wait(2)

    def travel(self) -> None:
        """A person arrives, looks for something, perhaps for something else, and leaves."""
        self.arrive()
        self.pursue(_draw_query(self.rng))
        while self.draw() < 0.42:
            self.wait(200 if self.draw() < 0.2 else 40)
            self.switch_tab()
            self.pursue(_draw_query(self.rng))

    def arrive(self) -> None:
        draw = self.draw()
        if draw < 0.30:
            search = self.search(BLANK, "interfaceLoad")
            self.custom("interface", "interfaceLoad", search)
            self.wait(8)
        elif draw < 0.42:
            self.custom("pageview", "view")
            self.wait(5)

    def pursue(self, query: Query) -> None:
        """Search, then open results, refine or give up."""
        search = self.type(query)
        if not search.query.results:
            self.retry(query)
        elif self.draw() < 0.16:
            self.refine(search)
        elif self.draw() < 0.66:
            self.open_results(search)

    def type(self, query: Query) -> Search:
        if query.text and self.draw() < 0.07:
            self.search(query_of(query.text[: len(query.text) // 2 + 1]), "searchboxAsYouType")
            self.now += 300 + int(self.draw() * 900)
        return self.search(query, "searchboxSubmit" if self.draw() < 0.88 else "omniboxAnalytics")

    def retry(self, query: Query) -> None:
        draw = self.draw()
        if draw < 0.25:
            self.now += 1
            self.open_results(self.search(_popular(draw * 4), "didyoumeanAutomatic"))
        elif draw < 0.60:
            self.wait(12)
            words = query.words
            shorter = query_of(words[0]) if words and draw < 0.4 else _draw_query(self.rng)
            self.open_results(self.search(shorter, "searchboxSubmit"))

    def refine(self, search: Search) -> None:
        self.wait(10)
        draw, cause = self.draw(), pick(vocabulary.REFINEMENTS, self.draw())
        facet = None if cause == "resultsSort" else pick(vocabulary.FACETS, draw)
        query = search.query._replace(results=search.query.results // 3 + 1)
        narrowed = self.search(query, cause, facet)
        self.custom("facet" if facet else "resultsSort", cause, narrowed)
        self.open_results(narrowed)

    def open_results(self, search: Search) -> None:
        again = 0.9
        while search.query.results and self.draw() < again:
            self.wait(15)
            self.open_result(search)
            again = 0.2

    def open_result(self, search: Search) -> None:
        rank = min(1 + int(-log(1 - self.draw()) * 2.6), search.query.results)
        if rank > _RESULTS_A_PAGE:
            self.custom("getMoreResults", "pagerNext", search)
            self.wait(6)
        self.click(search, rank)
        if self.draw() < 0.04:
            self.custom("feedback", "thumbsUp" if rank < 3 else "thumbsDown", search)

    def switch_tab(self) -> None:
        if self.draw() < 0.2:
            self.tab = pick(vocabulary.TABS, self.draw())
            last = self.visit.searches[-1]
            self.custom("interface", "interfaceChange", last)

    def search(self, query: Query, cause: str, facet: tuple[str, str] | None = None) -> Search:
        response_ms = 40 + int(-log(1 - self.draw()) * 160)
        identity = self.rng.getrandbits(128)
        search = Search(
            identity, self.now, query, cause, self.tab, facet, self.pipeline, response_ms
        )
        self.visit.searches.append(search)
        return search

    def click(self, search: Search, rank: int) -> None:
        identity, draw = self.rng.getrandbits(128), self.draw()
        cause = "documentQuickview" if draw > 0.93 else "documentOpen"
        click = Click(
            identity, self.now, search.id, search.query, rank, cause, search.tab, search.pipeline
        )
        # now and then the search that a click belongs to never reached the service
        if draw < 0.004:
            click.search_id = self.rng.getrandbits(128)
        else:
            search.clicks.append(click)
        self.visit.clicks.append(click)

    def custom(self, type_: str, value: str, search: Search | None = None) -> None:
        """An event of the same batch as the one before, so with the same time."""
        loading_ms = 20 + int(-log(1 - self.draw()) * 400)
        before = search.id if search else None
        identity = self.rng.getrandbits(128)
        event = Custom(identity, self.now, before, type_, value, self.tab, loading_ms)
        self.visit.customs.append(event)

    def wait(self, seconds: float) -> None:
        pause = int((0.8 - log(1 - self.draw()) * seconds) * 1000)
        latest = self.visit.start + MAX_VISIT_MS
        self.now = min(self.now + min(pause, _LONGEST_PAUSE_MS), latest)
