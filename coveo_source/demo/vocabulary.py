"""The words of the demo's search site: what people look for, and what there is to find."""

import hashlib
from itertools import accumulate
from typing import NamedTuple

SUBJECTS = (
    *("password", "vpn", "invoice", "single sign-on", "api key", "data export"),
    *("user permissions", "mobile app", "webhook", "search page", "query pipeline", "backup"),
    *("billing plan", "expense report", "license", "printer", "dashboard", "audit log"),
    *("salesforce connector", "email notifications", "two-factor authentication", "sandbox"),
    *("crawling schedule", "custom field", "time zone", "onboarding", "holiday calendar"),
    *("return policy", "shipping address", "rate limit"),
)
"""What the documents of the site are about."""

PATTERNS = (
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
"""How people ask about a subject, the most common way first."""

GAPS = (
    "dark mode",
    "parental leave policy",
    "offline mode",
    "apple silicon installer",
    "refund after 30 days",
    "graphql api",
    "partner discount",
    "office floor plan",
)
"""Queries that many people make and no document answers."""

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
)
"""Queries that are hard on whoever reads the files: escapes, line ends, other scripts."""

FACETS = (
    ("Source", "Product Documentation"),
    ("Type", "PDF"),
    ("Year", "2025"),
    ("Product", "Widget Pro"),
    ("Author", "Jane O'Neil"),
)
REFINEMENTS = ("facetSelect", "resultsSort", "breadcrumbFacet")
"""Causes of searches that narrow another."""

TABS = ("All", "Documentation", "Knowledge Base", "Videos")
PIPELINES = ("default", "default", "Community", "ML test")
INTERFACES = (
    ("CommunitySearch", "Search", "https://community.example.com/s/"),
    ("InAppHelp", "Help", "https://app.example.com/help?from=menu&v=2"),
    ("AgentPanel", "InsightPanel", "https://crm.example.com/lightning/r/Case/"),
)
"""originLevel1, originContext and the usual referrer of each search interface."""

PRODUCTS = ("Widget", "Widget Pro", "Gadget", "Gadget 360", "Cloud")
SOURCES = (
    ("Product Documentation", "default", "Manual"),
    ("Confluence Engineering", "default", "Wiki"),
    ("Community Forum", "default", "Thread"),
    ("Confluence Support KB", "default", "Wiki"),
    ("Salesforce Knowledge", "knowledge", "Article"),
    ("Confluence HR", "internal", "Wiki"),
    ("SharePoint Intranet", "internal", "Page"),
    ("YouTube", "default", "Video"),
)
"""sourceName, collectionName and documentCategory of what is indexed."""

AUTHORS = ("Ann Lee", "Jane O'Neil", "José Álvarez", "Docs Team", "Łukasz Nowak", "Wei Zhang")
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
    """Something to look for.

    text: what was typed; None for a blank query
    results: how many documents match
    first: which document of `DOCUMENTS` is the first result
    """

    text: str | None
    results: int
    first: int

    @property
    def words(self) -> tuple[str, ...]:
        """The keywords of the query, each once."""
        return tuple(dict.fromkeys(self.text.lower().split())) if self.text else ()


class Document(NamedTuple):
    """Something to find."""

    title: str
    url: str
    uri_hash: str
    author: str | None
    source: str
    collection: str
    category: str


BLANK = Query(None, 4812, 0)


def query_of(text: str, results: int | None = None) -> Query:
    """The query with this text; the same text always has the same results."""
    digest = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
    return Query(text, digest % 900 + 1 if results is None else results, digest % len(DOCUMENTS))


def misspelled(query: Query, at: float) -> Query:
    """The query with two letters swapped, at a place between 0 and 1; it seldom finds a thing."""
    text = query.text or ""
    i = int(at * max(len(text) - 1, 0))
    wrong = text[:i] + text[i + 1 : i + 2] + text[i : i + 1] + text[i + 2 :]
    return query_of(wrong, 0 if at < 0.7 else 3) if wrong != text else query


def result(query: Query, rank: int) -> Document:
    """The document that a query shows at a rank (from 1)."""
    return DOCUMENTS[(query.first + rank * rank) % len(DOCUMENTS)]


def _document(number: int) -> Document:
    subject = SUBJECTS[number % len(SUBJECTS)]
    source, collection, category = SOURCES[number * 7 % 13 % len(SOURCES)]
    slug = f"{subject.replace(' ', '-')}-{number}"
    return Document(
        title=_TITLES[number % len(_TITLES)].format(subject)[:_TITLE_LENGTH],
        url=f"https://{source.split()[0].lower()}.example.com/{collection}/{slug}?lang=en",
        uri_hash=hashlib.blake2b(slug.encode(), digest_size=12).hexdigest(),
        author=AUTHORS[number % 7] if number % 7 < len(AUTHORS) else None,
        source=source,
        collection=collection,
        category=category,
    )


def _popular_queries() -> tuple[Query, ...]:
    asked = [pattern.format(subject) for pattern in PATTERNS for subject in SUBJECTS]
    queries = [query_of(text) for text in asked]
    for place, gap in enumerate(GAPS):
        queries.insert(9 + place * 11, query_of(gap, 0))
    return tuple(queries)


DOCUMENTS = tuple(_document(number) for number in range(600))
QUERIES = _popular_queries()
"""The queries that many people make, the most popular first."""

CUMULATED = tuple(accumulate((rank + 3) ** -0.9 for rank in range(len(QUERIES))))
"""Cumulated weight of each query of `QUERIES`, after Zipf's law."""
