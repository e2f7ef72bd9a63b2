"""Visits, and the events that they are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .people import Person
from .vocabulary import Document, Facet, Query, document_at

MAX_VISIT_MS = 3 * 3_600_000
"""The longest time from the start of a visit to its last event."""

ON_RESULTS = ("documentOpen", "documentQuickview")
"""Causes of clicks that open a result."""


@dataclass(slots=True, eq=False)
class Click:
    """A document opened from the results of a search, or from what stands beside them.

    rank: position in the results, from 1
    place: which of the matching documents it is, if that differs from the rank
    data: further values of `customDatas`, by name
    """

    id: int
    ms: int
    search_id: int
    query: Query
    rank: int
    cause: str
    tab: str
    pipeline: str
    place: int | None = None
    data: Mapping[str, object] | None = None

    @property
    def document(self) -> Document:
        """The document."""
        return document_at(self.query, self.place or self.rank)


@dataclass(slots=True, eq=False)
class Search:
    """A search.

    ms: when it was received, in milliseconds since 1970, as in every event
    data: further values of `customDatas`, by name
    """

    id: int
    ms: int
    query: Query
    cause: str
    tab: str
    facet: Facet | None
    pipeline: str
    response_ms: int
    data: Mapping[str, object] | None = None
    clicks: list[Click] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class CustomEvent:
    """Any other event.

    search_id: the search before it, if there is one
    data: further values of `customDatas`, by name
    """

    id: int
    ms: int
    search_id: int | None
    type: str
    value: str
    tab: str
    loading_ms: int
    data: Mapping[str, object] | None = None


@dataclass(slots=True, eq=False)
class Visit:
    """Everything that one person does without a break of 30 minutes.

    start: milliseconds since 1970
    visitor: id of the browser
    interface: one of `vocabulary.INTERFACES`
    test: name and version of the A/B test that the visit takes part in; None for no test
    pipeline: the query pipeline of its searches
    """

    id: int
    start: int
    person: Person
    visitor: int
    interface: tuple[str, str, str]
    test: tuple[str, str] | None = None
    pipeline: str = ""
    searches: list[Search] = field(default_factory=list)
    clicks: list[Click] = field(default_factory=list)
    custom_events: list[CustomEvent] = field(default_factory=list)


def uuid_of(number: int) -> str:
    """Returns an id in the form of a UUID.

    number: of 128 bits
    """
    text = number.to_bytes(16, "big").hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
