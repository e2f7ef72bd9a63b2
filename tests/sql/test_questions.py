"""The questions of `docs/questions.md`: the SQL on the page, against answers computed in Python."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.sql.events import (
    Event,
    distinct,
    events_of,
    grouped,
    mean,
    ms_between,
    of_kind,
    share,
)
from tests.sql.export_rows import demo_rows
from tests.sql.warehouse import warehouse

PAGE = Path(__file__).parents[2] / "docs" / "questions.md"
PARTS = re.compile(r"^## (\d)\. .+?```sql\n(.+?)\n```\n\n```\n(.+?)\n```\n", re.M | re.S)
QUESTIONS = {
    int(number): (sql, output) for number, sql, output in PARTS.findall(PAGE.read_text("utf-8"))
}
Loaded = tuple[list[Event], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """The events of the demo, and a database with the models over them."""
    rows = demo_rows()
    return events_of(rows), warehouse(rows)


def answer(loaded: Loaded, number: int) -> list[tuple[Any, ...]]:
    """Returns the rows that the query of a question gives."""
    return loaded[1].execute(QUESTIONS[number][0]).fetchall()


def percent(part: int, whole: int) -> Any:
    """Returns a percentage that is compared to one decimal."""
    return pytest.approx(100 * (share(part, whole) or 0), abs=0.051)


def test_the_page_asks_five_questions_and_shows_the_output_of_each() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert list(QUESTIONS) == [1, 2, 3, 4, 5]
    assert text.count("```sql") == text.count("\n## ") == 5


@pytest.mark.parametrize("number", QUESTIONS)
def test_the_output_on_the_page_has_the_columns_of_the_query(loaded: Loaded, number: int) -> None:
    columns = [column[0] for column in loaded[1].execute(QUESTIONS[number][0]).description]
    shown = [cell.strip() for cell in QUESTIONS[number][1].split("\n")[1].strip("│").split("│")]
    assert shown == columns


def test_visits_with_at_least_one_click(loaded: Loaded) -> None:
    visits = grouped(loaded[0], lambda event: event.visit).values()
    people = [events for events in visits if all(event.is_person for event in events)]
    clicked = sum(any(event.is_on_result for event in events) for events in people)
    assert answer(loaded, 1) == [(len(people), clicked, percent(clicked, len(people)))]


def test_the_share_of_searches_with_a_click_by_day_and_overall(loaded: Loaded) -> None:
    clicked = {event.search_id for event in loaded[0] if event.is_on_result}
    searches = of_kind("Search", loaded[0])
    last = max(search.day for search in searches)
    recent = [s for s in searches if s.is_person and s.day > last - timedelta(days=7)]
    days = {str(day): group for day, group in sorted(grouped(recent, lambda s: s.day).items())}
    assert len(days) == 7
    counts = {
        name: (len(group), sum(search.id in clicked for search in group))
        for name, group in {**days, "all 7 days": recent}.items()
    }
    expected = [(name, size, part, percent(part, size)) for name, (size, part) in counts.items()]
    assert answer(loaded, 2) == expected


def test_the_most_active_users_with_a_click_on_confluence(loaded: Loaded) -> None:
    users = grouped([event for event in loaded[0] if event.user], lambda event: event.user)
    clicks = {
        user: sum((event.text("sourceName") or "").startswith("Confluence") for event in events)
        for user, events in users.items()
    }
    active = [(user, len(users[user]), number) for user, number in clicks.items() if number]
    active.sort(key=lambda user: (-user[1], user[0]))
    assert len(active) > 10
    assert answer(loaded, 3) == active[:10]


def test_the_most_clicked_items_and_their_average_rank(loaded: Loaded) -> None:
    clicks = [event for event in loaded[0] if event.is_on_result and event.is_person]
    items = grouped(clicks, lambda click: click.document_id)
    ranked = sorted(items.items(), key=lambda item: (-distinct(c.id for c in item[1]), item[0]))
    expected = [
        (
            group[-1].text("documentTitle"),
            group[-1].text("sourceName"),
            len(group),
            pytest.approx(mean(click.result_rank for click in group), abs=0.0051),
        )
        for _, group in ranked[:10]
    ]
    assert answer(loaded, 4) == expected


def test_all_events_of_each_visit_in_order(loaded: Loaded) -> None:
    expected = []
    for visit, events in grouped(loaded[0], lambda event: event.visit).items():
        for number, event in enumerate(events, 1):
            gap = ms_between(events[number - 2].at, event.at) if number > 1 else None
            names = ("queryExpression", "documentTitle", "eventValue")
            what = next((event.text(name) for name in names if event.text(name)), None)
            expected.append((visit, number, event.at, event.kind, what, gap))
    assert answer(loaded, 5) == expected
