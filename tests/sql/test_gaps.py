"""Content gaps: queries that enough visits asked in a week, and that found nothing."""

from datetime import date, timedelta

import pytest

from coveo_source.model_settings import ModelSettings
from tests.sql.edge_intents import FIRST_WEEK, asked, gaps
from tests.sql.event_rows import BOT, click, merged, search
from tests.sql.warehouse import Rows, rows_of, value_of, warehouse


def gaps_of(rows: Rows, columns: str) -> list[tuple[object, ...]]:
    """Returns some columns of the gaps, by week and query."""
    return rows_of(warehouse(rows), f"select {columns} from content_gaps order by week, query")


def week(number: int) -> date:
    """Returns the Monday of a week, from 0."""
    return FIRST_WEEK + timedelta(weeks=number)


def test_a_query_is_a_gap_of_a_week_from_three_visits_on() -> None:
    rows = merged([asked("often", 0, 3, results=0), asked("twice", 0, 2, results=0)])
    assert gaps_of(rows, "week, query, visits, searches, gap") == [
        (week(0), "often", 3, 3, "no results")
    ]
    sql = "select string_agg(query, ', ' order by query) from content_gaps"
    assert value_of(rows, sql, ModelSettings(gap_visits=2)) == "often, twice"


def test_searches_of_one_visit_are_one_visit() -> None:
    rows = {"searches": [search(f"s{n}", "10:00:00", numberOfResults="0") for n in range(9)]}
    assert gaps_of(rows, "query") == []


def test_a_query_that_got_a_click_after_a_facet_is_no_gap() -> None:
    visits = [{"visitId": f"v{n}"} for n in range(3)]
    rows: Rows = {
        "searches": [
            *(search(f"s{n}", "10:00:00", **visit) for n, visit in enumerate(visits)),
            *(
                search(f"f{n}", "10:01:00", actionCause="facetSelect", **visit)
                for n, visit in enumerate(visits)
            ),
        ],
        "clicks": [click(f"c{n}", "10:02:00", f"f{n}", **v) for n, v in enumerate(visits)],
    }
    assert gaps_of(rows, "query") == []
    rows["clicks"] = []
    assert gaps_of(rows, "query, visits, searches, gap") == [("vpn", 3, 6, "no success")]


def test_a_query_is_a_gap_for_one_reason() -> None:
    rows = merged(
        [
            asked("half empty", 0, 4, good=2, results=0),
            asked("less than half empty", 0, 5, good=3, results=0),
            asked("four of five fail", 0, 5, good=1),
            asked("three of four fail", 0, 4, good=1),
            asked("rank 11", 0, 3, good=3, rank=11),
            asked("rank 10", 0, 3, good=3, rank=10),
        ]
    )
    assert gaps_of(rows, "query, gap") == [
        ("four of five fail", "no success"),
        ("half empty", "no results"),
        ("rank 11", "low ranks"),
    ]


def test_a_gap_opens_once_and_closes_once() -> None:
    rows = merged(
        [
            asked("x", 0, 3, good=3),
            asked("x", 1, 3, results=0),
            asked("x", 2, 3),
            asked("x", 3, 3, good=3),
            asked("x", 4, 3, good=3),
        ]
    )
    assert gaps_of(rows, "week, gap, former_gap, opened, closed") == [
        (week(1), "no results", None, True, False),
        (week(2), "no success", "no results", False, False),
        (week(3), None, "no success", False, True),
    ]


@pytest.mark.parametrize(("later", "closed"), [(1, True), (4, True), (5, False)])
def test_a_gap_is_remembered_for_four_weeks(later: int, closed: bool) -> None:
    rows = merged([asked("x", 0, 3, results=0), asked("x", later, 3, good=3)])
    assert gaps_of(rows, "week, closed") == [(week(0), False), *[(week(later), True)] * closed]
    rows = merged([asked("x", 0, 3, results=0), asked("x", later, 3, results=0)])
    assert gaps_of(rows, "opened") == [(True,), (not closed,)]


def test_a_week_in_which_a_query_is_asked_too_rarely_is_passed_over() -> None:
    rows = merged(
        [asked("x", 0, 3, results=0), asked("x", 1, 2, good=2), asked("x", 2, 3, results=0)]
    )
    assert gaps_of(rows, "week, opened, closed") == [
        (week(0), True, False),
        (week(2), False, False),
    ]


def test_what_no_visitor_asked_is_no_gap() -> None:
    columns: dict[str, dict[str, str | None]] = {
        "asked": {},
        " ": {},
        "robot": BOT,
        "internal": {"isInternal": "t"},
        "automatic": {"actionCause": "searchboxAsYouType"},
        "refined": {"actionCause": "facetSelect"},
        "unknown cause": {"actionCause": "ownCause"},
        "no cause": {"actionCause": None},
    }
    searches = [
        search(
            f"{query} {n}",
            "10:00:00",
            query,
            **{**own, "numberOfResults": "0", "visitId": f"{query} {n}"},
        )
        for query, own in columns.items()
        for n in range(3)
    ]
    assert gaps_of({"searches": searches}, "query") == [("asked",)]


def test_a_share_has_the_interval_of_wilson() -> None:
    # 9 of 10: the textbook's interval is 59.6 % to 98.2 %
    [(share, low, high)] = gaps_of(
        asked("x", 0, 10, good=1),
        "share_without_success, share_without_success_low, share_without_success_high",
    )
    assert share == 0.9
    assert low == pytest.approx(0.596, abs=0.0005)
    assert high == pytest.approx(0.982, abs=0.0005)


def test_a_week_begins_on_monday() -> None:
    sunday, monday = "2026-04-05 23:59:59.999", "2026-04-06 00:00:00.001"
    times = [sunday] * 3 + [monday] * 3
    rows = {
        "searches": [
            search(f"s{n}", time, numberOfResults="0", visitId=f"v{n}")
            for n, time in enumerate(times)
        ]
    }
    assert gaps_of(rows, "week, visits, opened") == [(week(-1), 3, True), (week(0), 3, False)]


def test_each_of_the_many_cases_is_a_gap_in_the_weeks_in_which_it_should_be() -> None:
    changes = gaps_of(gaps(), "query, cast(date_diff('day', date '2026-04-06', week) / 7 as int)")
    assert changes == [
        ("beyond the first page", 0),
        ("changes its reason", 0),
        ("closes", 0),
        ("edge", 0),
        ("forgotten", 0),
        ("four of five fail", 0),
        ("half of it is empty", 0),
        ("opens again", 0),
        ("rare in between", 0),
        ("stays", 0),
        ("changes its reason", 1),
        ("closes", 1),
        ("opens", 1),
        ("stays", 1),
        ("rare in between", 4),
        ("opens again", 5),
    ]
