"""The ways of visitors through the search site, drawn at random."""

from bisect import bisect
from collections.abc import Sequence
from math import log
from random import Random

from . import vocabulary
from .features import add_features, assigned_test
from .people import BOT, Person, anonymous_visitor, pick
from .visits import MAX_VISIT_MS, Click, CustomEvent, Search, Visit
from .vocabulary import BLANK_QUERY, Facet, Query, misspelled, query_of

_LONGEST_PAUSE_MS = 29 * 60_000
_RESULTS_PER_PAGE = 10


def draw_visit(start: int, rng: Random, more: Random, people: Sequence[Person]) -> Visit:
    """Returns a random visit.

    start: milliseconds since 1970
    more: random numbers for the features of the site, so that they change no other event
    people: the visitors who have an account
    """
    person = _visitor(rng, people)
    interface = vocabulary.INTERFACES[_interface(person, rng.random())]
    visitor = person.visitor if person.visitor is not None else rng.getrandbits(128)
    visit = Visit(rng.getrandbits(128), start, person, visitor, interface)
    visit.test = assigned_test(visit)
    journey = _Journey(rng, visit)
    if person.is_bot:
        journey.crawl()
    else:
        journey.browse()
    add_features(visit, more)
    return visit


def _visitor(rng: Random, people: Sequence[Person]) -> Person:
    draw = rng.random()
    if draw < 0.03:
        return BOT
    return anonymous_visitor(rng) if draw < 0.36 else pick(people, rng.random())


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
    return BLANK_QUERY


def _popular(draw: float) -> Query:
    weights = vocabulary.CUMULATIVE_WEIGHTS
    return vocabulary.QUERIES[bisect(weights, draw * weights[-1])]


def _rare(draw: float, number: int) -> Query:
    if draw < 0.4:
        return query_of(f"INC{number:08}", 1 if draw < 0.3 else 0)
    if draw < 0.7:
        return query_of(f"{_popular(draw).text} case {number}", int(draw * 20))
    return query_of(f"{_popular(draw).text} {number % 97}", int(draw * 40))


class _Journey:
    """One visitor's way through the site.

    All steps draw from one sequence of random numbers, so their order may not change.
    """

    def __init__(self, rng: Random, visit: Visit) -> None:
        self.rng = rng
        self.draw = rng.random
        self.visit = visit
        self.now = visit.start
        self.latest = visit.start + MAX_VISIT_MS
        self.tab = "All"
        pipeline = pick(vocabulary.PIPELINES, rng.random())
        # in an A/B test, a version is a pipeline
        visit.pipeline = visit.test[1] if visit.test else pipeline

    def crawl(self) -> None:
        """Follows links to searches and opens no result, as a bot does."""
        for _ in range(2 + int(self.draw() * 6)):
            self.search(_popular(self.draw()), "searchFromLink")
            self.wait(2)

    def browse(self) -> None:
        """Arrives, searches for one thing or several, and leaves, as a person does."""
        self.arrive()
        self.look_for(_draw_query(self.rng))
        while self.draw() < 0.42:
            self.wait(200 if self.draw() < 0.2 else 40)
            self.switch_tab()
            self.look_for(_draw_query(self.rng))

    def arrive(self) -> None:
        draw = self.draw()
        if draw < 0.30:
            search = self.search(BLANK_QUERY, "interfaceLoad")
            self.custom_event("interface", "interfaceLoad", search)
            self.wait(8)
        elif draw < 0.42:
            self.custom_event("pageview", "view")
            self.wait(5)

    def look_for(self, query: Query) -> None:
        """Searches, then opens results, refines the search or gives up."""
        search = self.type_query(query)
        if not search.query.results:
            self.retry(query)
        elif self.draw() < 0.16:
            self.refine(search)
        elif self.draw() < 0.66:
            self.open_results(search)

    def type_query(self, query: Query) -> Search:
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
        facet = None if cause == "resultsSort" else vocabulary.facet_at(draw)
        if self.visit.interface is vocabulary.IN_APP_HELP:
            cause = vocabulary.PAGE_LIBRARY_CAUSES.get(cause, cause)
        query = search.query._replace(results=search.query.results // 3 + 1)
        narrowed = self.search(query, cause, facet)
        self.custom_event("facet" if facet else "resultsSort", cause, narrowed)
        self.open_results(narrowed)

    def open_results(self, search: Search) -> None:
        chance = 0.9
        while search.query.results and self.draw() < chance:
            self.wait(15)
            self.open_result(search)
            chance = 0.2

    def open_result(self, search: Search) -> None:
        rank = min(1 + int(-log(1 - self.draw()) * 2.6), search.query.results)
        if rank > _RESULTS_PER_PAGE:
            self.custom_event("getMoreResults", "pagerNext", search)
            self.wait(6)
        self.click(search, rank)
        if self.draw() < 0.04:
            self.custom_event("feedback", "thumbsUp" if rank < 3 else "thumbsDown", search)

    def switch_tab(self) -> None:
        if self.draw() < 0.2:
            self.tab = pick(vocabulary.TABS, self.draw())
            self.custom_event("interface", "interfaceChange", self.visit.searches[-1])

    def search(self, query: Query, cause: str, facet: Facet | None = None) -> Search:
        response_ms = 40 + int(-log(1 - self.draw()) * 160)
        event_id = self.rng.getrandbits(128)
        search = Search(
            event_id, self.now, query, cause, self.tab, facet, self.visit.pipeline, response_ms
        )
        self.visit.searches.append(search)
        return search

    def click(self, search: Search, rank: int) -> None:
        event_id, draw = self.rng.getrandbits(128), self.draw()
        cause = "documentQuickview" if draw > 0.93 else "documentOpen"
        click = Click(
            event_id, self.now, search.id, search.query, rank, cause, search.tab, search.pipeline
        )
        # rarely, the search of a click never reached the service
        if draw < 0.004:
            click.search_id = self.rng.getrandbits(128)
        else:
            search.clicks.append(click)
        self.visit.clicks.append(click)

    def custom_event(self, type_: str, value: str, search: Search | None = None) -> None:
        """Adds an event of the same batch as the previous one, and so with the same time."""
        loading_ms = 20 + int(-log(1 - self.draw()) * 400)
        search_id = search.id if search else None
        event_id = self.rng.getrandbits(128)
        event = CustomEvent(event_id, self.now, search_id, type_, value, self.tab, loading_ms)
        self.visit.custom_events.append(event)

    def wait(self, seconds: float) -> None:
        pause = int((0.8 - log(1 - self.draw()) * seconds) * 1000)
        self.now += pause if pause < _LONGEST_PAUSE_MS else _LONGEST_PAUSE_MS
        if self.now > self.latest:
            self.now = self.latest
