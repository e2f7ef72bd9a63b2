"""The words of the demo's search site: what people search for, and the documents they find."""

import hashlib
from itertools import accumulate
from typing import NamedTuple

_SUBJECTS = (
    *("password", "vpn", "invoice", "single sign-on", "api key", "data export"),
    *("user permissions", "mobile app", "webhook", "search page", "query pipeline", "backup"),
    *("billing plan", "expense report", "license", "printer", "dashboard", "audit log"),
    *("salesforce connector", "email notifications", "two-factor authentication", "sandbox"),
    *("crawling schedule", "custom field", "time zone", "onboarding", "holiday calendar"),
    *("return policy", "shipping address", "rate limit"),
)
"""The subjects of the site's documents."""

_PATTERNS = (
    "{}",
    "reset {}",
    "{} not working",
    "how to configure {}",
    "change {}",
    "{} error 403",
    "delete {}",
    "{} best practices",
    "where is my {}?",
    "upgrade {}",
    "{} limits",
    "migrate {} to cloud",
)
"""Queries about a subject, the most common first."""

_QUESTIONS = (1, 2, 3, 4, 5, 8, 10)
"""Which of the patterns ask for something that a text can answer."""

_GAPS = (
    "dark mode",
    "parental leave policy",
    "offline mode",
    "apple silicon installer",
    "refund after 30 days",
    "graphql api",
    "partner discount",
    "office floor plan",
)
"""Popular queries that no document answers."""

ODD_QUERIES = (
    r"\\fileserver\hr\forms",
    r"C:\Users\me\AppData\Local\Temp",
    '"exact phrase" connector',
    'monitor 27" stand',
    'error: "could not connect",\nretry in 30 s',
    "stack trace:\r\n  at Main.run(Main.java:42)\r\n  at Main.main",
    "réinitialiser le mot de passe",
    "Rückgabe, Österreich",
    "パスワード リセット",
    "تسجيل الدخول",
    "naïve café ☕ menu",
    "NULL",
    "N/A",
    "0042",
    "<b>bold</b> & 'quotes'",
    "select * from users where name = 'o''brien'; --",
    "../../etc/passwd\0.html",
    "user\tname\x07 \x1b[31mred",
)
"""Queries that are hard to read from a CSV file, or to store: escapes, line breaks, other scripts,
and what scanners for security holes send."""


class Facet(NamedTuple):
    """A value of a facet, by which results are narrowed.

    use: share (0 to 1) of those who chose it that go on to open a result
    """

    title: str
    field: str
    value: str
    use: float


_FACETS = tuple(
    tuple(Facet(title, field, value, use) for value, use in values.items())
    for title, field, values in (
        (
            *("Source", "source"),
            {"Product Documentation": 0.95, "Community Forum": 0.7, "YouTube": 0.4},
        ),
        ("Type", "filetype", {"PDF": 0.55, "HTML": 0.85, "Video": 0.35}),
        ("Year", "year", {"2025": 0.85, "2024": 0.6, "2019": 0.15}),
        ("Product", "product", {"Widget Pro": 1.0, "Gadget 360": 0.95, "Cloud": 0.9}),
        ("Author", "author", {"Jane O'Neil": 0.3, "José Álvarez": 0.2}),
    )
)
"""The facets, the most used first, each with its values."""

REFINEMENTS = ("facetSelect", "resultsSort", "breadcrumbFacet")
"""Causes of searches that refine the previous one."""
PAGE_LIBRARY_CAUSES = {
    "facetSelect": "dynamicFacetSelect",
    "facetDeselect": "dynamicFacetDeselect",
}
"""How Coveo's page library calls them in its smart facets, by how its newer library does."""

TABS = ("All", "Documentation", "Knowledge Base", "Videos")
PIPELINES = ("default", "default", "Community", "ML test")
INTERFACES = (
    ("CommunitySearch", "Search", "https://community.example.com/s/"),
    ("InAppHelp", "Help", "https://app.example.com/help?from=menu&v=2"),
    ("AgentPanel", "InsightPanel", "https://crm.example.com/lightning/r/Case/"),
)
"""originLevel1, originContext and originLevel3 (the referrer) of each search interface."""
COMMUNITY, IN_APP_HELP, AGENT_PANEL = INTERFACES

PRODUCTS = ("Widget", "Widget Pro", "Gadget", "Gadget 360", "Cloud")
_SOURCES = (
    ("Product Documentation", "default", "Manual"),
    ("Confluence Engineering", "default", "Wiki"),
    ("Community Forum", "default", "Thread"),
    ("Confluence Support KB", "default", "Wiki"),
    ("Salesforce Knowledge", "knowledge", "Article"),
    ("Confluence HR", "internal", "Wiki"),
    ("SharePoint Intranet", "internal", "Page"),
    ("YouTube", "default", "Video"),
)
"""sourceName, collectionName and documentCategory of each indexed source."""

_AUTHORS = ("Ann Lee", "Jane O'Neil", "José Álvarez", "Docs Team", "Łukasz Nowak", "Wei Zhang")
_TITLES = (
    "{} overview",
    "Set up your {}",
    'Troubleshoot "{}" errors',
    "{}: frequently asked questions",
    "Release notes, {} and more",
    "Getting started with {}",
)
_TITLE_LENGTH = 128


class Query(NamedTuple):
    """A query and its results.

    text: as typed; None for a blank query
    results: number of documents that match
    first: index in `_DOCUMENTS` from which the results are taken
    """

    text: str | None
    results: int
    first: int

    @property
    def words(self) -> tuple[str, ...]:
        """The distinct keywords of the query."""
        return tuple(dict.fromkeys(self.text.lower().split())) if self.text else ()


class Document(NamedTuple):
    """A document of the site."""

    title: str
    url: str
    uri_hash: str
    author: str | None
    source: str
    collection: str
    category: str


BLANK_QUERY = Query(None, 4812, 0)


def query_of(text: str, results: int | None = None) -> Query:
    """Returns the query with this text; the same text always has the same results.

    results: number of matching documents; None to derive it from the text
    """
    digest = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
    return Query(text, digest % 900 + 1 if results is None else results, digest % len(_DOCUMENTS))


def misspelled(query: Query, at: float) -> Query:
    """Returns the query with two letters swapped; it rarely has results.

    at: where in the text, from 0 (start) to 1 (end)
    """
    text = query.text or ""
    i = int(at * max(len(text) - 1, 0))
    wrong = text[:i] + text[i + 1 : i + 2] + text[i : i + 1] + text[i + 2 :]
    return query_of(wrong, 0 if at < 0.7 else 3) if wrong != text else query


def document_at(query: Query, rank: int) -> Document:
    """Returns the document at a rank (from 1) in the results of a query."""
    return _DOCUMENTS[(query.first + rank * rank) % len(_DOCUMENTS)]


def facet_at(draw: float) -> Facet:
    """Returns one of the facets' values for a draw from [0, 1); earlier ones are more likely."""
    place = draw * draw * len(_FACETS)
    values = _FACETS[int(place)]
    return values[int(place % 1 * len(values))]


def _document(number: int) -> Document:
    subject = _SUBJECTS[number % len(_SUBJECTS)]
    source, collection, category = _SOURCES[number * 7 % 13 % len(_SOURCES)]
    slug = f"{subject.replace(' ', '-')}-{number}"
    return Document(
        title=_TITLES[number % len(_TITLES)].format(subject)[:_TITLE_LENGTH],
        url=f"https://{source.split()[0].lower()}.example.com/{collection}/{slug}?lang=en",
        uri_hash=hashlib.blake2b(slug.encode(), digest_size=12).hexdigest(),
        author=_AUTHORS[number % 7] if number % 7 < len(_AUTHORS) else None,
        source=source,
        collection=collection,
        category=category,
    )


def _popular_queries() -> tuple[Query, ...]:
    texts = [pattern.format(subject) for pattern in _PATTERNS for subject in _SUBJECTS]
    queries = [query_of(text) for text in texts]
    for index, gap in enumerate(_GAPS):
        queries.insert(9 + index * 11, query_of(gap, 0))
    return tuple(queries)


_DOCUMENTS = tuple(_document(number) for number in range(600))
QUERIES = _popular_queries()
"""The popular queries, the most popular first."""

QUESTIONS = frozenset(
    _PATTERNS[number].format(subject) for number in _QUESTIONS for subject in _SUBJECTS
)
"""The popular queries that ask for something that a text can answer."""

CUMULATIVE_WEIGHTS = tuple(accumulate((rank + 3) ** -0.9 for rank in range(len(QUERIES))))
"""Cumulative weight of each query in `QUERIES`, by Zipf's law."""
