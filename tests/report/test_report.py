"""Every number on a page is the answer of a query over the models, written here anew."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.report.conftest import END, START
from tests.report.pages import Page, ask, number_in, page_of
from tests.sql.event_rows import click, merged, search
from tests.sql.warehouse import Rows

BEFORE = START - (END - START)
NOW = f"is_person and day >= date '{START}' and day < date '{END}'"
FORMER = f"is_person and day >= date '{BEFORE}' and day < date '{START}'"
WEEKS = f"week >= date '{START}' and week < date '{END}'"


def value(sql: str) -> float:
    [[found]] = ask(sql)
    return float(found)


def test_each_tile_shows_a_measure_of_people_in_the_period(page: Page) -> None:
    expected = {
        "Searches": f"select count(*) from search_outcomes where {NOW}",
        "Visits": f"select count(*) from visits where {NOW}",
        "Visitors": "select count(distinct coalesce(visitor_id, visit_id)) from visits"
        f" where {NOW}",
        "Search clickthrough": f"select 100 * avg(has_click::int) from search_outcomes where {NOW}",
        "Visit clickthrough": f"select 100 * avg(has_click::int) from visits where {NOW}",
        "Average click rank": "select avg(event_result_rank) from all_events where event_search_id"
        f" in (select search_id from search_outcomes where {NOW})",
        "Without results": "select 100 * avg((has_results is not distinct from false)::int)"
        f" from search_outcomes where {NOW}",
        "Median time to click": "select median(ms_to_first_click) / 1000 from query_visits"
        f" where {NOW} and ms_to_first_click >= 0",
        "Answered": "select 100 * avg((outcome = 'answered')::int) from search_outcomes"
        f" where {NOW}",
    }
    tiles = [card for card in page.cards if card.value]
    assert [tile.title for tile in tiles] == list(expected)
    for tile in tiles:
        shown = number_in(tile.value)
        digits = len(tile.value.split("\N{NO-BREAK SPACE}")[0].partition(".")[2])
        assert shown == pytest.approx(value(expected[tile.title]), abs=0.51 * 10**-digits)


def test_each_change_is_against_the_days_before(page: Page) -> None:
    now, before = (value(f"select count(*) from visits where {each}") for each in (NOW, FORMER))
    assert page.tile("Visits").change.startswith(f"{'+' if now > before else '−'}")  # noqa: RUF001
    assert number_in(page.tile("Visits").change) == round(abs(100 * (now - before) / before))


def test_a_query_that_is_shown_gives_what_is_shown(page: Page) -> None:
    for card in page.tables:
        if card.title != "Timeline":
            assert len(ask(card.sql)) == len(card.cells) - 1, card.title
    for title in ("Searches", "Visits"):
        tile = page.tile(title)
        found = records(tile.sql)
        [shown] = [row[title.lower()] for row in found if row["period"] == "now"]
        assert f"{shown:,}" == tile.value


def records(sql: str) -> list[dict[str, Any]]:
    with duckdb.connect("coveo.duckdb", read_only=True) as connection:
        result = connection.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_a_trend_has_a_point_a_day_with_the_same_weekday_before(page: Page) -> None:
    chart = page.chart("Searches")
    counts = dict(
        ask(f"select day, count(*) from search_outcomes where {NOW} or {FORMER} group by day")
    )
    days = [START + timedelta(days=number) for number in range(7)]
    assert chart.labels == [
        f"{day:%a} {day.day} {day:%b}: {counts[day]:,} (before, {then:%a} {then.day} {then:%b}:"
        f" {counts[then]:,})"
        for day in days
        for then in [day - timedelta(days=7)]
    ]


@pytest.mark.parametrize(
    ("title", "counted"),
    [("Visits", "count(*)"), ("Visitors", "count(distinct coalesce(visitor_id, visit_id))")],
)
def test_visits_and_visitors_are_counted_by_the_day_on_which_they_began(
    page: Page, title: str, counted: str
) -> None:
    days = ask(f"select {counted} from visits where {NOW} group by day order by day")
    shown = [label.split(": ")[1].split(" (")[0] for label in page.chart(title).labels]
    assert shown == [f"{count:,}" for (count,) in days]


def test_a_trend_of_a_share_divides_what_it_counts(page: Page) -> None:
    chart = page.chart("Search clickthrough")
    shares = [
        f"{100 * share:.1f}\N{NO-BREAK SPACE}%"
        for (share,) in ask(
            f"select avg(has_click::int) from search_outcomes where {NOW} group by day order by day"
        )
    ]
    assert [label.split(": ")[1].split(" (")[0] for label in chart.labels] == shares


def test_the_funnel_counts_questions(page: Page) -> None:
    asked, no_results, found = ask(
        "select count(*), count(*) filter (outcome = 'no_results'), count(*) filter (is_successful)"
        f" from query_visits where {NOW} and query <> ''"
    )[0]
    assert [number_in(label) for label in page.chart("How far questions get").labels] == [
        *(asked, asked - no_results, found)
    ]
    ends = {
        label.split(":")[0]: number_in(label) for label in page.chart("How questions end").labels
    }
    assert ends["No results"] == no_results
    assert sum(ends.values()) == asked


def test_clicks_by_rank_and_by_source_are_those_of_the_searches(page: Page) -> None:
    clicks = (
        "from all_events where event_click_kind in ('opened', 'quick_viewed')"
        f" and event_search_id in (select search_id from search_outcomes where {NOW})"
    )
    ranks = ask(
        f"select least(event_result_rank, 11) as rank, count(*) {clicks}"
        " and event_result_rank is not null group by 1 order by 1"
    )
    labels = page.chart("Clicks by rank").labels
    assert [number_in(label.split(": ")[1]) for label in labels] == [count for _, count in ranks]
    sources = ask(f"select source_name, count(*) as n {clicks} group by 1 order by n desc, 1")
    assert [label.split(" (")[0] for label in page.chart("Clicks by source").labels] == [
        f"{source}: {count:,}" for source, count in sources
    ]


def test_the_hours_add_up_to_all_searches(page: Page) -> None:
    labels = page.chart("Searches by hour").labels
    assert len(labels) == 7 * 24
    total = sum(number_in(label.split("00: ")[-1]) for label in labels)
    assert total == value(f"select count(*) from search_outcomes where {NOW}")


def test_the_top_queries_are_those_of_most_visits(page: Page) -> None:
    expected = ask(
        "select query, count(*), 100 * avg(is_successful::int),"
        f" 100 * avg((outcome = 'no_results')::int) from query_visits where {NOW} and query <> ''"
        " group by query having count(*) > 1 order by count(*) desc, query limit 50"
    )
    shown = page.table("Top queries").cells[1:]
    assert [(row[0], number_in(row[1])) for row in shown] == [
        (query, visits) for query, visits, _, _ in expected
    ]
    for row, (_, _, success, without) in zip(shown, expected, strict=True):
        assert number_in(row[3]) == pytest.approx(success, abs=0.051)
        assert number_in(row[4]) == pytest.approx(without, abs=0.051)


def test_the_documents_are_those_of_most_clicks(page: Page) -> None:
    expected = ask(
        "select max(document_title), count(*), count(distinct visit_id), avg(event_result_rank)"
        " from all_events where event_click_kind in ('opened', 'quick_viewed')"
        f" and event_search_id in (select search_id from search_outcomes where {NOW})"
        " group by event_document_id having count(distinct visit_id) > 1"
        " order by count(*) desc, event_document_id limit 50"
    )
    shown = page.table("Top documents").cells[1:]
    assert [(row[0], number_in(row[2]), number_in(row[3])) for row in shown] == [
        (title, clicks, visits) for title, clicks, visits, _ in expected
    ]


@pytest.mark.parametrize(
    ("title", "place", "measure", "rows"),
    [
        ("Content gaps", 5, "visits_without_success", f"content_gaps where {WEEKS}"),
        ("Facets", 2, "selections", f"facet_usage where visits > 1 and {WEEKS}"),
        ("A/B tests", 4, "searches", f"ab_tests where {WEEKS}"),
        (
            *("Cited documents", 2, "citations"),
            f"cited_documents where visits > 1 and document_id <> '' and {WEEKS}",
        ),
    ],
)
def test_what_models_count_by_week_is_of_the_weeks_of_the_period(
    page: Page, title: str, place: int, measure: str, rows: str
) -> None:
    expected = ask(f"select {measure} from {rows} order by {measure} desc limit 50")
    shown = [number_in(row[place]) for row in page.table(title).cells[1:]]
    assert shown
    assert sorted(shown, reverse=True) == [count for (count,) in expected]


def test_the_data_itself_is_counted_over_all_events(page: Page) -> None:
    assert page.facts["Newest search"].startswith("16")
    searches = value("select count(*) from all_events where c_event_type = 'Search'")
    assert f"({searches:,.0f} since" in page.facts["Newest search"]
    [[lost, clicks]] = ask(
        "select sum(clicks_without_search), sum(clicks) from daily_metrics"
        f" where day >= date '{START}' and day < date '{END}'"
    )
    assert page.facts["Clicks without their search"].startswith(f"{lost} (")
    assert clicks > lost > 0
    unknown = ask(
        "select count(*) from all_events where event_cause_kind = 'unknown'"
        f" and event_day >= date '{START}' and event_day < date '{END}'"
    )[0][0]
    shown = [row for row in page.table("Causes that no list knows").cells[1:] if row[0] == "Search"]
    assert sum(number_in(row[2]) for row in shown) == unknown > 0


def test_every_card_says_its_definition_and_its_query(page: Page) -> None:
    assert len(page.cards) > 25
    for card in page.cards:
        assert card.definition.endswith("."), card.title
        assert "from coveo_ua." in card.sql, card.title


def test_a_change_beyond_chance_has_a_tone_and_one_within_is_grey() -> None:
    def day_of(number: int, day: str, cause: str) -> Rows:
        """Returns visits on a day that have one search each, half of them with a click."""
        keys = [f"{day}-{index}" for index in range(number)]
        found = [
            merged(
                [
                    {
                        "searches": [
                            search(
                                key,
                                f"{day} 10:00:00",
                                visitId=key,
                                clientId=key,
                                visitorId=key,
                            )
                        ],
                        "clicks": [
                            click(
                                key,
                                f"{day} 10:00:05",
                                key,
                                visitId=key,
                                visitorId=key,
                            )
                        ]
                        if index % 10 < int(cause)
                        else [],
                    }
                ]
            )
            for index, key in enumerate(keys)
        ]
        return merged(found)

    page = page_of(
        merged(
            (
                day_of(60, "2026-03-08", "9"),
                day_of(64, "2026-03-09", "2"),
                day_of(1, "2026-03-07", "1"),
                day_of(1, "2026-03-10", "1"),
            )
        ),
        start=date(2026, 3, 9),
        end=date(2026, 3, 10),
    )
    assert page.tile("Search clickthrough").tone == "tile bad"
    visits = page.tile("Visits")
    assert visits.value == "64"
    assert visits.tone == "tile noise"
    assert "may be chance" in visits.change


def test_the_same_days_give_the_same_page(folder: Path) -> None:
    first, second = ((folder / f"{name}.html").read_text("utf-8") for name in ("first", "second"))
    assert first.partition("<footer>")[0] == second.partition("<footer>")[0]
