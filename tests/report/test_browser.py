"""A report in a real browser, without a network."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from coveo_source.report import Origin, ReportRequest
from tests.report.pages import database_of, html_of, origin
from tests.sql.event_rows import click, custom, merged, search
from tests.sql.warehouse import Rows

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium: apt-get install chromium"),
]

SECTIONS = [
    *("overview", "trends", "questions", "clicks", "queries", "documents", "facets", "tests"),
    *("answers", "cases", "visit", "data"),
]
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
LIGHT, DARK = {"color_scheme": "light"}, {"color_scheme": "dark"}
NARROW = {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    # as root it cannot have a sandbox
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any, file: Path, **options: Any) -> Iterator[Any]:
    """Opens a page, and checks that it asks for nothing, says nothing in the console, and stays."""
    said: list[str] = []
    asked: list[str] = []
    context = browser.new_context(offline=True, reduced_motion="reduce", **options)
    tab = context.new_page()
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    yield tab
    assert said == []
    assert asked == [file.as_uri()]
    context.close()


@pytest.fixture
def file(folder: Path) -> Path:
    return folder / "first.html"


@pytest.mark.parametrize("options", [LIGHT, DARK, NARROW], ids=["light", "dark", "narrow"])
def test_every_section_is_seen(browser: Any, file: Path, options: dict[str, Any]) -> None:
    with opened(browser, file, **options) as tab:
        assert tab.eval_on_selector_all("section", "all => all.map(each => each.id)") == SECTIONS
        for section in SECTIONS:
            tab.click(f"nav a[href='#{section}']")
            assert tab.locator(f"#{section} h2").is_visible()
        for drawing in tab.locator(".chart svg").all():
            box = drawing.bounding_box()
            assert box["width"] > 200
            assert box["height"] > 40
        width = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1]


def test_colours_follow_the_light_or_dark_of_the_reader(browser: Any, file: Path) -> None:
    seen = []
    for options in (LIGHT, DARK):
        with opened(browser, file, **options) as tab:
            colours = [
                tab.evaluate(f"getComputedStyle(document.querySelector('{place}')).{what}")
                for place, what in (
                    ("body", "backgroundColor"),
                    ("body", "color"),
                    ("#clicks [aria-roledescription=bar]", "fill"),
                    ("#trends text", "fill"),
                )
            ]
            seen.append(colours)
    assert all(light != dark for light, dark in zip(*seen, strict=True))


def test_a_table_is_sorted_by_the_column_that_is_clicked(browser: Any, file: Path) -> None:
    with opened(browser, file) as tab:
        table = tab.locator("[data-table='Top queries']")
        cells = "all => all.map(each => each.innerText)"

        def column(place: int) -> list[str]:
            found: list[str] = table.locator(f"td:nth-child({place})").evaluate_all(cells)
            return found

        queries, ranks = column(1), column(6)
        table.locator("th:nth-child(6) button").click()
        known = [float(rank) for rank in column(6) if rank]
        assert known == sorted(known, reverse=True)
        assert sorted(column(6)) == sorted(ranks)
        assert table.locator("th:nth-child(6)").get_attribute("aria-sort") == "descending"
        table.locator("th:nth-child(6) button").click()
        known = [float(rank) for rank in column(6) if rank]
        assert known == sorted(known)
        table.locator("th:nth-child(1) button").press("Enter")
        assert column(1) != queries
        assert sorted(column(1)) == sorted(queries)
        assert column(1)[0].lower() <= column(1)[-1].lower()


def test_pointing_at_a_chart_shows_its_values(browser: Any, file: Path) -> None:
    with opened(browser, file) as tab:
        tip = tab.locator("#tip")
        assert not tip.is_visible()
        for chart, mark in (("Searches", "circle"), ("Clicks by rank", "bar")):
            found = tab.locator(f"[data-chart='{chart}'] [aria-roledescription={mark}]").nth(2)
            found.scroll_into_view_if_needed()
            # scrolling hides what is shown, and is told with the next frame
            tab.evaluate(TWO_FRAMES)
            found.hover(force=True)
            assert tip.is_visible()
            assert tip.inner_text() == found.get_attribute("aria-label")
        tab.mouse.move(1, 1)
        assert not tip.is_visible()


def test_pointing_at_a_tile_shows_its_definition_and_its_change(browser: Any, file: Path) -> None:
    with opened(browser, file) as tab:
        tile = tab.locator(".tile", has_text="Average click rank")
        tile.locator("h3").hover()
        assert "lower is better" in tab.locator("#tip").inner_text()
        tile.locator(".change").hover()
        assert "with a confidence of 95 %" in tab.locator("#tip").inner_text()


def test_a_query_can_be_unfolded_and_copied(browser: Any, file: Path) -> None:
    with opened(browser, file) as tab:
        source = tab.locator("[data-table='Top queries'] details")
        assert not source.locator("pre").is_visible()
        source.locator("summary").click()
        assert "from coveo_ua.query_visits" in source.locator("pre").inner_text()
        source.locator(".copy").click()
        assert source.locator(".copy").inner_text() == "Copied"


def test_it_can_be_printed(browser: Any, file: Path) -> None:
    with opened(browser, file) as tab:
        assert tab.pdf(format="A4").startswith(b"%PDF")
        tab.emulate_media(media="print")
        assert not tab.locator("nav").is_visible()
        assert not tab.locator("details").first.is_visible()
        assert tab.locator("#tests table").is_visible()


HOSTILE = [
    "<script>window.hacked = 1; alert(1)</script>",
    "\"><img src=https://evil.example/x onerror='window.hacked = 1'>",
    "</code></pre><iframe src=https://evil.example></iframe>",
    "</script><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %} ${7*7} %s {start}",
    "javascript:alert(document.cookie)",
    "<style>@import 'https://evil.example/x.css'</style>",
    "]]></text><a href='javascript:alert(1)'>click</a> &lt;b&gt;",
]


def hostile_rows() -> Rows:
    """Returns visits whose every text is hostile, each text in two visits."""
    rows = []
    for number, text in enumerate(HOSTILE * 2):
        visit = {"visitId": f"v{number}{text}", "username": text, "originLevel1": text}
        details = json.dumps({"facetTitle": text, "facetValue": text})
        test = {"splitTestRunName": text, "splitTestRunVersion": text, "queryPipeline": text}
        rows.append(
            {
                "searches": [
                    search(f"s{number}", "10:00:00", text, **visit, **test),
                    search(
                        f"f{number}",
                        "10:00:02",
                        text,
                        actionCause="facetSelect",
                        customDatas=details,
                        **visit,
                    ),
                    search(f"u{number}", "10:00:03", text, actionCause=text, **visit),
                ],
                "clicks": [
                    click(
                        f"c{number}",
                        "10:00:05",
                        f"s{number}",
                        documentTitle=text,
                        systemUriHash=text,
                        sourceName=text,
                        **visit,
                    )
                ],
                "custom_events": [
                    custom(f"e{number}", "10:00:06", f"s{number}", eventValue=text, **visit)
                ],
            }
        )
    return merged(rows)


@pytest.mark.parametrize("with_names", [False, True])
def test_what_a_stranger_typed_is_only_shown(
    browser: Any, tmp_path: Path, with_names: bool
) -> None:
    visit = f"v0{HOSTILE[0]}"
    named = Origin(HOSTILE[0], "duckdb", HOSTILE[1], HOSTILE[2], origin().settings, "1.0")
    with database_of(hostile_rows()) as place:
        request = ReportRequest(with_names=with_names, visit=visit)
        html = html_of(place, request, named)
    file = tmp_path / "hostile.html"
    file.write_text(html, encoding="utf-8")
    with opened(browser, file) as tab:
        assert tab.evaluate("window.hacked") is None
        assert tab.locator("img, iframe, svg a, object, link, base").count() == 0
        assert tab.locator("script").count() == 1
        assert tab.locator("style").count() == 1
        cells = tab.locator("#queries td:first-child").all_inner_texts()
        assert {text.lower() for text in HOSTILE} <= set(cells)
        titles = tab.locator("#documents td:first-child").all_inner_texts()
        assert set(HOSTILE) <= set(titles)
        for mark in tab.locator("#clicks [aria-roledescription=bar]").all():
            mark.hover(force=True)
        tab.locator("#queries th button").first.click()
        assert tab.evaluate("window.hacked") is None


def test_the_page_allows_no_script_but_its_own(browser: Any, tmp_path: Path, file: Path) -> None:
    """Whatever gets into the page in spite of all is stopped by its policy."""
    html = file.read_text(encoding="utf-8")
    added = tmp_path / "added.html"
    inserted = (
        "<script>window.hacked = 1</script><img src='https://evil.example/x'"
        " onerror='window.hacked = 1'><main>"
    )
    added.write_text(html.replace("<main>", inserted, 1), encoding="utf-8")
    context = browser.new_context()
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(added.as_uri())
    tab.evaluate(TWO_FRAMES)
    assert tab.evaluate("window.hacked") is None
    blocked = [text for text in said if "violates the following Content Security Policy" in text]
    assert sum("inline script" in text for text in blocked) == 1
    assert sum("https://evil.example/x" in text for text in blocked) == 1
    context.close()
