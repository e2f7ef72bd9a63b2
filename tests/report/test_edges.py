"""Reports of little or odd data are sensible pages."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from coveo_source.demo import DemoServer, Traffic
from coveo_source.exceptions import PipelineMismatch, SettingError
from coveo_source.model_settings import ModelSettings
from coveo_source.report import ReportRequest
from tests.report.pages import Page, database_of, html_of, page_of, read_page
from tests.sql.event_rows import click, custom, merged, search
from tests.sql.warehouse import Rows
from tests.support.assertions import invoke
from tests.support.cli_user import PIPELINE, load
from tests.support.clock import Clock

OPTIONAL = {"facets", "tests", "answers", "cases", "visit"}
"""Sections that only some data has."""
ALWAYS = ["overview", "trends", "questions", "clicks", "queries", "documents", "data"]


def one_visit() -> Rows:
    """Returns a visit with a query, a click on its second result, and paging."""
    return {
        "searches": [search("s1", "10:00:00", "vpn")],
        "clicks": [click("c1", "10:00:19.623", "s1", clickRank="2")],
        "custom_events": [custom("e1", "10:00:25", "s1")],
    }


def test_a_report_of_one_visit_shows_it_and_compares_it_with_nothing() -> None:
    page = page_of(one_visit())
    assert page.sections == [*ALWAYS]
    assert page.tile("Searches").value == page.tile("Visits").value == "1"
    assert page.tile("Average click rank").value == "2.00"
    assert page.tile("Median time to click").value == "19.5\N{NO-BREAK SPACE}s"
    assert page.tile("Without results").value == "0.0\N{NO-BREAK SPACE}%"
    assert [card.change for card in page.cards if card.value] == [""] * 8
    assert page.chart("Clicks by rank").labels == ["Rank 2: 1 click, 100.0\N{NO-BREAK SPACE}%"]
    assert "No day is loaded in full yet" in page.notes[0]


@pytest.mark.parametrize(
    ("seconds", "median"), [((9, 2, 4), "4.3"), ((9, 2, 4, 30), "6.8"), ((3,), "3.3")]
)
def test_the_median_is_the_middle_one_or_that_of_the_two_in_the_middle(
    seconds: tuple[int, ...], median: str
) -> None:
    rows = merged(
        {
            "searches": [search(f"s{n}", "10:00:00", "vpn", visitId=f"v{n}")],
            "clicks": [click(f"c{n}", f"10:00:{each:02}", f"s{n}", visitId=f"v{n}")],
        }
        for n, each in enumerate(seconds)
    )
    assert page_of(rows).tile("Median time to click").value == f"{median}\N{NO-BREAK SPACE}s"


def test_the_only_visit_is_shown_with_names() -> None:
    page = page_of(one_visit(), with_names=True)
    assert page.sections == [*ALWAYS[:-1], "visit", "data"]
    assert [row[4] for row in page.table("Timeline").cells[1:]] == [
        "vpn",
        "VPN manual",
        "pagerNext",
    ]
    assert page.facts["User"] == "ann"


def test_a_report_of_events_without_searches_has_no_shares() -> None:
    page = page_of({"custom_events": [custom("e1", "10:00:00", None)]})
    assert page.tile("Searches").value == "0"
    assert page.tile("Search clickthrough").value == "n/a"
    assert page.tile("Visits").value == "1"
    assert "questions" not in page.sections


def test_a_report_of_robots_alone_counts_nobody() -> None:
    bot = {"deviceCategory": "Bot"}
    page = page_of({"searches": [search("s1", "10:00:00", "vpn", **bot)]})
    assert page.tile("Visits").value == page.tile("Searches").value == "0"
    assert page.facts["Robots"].startswith("1 ")


def test_a_period_without_searches_is_compared_with_one_that_had_some() -> None:
    rows: Rows = merged(
        (
            one_visit(),
            {"custom_events": [custom("e0", "2026-03-01 00:00:00.001", None)]},
            {"custom_events": [custom("e9", "2026-03-20 00:00:00.001", None)]},
        )
    )
    page = page_of(rows, start=date(2026, 3, 9), end=date(2026, 3, 13))
    assert page.tile("Searches").value == "0"
    assert page.tile("Searches").change.startswith("−100")  # noqa: RUF001
    assert page.tile("Searches").tone == "tile noise"
    assert page.tile("Search clickthrough").value == "n/a"


def test_texts_that_are_too_long_or_cannot_be_seen_are_shown_short_and_clean() -> None:
    query = "long " * 20_000 + "\x00\x07\u202e end"
    rows = merged(
        [
            {
                "searches": [search(f"s{n}", "10:00:00", query, visitId=f"v{n}")],
                "clicks": [
                    click(
                        f"c{n}",
                        "10:00:05",
                        f"s{n}",
                        visitId=f"v{n}",
                        documentTitle="\u202etitle\x07",
                        sourceName="source\x0b\x08 \ud7ff",
                    )
                ],
            }
            for n in range(2)
        ]
    )
    page = page_of(rows)
    [row] = page.table("Top queries").cells[1:]
    assert len(row[0]) == 160
    assert row[0].startswith("long long")
    assert page.table("Top documents").cells[1][0] == "title"
    assert page.chart("Clicks by source").labels


def test_days_are_those_of_the_time_zone() -> None:
    late = {"searches": [search("s1", "2026-03-09 03:30:00", "vpn")]}
    page = page_of(late, ModelSettings(time_zone="America/Montreal"))
    assert page.facts["Newest search"].startswith("8\N{NO-BREAK SPACE}March")
    assert page.chart("Searches").labels == ["Sun 8 Mar: 1"]


@pytest.mark.parametrize(
    "visit",
    ["no-such-visit", "' or 1=1 --", "\\' or 1=1 --", "x from visits join clicks", "{start}"],
)
def test_a_visit_that_is_not_there_is_an_error(visit: str) -> None:
    with database_of(one_visit()) as place, pytest.raises(SettingError) as caught:
        html_of(place, ReportRequest(visit=visit))
    assert caught.value.value == visit


def test_a_visit_is_found_whatever_its_id_is() -> None:
    visit = "it's {start} from visits -- \\' \n"
    rows = {"searches": [search("s1", "10:00:00", "vpn", visitId=visit)]}
    page = page_of(rows, visit=visit, with_names=True)
    assert len(page.table("Timeline").cells) == 2


def test_a_model_that_is_missing_is_named() -> None:
    with database_of(one_visit()) as place:
        place.dataset.execute("drop table coveo_ua.case_visits")
        with pytest.raises(PipelineMismatch, match=r"case_visits.*dlt pipeline coveo models"):
            html_of(place, ReportRequest())


def shown_everywhere(page: Page) -> str:
    cards = [(card.definition, card.cells, card.labels, card.sql) for card in page.cards]
    return json.dumps([cards, page.facts, page.notes])


def test_who_somebody_is_and_what_only_one_visit_did_is_left_out_unless_wanted() -> None:
    secret = {"username": "ann.secret", "visitorId": "visitor-secret", "userId": "user-secret"}
    rows = merged(
        [
            {
                "searches": [
                    search("s1", "10:00:00", "vpn", visitId="v-secret", **secret),
                    search("s2", "10:01:00", "query-secret", visitId="v-secret", **secret),
                    search("s3", "10:00:00", "vpn", visitId="v-other"),
                ],
                "clicks": [
                    click("c1", "10:00:05", "s1", visitId="v-secret", **secret),
                    click(
                        *("c2", "10:01:05", "s2"),
                        visitId="v-secret",
                        documentTitle="title-secret",
                        systemUriHash="hash-secret",
                        **secret,
                    ),
                    click("c3", "10:00:05", "s3", visitId="v-other"),
                ],
                "custom_events": [
                    custom("e1", "10:02:00", "s2", visitId="v-secret", eventValue="value-secret")
                ],
            }
        ]
    )
    plain = page_of(rows, visit="v-secret")
    assert "secret" not in shown_everywhere(plain)
    assert [row[4] for row in plain.table("Timeline").cells[1:]] == [
        *("vpn", "VPN manual"),
        *["(only in this visit)"] * 3,
    ]
    named = shown_everywhere(page_of(rows, visit="v-secret", with_names=True))
    for text in ("ann.secret", "visitor-secret", "v-secret", "query-secret", "title-secret"):
        assert text in named


@pytest.mark.slow
def test_a_pipeline_that_found_no_event_gives_a_page_without_numbers(serve: Any) -> None:
    load(serve(Traffic(visits_per_day=0)), with_models=True, from_date="2026-03-01")
    completed = invoke(PIPELINE, "report")
    assert completed.code == 0, completed
    page = read_page(Path("report.html"))
    assert page.sections == ["overview", "data"]
    assert page.tile("Searches").value == "0"
    assert page.facts["Exports"] == "1, all counted after the load"
    assert page.table("Newest exports").cells[1][-1] == "all there"
    with duckdb.connect(f"{PIPELINE}.duckdb") as connection:
        connection.execute("update coveo_ua.exports set reconciled_at = null, searches_late = null")
    assert invoke(PIPELINE, "report").code == 0
    page = read_page(Path("report.html"))
    assert page.facts["Exports"] == "1, of which 0 were counted after the load"
    assert page.table("Newest exports").cells[1][-1] == "not yet"


@pytest.mark.slow
def test_by_default_a_report_has_the_last_full_days_and_those_before(
    serve: Any, clock: Clock
) -> None:
    server: DemoServer = serve(Traffic(seed=3, visits_per_day=5))
    load(server, with_models=True, from_date="2026-01-10")
    assert "11 February 2026 to 10 March 2026 (28 days)" in invoke(PIPELINE, "report").out
    page = read_page(Path("report.html"))
    assert page.notes == []
    assert len(page.chart("Visits").labels) == 28
