"""Intents and content gaps that are easily counted wrong."""

from datetime import date, timedelta

from coveo_source.demo import Record
from tests.sql.event_rows import BOT, STAFF, click, merged, search, stream_end
from tests.sql.warehouse import Rows

FIRST_WEEK = date(2026, 4, 6)
STEPS: dict[str, tuple[tuple[str, str | None, str], ...]] = {
    "narrowed": (
        ("searchboxSubmit", "vpn", "9"),
        ("facetSelect", "vpn", "4"),
        ("facetSelect", "VPN ", "2"),
        ("resultsSort", "vpn", "2"),
    ),
    "back and forth": (
        ("interfaceLoad", None, "9"),
        ("facetSelect", "a", "9"),
        ("searchboxSubmit", "a", "0"),
        ("searchboxSubmit", "b", "9"),
        ("facetSelect", "a", "9"),
        ("SEARCHBOXSUBMIT", "A", "3"),
        ("ownCause", "a", "2"),
        ("searchboxSubmit", "c", "1"),
    ),
    "blank": (
        ("searchboxSubmit", "  ", "9"),
        ("facetSelect", None, "4"),
        ("searchboxClear", None, "9"),
    ),
    "corrected": (
        ("searchboxSubmit", "pasword", "0"),
        ("didyoumeanAutomatic", "password", "7"),
        ("facetSelect", "password", "3"),
        ("facetSelect", "pasword", "0"),
        ("searchboxSubmit", "printr", "0"),
        ("DIDYOUMEANAUTOMATIC", "printer", "7"),
    ),
    "corrected by hand": (
        ("didyoumeanAutomatic", "nothing was asked", "7"),
        ("searchboxSubmit", "pasword", "0"),
        ("didyoumeanClick", "password", "7"),
    ),
    "typed slowly": (
        ("searchboxAsYouType", "sca", "9"),
        ("searchboxSubmit", "scanner", "0"),
        ("searchboxAsYouType", "scanner", "0"),
        ("searchboxAsYouType", "scanner p", "0"),
        ("searchFromLink", "scanner", "4"),
        ("ownCause", "own", "4"),
    ),
    "never typed": (("interfaceLoad", None, "9"), ("ownCause", "vpn", "0")),
}
"""The searches of some visits: cause, query and number of results."""


def intents() -> Rows:
    """Returns visits in which queries are asked, refined, corrected and given up."""
    searches = [
        search(
            f"{visit} {n}",
            f"19:00:0{n}",
            query,
            actionCause=cause,
            numberOfResults=results,
            withResults=None,
            visitId=visit,
        )
        for visit, steps in STEPS.items()
        for n, (cause, query, results) in enumerate(steps)
    ]
    here: dict[str, str | None] = {"visitId": "at once", "withResults": None}
    at_once = [
        search("at once 2", "19:00:00", "second", numberOfResults=None, **here),
        search("at once 1", "19:00:00", "first", numberOfResults=None, **here),
        search("at once 3", "19:00:00", "second", numberOfResults="0", **here),
        search("at once 4", "19:00:01", "staff asks", **{**STAFF, "visitId": "at once"}),
    ]
    clicks = [
        click("i-c1", "19:10:00", "narrowed 3", visitId="narrowed", clickRank="6"),
        click("i-c2", "19:09:00", "narrowed 2", visitId="elsewhere", clickRank="2"),
        click("i-c3", "19:09:00", "corrected 1", clickCause="caseAttach"),
        click("i-c4", "19:09:00", "corrected 2"),
        click("i-c5", "19:09:00", "back and forth 4"),
    ]
    answers = [stream_end("i-e1", "19:00:09", "back and forth 6", visitId="back and forth")]
    return {"searches": [*searches, *at_once], "clicks": clicks, "custom_events": answers}


def asked(
    query: str, week: int, visits: int, good: int = 0, rank: int = 1, results: int = 5
) -> Rows:
    """Returns a query that is asked in some visits of a week.

    week: from 0
    good: the number of visits, the first ones, with a click
    rank: of the clicks
    results: the number of results in visits without a click
    """
    days = [FIRST_WEEK + timedelta(weeks=week, days=n % 7) for n in range(visits)]
    keys = [f"{query} {week}.{n}" for n in range(visits)]
    searches: list[Record] = [
        search(
            key,
            f"{day} 10:00:00",
            query,
            visitId=f"visit {key}",
            numberOfResults=str(results if n >= good else 5),
        )
        for n, (key, day) in enumerate(zip(keys, days, strict=True))
    ]
    clicks: list[Record] = [
        click(f"on {key}", f"{day} 10:00:09", key, visitId=f"visit {key}", clickRank=str(rank))
        for key, day in [*zip(keys, days, strict=True)][:good]
    ]
    return {"searches": searches, "clicks": clicks}


def gaps() -> Rows:
    """Returns queries whose gaps open, close, stay or are forgotten in the course of weeks."""
    edges = {
        "searches": [
            *(
                search(f"edge {n}", time, "edge", visitId=f"edge {n}", numberOfResults="0")
                for n, time in enumerate(
                    (
                        *("2026-04-05 23:59:59.999", "2026-04-06 00:00:00.001"),
                        *("2026-04-12 23:59:59.999", "2026-04-12 12:00:00"),
                    )
                )
            ),
            *(search(f"r{n}", "2026-04-06 10:00:00", "robots", **BOT) for n in range(4)),
            *(
                search(f"nothing {n}", "2026-04-06 10:00:00", " ", visitId=f"nothing {n}")
                for n in range(4)
            ),
            *(
                search(f"answered {n}", "2026-04-06 10:00:00", "ask", visitId=f"answered {n}")
                for n in range(3)
            ),
        ],
        "custom_events": [
            stream_end(f"end {n}", "2026-04-06 10:00:01", f"answered {n}") for n in range(3)
        ],
    }
    return merged(
        (
            edges,
            asked("opens", 0, 3, good=3),
            asked("opens", 1, 3, results=0),
            asked("closes", 0, 3, results=0),
            asked("closes", 1, 4, good=4),
            asked("stays", 0, 3, results=0),
            asked("stays", 1, 3, results=0),
            asked("changes its reason", 0, 3, results=0),
            asked("changes its reason", 1, 3),
            asked("rare in between", 0, 3, results=0),
            asked("rare in between", 1, 1, good=1),
            asked("rare in between", 2, 2, good=2),
            asked("rare in between", 4, 3, good=3),
            asked("forgotten", 0, 3, results=0),
            asked("forgotten", 5, 3, good=3),
            asked("opens again", 0, 3, results=0),
            asked("opens again", 5, 3, results=0),
            asked("never a gap", 0, 3, good=3),
            asked("never a gap", 1, 3, good=1),
            asked("four of five fail", 0, 5, good=1),
            asked("three of four fail", 0, 4, good=1),
            asked("half of it is empty", 0, 4, good=2, results=0),
            asked("less than half of it is empty", 0, 5, good=3, results=0),
            asked("beyond the first page", 0, 3, good=3, rank=11),
            asked("at its end", 0, 3, good=3, rank=10),
            asked("rare", 0, 2, results=0),
        )
    )


def days_that_shift() -> Rows:
    """Returns events around midnight in Sydney, where daylight saving time ended on April 5."""
    times = ("2026-04-04 13:30:00", "2026-04-05 13:30:00", "2026-04-05 14:00:00.001")
    return {
        "searches": [
            search(f"shift {n}", time, "shift", visitId=f"shift {n}", c_product=product)
            for n, (time, product) in enumerate(zip(times, ("Widget", None, "Gadget"), strict=True))
        ],
        "clicks": [
            click("shift c", "2026-04-05 13:59:59.999", "shift 1", visitId="shift 1", c_product="x")
        ],
    }
