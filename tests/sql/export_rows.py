"""Rows of an export: the demo's, and cases that are easily counted wrong.

Each case is a handful of events. Ids are words, so that the message of a failing test is readable.
"""

from datetime import datetime, timedelta, timezone

from coveo_source.demo import Traffic
from coveo_source.tables import TABLES
from tests.sql.edge_answers import answers, cases
from tests.sql.edge_intents import days_that_shift, gaps, intents
from tests.sql.edge_searches import (
    distant_clicks,
    experiments,
    kinds_of_clicks,
    refinements,
    suggestions,
)
from tests.sql.event_rows import (
    BOT,
    NEWER,
    NO_VISIT,
    STAFF,
    click,
    custom,
    group,
    keyword,
    merged,
    search,
)
from tests.sql.warehouse import Rows


def edge_cases() -> Rows:
    """Returns all cases at once, which each model has to keep apart."""
    return merged(
        (
            odd_events(),
            answers(),
            cases(),
            refinements(),
            suggestions(),
            kinds_of_clicks(),
            distant_clicks(),
            experiments(),
            intents(),
            gaps(),
            days_that_shift(),
        )
    )


def odd_events() -> Rows:
    """Returns events with values that are missing, equal, at the edge or in another form."""
    return {
        "searches": [
            search("s1", "10:00:00", " VPN\t"),
            search("s2", "10:00:30", "vpn", actionCause="facetSelect"),
            search("s3", "10:05:00", None, actionCause="interfaceLoad"),
            search("s4", "10:05:00", "dark mode", numberOfResults="0", withResults="f"),
            search("s5", "11:00:00", "a\r\nb", visitId="visit-2", originLevel1=None),
            search("s6", "23:59:59.999", "late", visitId="visit-3", username=None),
            search("s7", "2026-03-09 00:00:00.001", "late", visitId="visit-4"),
            search("s8", "12:00:00", "   ", visitId="visit-5", actionCause="SEARCHBOXSUBMIT"),
            search("s9", "12:00:01", 'C:\\x "y"', visitId="visit-5", actionCause="ownCause"),
            search("s10", "12:30:00", "alone", **NO_VISIT),
            search("s11", "12:31:00", "alone", **NO_VISIT),
            search("s12", "13:00:00", "deep", visitId="visit-6"),
            search("s13", "13:10:00", "unknown", visitId="visit-6", numberOfResults=None),
            search("s14", "13:20:00", "?", numberOfResults=None, withResults=None),
            search("s15", "14:00:00", "new", **NEWER),
            search("bot", "09:00:00", "crawl", actionCause="searchFromLink", **BOT),
            search("staff", "09:00:00", "test", numberOfResults="0", **STAFF),
        ],
        "clicks": [
            click("c1", "10:00:10", "s1"),
            click("c2", "10:00:40", "s2", clickRank=None),
            click("c3", "10:00:40", "s2", clickRank="4", systemUriHash="hash-other"),
            click("c4", "10:06:00", "gone", clickRank="2"),
            click("c5", "11:10:00", "s1", visitId="visit-2", clickRank="3"),
            click("c6", "2026-03-09 00:00:01", "s6", visitId="visit-3", username="bea"),
            click("c7", "12:00:05", None, visitId="visit-5", systemUriHash=None),
            click("c8", "13:00:10", "s12", visitId="visit-6", clickRank="31"),
            click("c9", "12:32:00", "s10", **NO_VISIT),
            click("c10", "12:59:59", "s12", visitId="visit-6", documentTitle="VPN, revised"),
            click(
                "c11",
                "13:30:00",
                "s14",
                systemUriHash=None,
                documentUrl=None,
                documentTitle=None,
            ),
            click("bot-click", "09:00:01", "bot", **BOT),
            click("staff-click", "09:00:01", "staff", clickRank="9", **STAFF),
        ],
        "custom_events": [
            # at the same time as s2
            custom("e1", "10:00:30.123", "s2"),
            custom("e2", "09:59:00", None, eventType="pageview"),
            custom("e3", "15:00:00", None, visitId="visit-7", mobile="t", userName=None),
            custom("e5", "14:00:01", "s15", userName=None, username="new", **NEWER),
            custom("e4", "12:40:00", "gone", **NO_VISIT),
        ],
        "keywords": [
            *(keyword("s1", word) for word in ("vpn", 'a "b"', "c\\d", "vpn", "e\nf")),
            *(keyword("s1", f"{chr(code)}é/\u2028\x7f{chr(code)}") for code in range(32)),
            keyword("s2", "vpn"),
            keyword("gone", "vpn"),
        ],
        "groups": [group("s1", name) for name in ("Premier, Gold", "Everyone", "Everyone")],
    }


def demo_rows(visits_per_day: int = 60) -> Rows:
    """Returns ten days of the demo's traffic."""
    start = datetime(2026, 3, 1, tzinfo=timezone.utc)
    traffic = Traffic(seed=3, visits_per_day=visits_per_day)
    end = start + timedelta(days=10)
    return {table: list(traffic.records(table, start, end)) for table in TABLES}
