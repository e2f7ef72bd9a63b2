"""The questions of `docs/questions.md`: the SQL on the page, against answers computed in Python."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from tests.sql.edge_intents import FIRST_WEEK, asked
from tests.sql.event_rows import merged
from tests.sql.events import distinct, grouped, mean, ms_between, of_kind
from tests.sql.export_rows import demo_rows
from tests.sql.intervals import ratio
from tests.sql.questions import (
    PAGE,
    QUESTIONS,
    ROOT,
    Asked,
    asked_of,
    examples_of,
    header,
    percent,
)
from tests.sql.reference import Search, people, search_outcomes
from tests.sql.reference_answers import cited_documents, generated_answers
from tests.sql.reference_cases import case_visits
from tests.sql.reference_clicks import added_up
from tests.sql.reference_experiments import in_test, mixed_visitors
from tests.sql.reference_intents import content_gaps, query_visits
from tests.sql.reference_totals import count_with
from tests.sql.reference_usage import facet_usage


@pytest.fixture(scope="module")
def demo() -> Asked:
    return asked_of(demo_rows())


def recent_gaps(demo: Asked) -> list[list[Search]]:
    """Returns the gaps of the last four weeks, by query, each from week to week."""
    gaps = content_gaps(demo.rows).values()
    last = max(gap["week"] for gap in gaps)
    recent = [gap for gap in gaps if gap["week"] > last - timedelta(days=28)]
    recent.sort(key=lambda gap: gap["week"])
    return list(grouped(recent, lambda gap: gap["query"]).values())


def last(rows: Iterable[Search], name: str) -> Any:
    """Returns the last value of a column that is not None; None without one."""
    return next((row[name] for row in reversed(list(rows)) if row[name] is not None), None)


def test_the_page_asks_twelve_questions_and_shows_the_output_of_each() -> None:
    assert list(QUESTIONS) == list(range(1, 13))
    assert PAGE.count("```sql") == PAGE.count("\n## ") == 12


@pytest.mark.parametrize("number", QUESTIONS)
def test_the_output_on_the_page_has_the_columns_of_the_query(demo: Asked, number: int) -> None:
    columns = [column[0] for column in demo.database.execute(QUESTIONS[number][0]).description]
    assert header(QUESTIONS[number][1]) == columns


def test_the_readme_answers_the_question_about_gaps_in_the_same_way(demo: Asked) -> None:
    [(sql, output)] = examples_of(ROOT / "README.md")
    result = demo.database.execute(sql)
    assert header(output) == [column[0] for column in result.description]
    rows = result.fetchall()
    assert rows == demo.answer(6)[: len(rows)]


def test_visits_with_at_least_one_click(demo: Asked) -> None:
    visits = grouped(demo.events, lambda event: event.visit).values()
    persons = [events for events in visits if all(event.is_person for event in events)]
    clicked = sum(any(event.is_on_result for event in events) for events in persons)
    assert demo.answer(1) == [(len(persons), clicked, percent(clicked, len(persons)))]


def test_the_share_of_searches_with_a_click_by_day_and_overall(demo: Asked) -> None:
    clicked = {event.search_id for event in demo.events if event.is_on_result}
    searches = of_kind("Search", demo.events)
    last = max(search.day for search in searches)
    recent = [s for s in searches if s.is_person and s.day > last - timedelta(days=7)]
    days = {str(day): group for day, group in sorted(grouped(recent, lambda s: s.day).items())}
    assert len(days) == 7
    counts = {
        name: (len(group), sum(search.id in clicked for search in group))
        for name, group in {**days, "all 7 days": recent}.items()
    }
    expected = [(name, size, part, percent(part, size)) for name, (size, part) in counts.items()]
    assert demo.answer(2) == expected


def test_the_most_active_users_with_a_click_on_confluence(demo: Asked) -> None:
    users = grouped([event for event in demo.events if event.user], lambda event: event.user)
    clicks = {
        user: sum((event.text("sourceName") or "").startswith("Confluence") for event in events)
        for user, events in users.items()
    }
    active = [(user, len(users[user]), number) for user, number in clicks.items() if number]
    active.sort(key=lambda user: (-user[1], user[0]))
    assert len(active) > 10
    assert demo.answer(3) == active[:10]


def test_the_most_clicked_items_and_their_average_rank(demo: Asked) -> None:
    clicks = [event for event in demo.events if event.is_on_result and event.is_person]
    items = grouped(clicks, lambda click: click.document_id)
    ranked = sorted(items.items(), key=lambda item: (-distinct(c.id for c in item[1]), item[0]))
    assert distinct(click.week for click in ranked[0][1]) > 1
    expected = [
        (
            group[-1].text("documentTitle"),
            group[-1].text("sourceName"),
            len(group),
            pytest.approx(mean(click.result_rank for click in group), abs=0.0051),
        )
        for _, group in ranked[:10]
    ]
    assert demo.answer(4) == expected


def test_all_events_of_each_visit_in_order(demo: Asked) -> None:
    expected = []
    for visit, events in grouped(demo.events, lambda event: event.visit).items():
        for number, event in enumerate(events, 1):
            gap = ms_between(events[number - 2].at, event.at) if number > 1 else None
            names = ("queryExpression", "documentTitle", "eventValue")
            what = next((event.text(name) for name in names if event.text(name)), None)
            expected.append((visit, number, event.at, event.kind, what, gap))
    assert demo.answer(5) == expected


def test_gaps_that_are_still_open(demo: Asked) -> None:
    expected = [
        (
            weeks[-1]["query"],
            weeks[-1]["gap"],
            sum(week["gap"] is not None for week in weeks),
            *added_up(weeks, "visits", "visits_without_success").values(),
        )
        for weeks in recent_gaps(demo)
        if not weeks[-1]["closed"]
    ]
    expected.sort(key=lambda gap: (-gap[4], gap[0]))
    assert max(gap[2] for gap in expected) > 1
    assert demo.answer(6) == expected[:10]


def test_gaps_that_closed_and_stayed_closed(demo: Asked) -> None:
    closed = [weeks[-1] for weeks in recent_gaps(demo) if weeks[-1]["closed"]]
    closed.sort(key=lambda gap: (-gap["visits"], gap["query"]))
    assert demo.answer(7) == [
        (
            *(gap[name] for name in ("query", "former_gap", "week", "visits")),
            gap["visits"] - gap["visits_without_success"],
            pytest.approx(100 * (1 - gap["share_without_success"]), abs=0.51),
        )
        for gap in closed
    ]


def test_gaps_of_the_last_four_weeks_are_either_open_or_closed() -> None:
    rows = merged(
        (
            asked("closed long ago", -1, 3),
            asked("closed long ago", 0, 3, good=3),
            asked("forgotten", 0, 9),
            asked("stays", 0, 3, results=0),
            asked("stays", 1, 4, results=0),
            asked("comes back", 1, 3, results=0),
            asked("comes back", 2, 4, good=4),
            asked("comes back", 3, 5, good=1),
            asked("closes", 1, 3, results=0),
            asked("closes", 2, 5, good=2),
            asked("new", 4, 3, good=3, rank=11),
        )
    )
    weeks = asked_of(rows)
    assert weeks.answer(6) == [
        ("comes back", "no success", 2, 12, 7),
        ("stays", "no results", 1, 4, 4),
        ("new", "low ranks", 1, 3, 0),
    ]
    closed_in = FIRST_WEEK + timedelta(weeks=2)
    assert weeks.answer(7) == [("closes", "no results", closed_in, 5, 2, 40.0)]


def test_questions_with_and_without_an_answer(demo: Asked) -> None:
    asked_for = generated_answers(demo.rows)
    queries = [
        query
        for query in people(query_visits(demo.rows).values())
        if query["first_search_id"] in asked_for
    ]
    groups = grouped(queries, lambda query: query["has_answer"])
    assert demo.answer(8) == [
        (
            has_answer,
            len(groups[has_answer]),
            percent(count_with(groups[has_answer], has_click=True), len(groups[has_answer])),
            percent(sum(q["cited"] > 0 for q in groups[has_answer]), len(groups[has_answer])),
            percent(count_with(groups[has_answer], is_successful=True), len(groups[has_answer])),
            percent(
                sum(q["next_query"] is not None for q in groups[has_answer]),
                len(groups[has_answer]),
            ),
        )
        for has_answer in (False, True)
    ]


def test_versions_of_an_experiment_over_several_weeks(demo: Asked) -> None:
    searches = people(search_outcomes(demo.rows).values())
    tested = [search for search in searches if search["split_test_run_name"] is not None]
    mixed = mixed_visitors(tested)
    versions = grouped(
        [search for search in tested if in_test(search) not in mixed],
        lambda search: (search["split_test_run_name"], search["split_test_run_version"]),
    )
    assert len(versions) > 1
    expected = []
    for key, own in sorted(versions.items()):
        visitors = grouped(own, in_test).values()
        pairs = [(count_with(each, has_click=True), len(each)) for each in visitors]
        interval = ratio(pairs)
        assert interval
        margin = pytest.approx(50 * (interval[1] - interval[0]), abs=0.051)
        clicked = count_with(own, has_click=True)
        expected.append((*key, len(pairs), len(own), percent(clicked, len(own)), margin))
    assert demo.answer(9) == expected


def test_facets_and_all_of_them_together(demo: Asked) -> None:
    values = list(facet_usage(demo.rows).values())
    facets = dict(sorted(grouped(values, lambda value: value["facet"]).items()))
    assert len(facets) > 2
    expected = []
    for name, group in {**facets, "all facets": values}.items():
        sums = added_up(group, "selections", "removals", "searches_with_clicks")
        clicked = percent(sums["searches_with_clicks"], sums["selections"])
        expected.append((name, sums["selections"], sums["removals"], clicked))
    assert demo.answer(10) == expected


def test_cases_by_what_became_of_them(demo: Asked) -> None:
    cases = people(case_visits(demo.rows).values())
    expected = [
        (
            outcome,
            len(group),
            percent(len(group), len(cases)),
            sum(case["suggestion_clicks"] > 0 for case in group),
            sum(case["clicks"] > 0 for case in group),
            count_with(group, has_answer=True),
        )
        for outcome, group in grouped(cases, lambda case: case["outcome"]).items()
    ]
    expected.sort(key=lambda row: (-row[1], row[0]))
    assert {row[0] for row in expected} == {"submitted", "solved", "quit", "left"}
    assert demo.answer(11) == expected


def test_documents_that_answers_cite() -> None:
    demo = asked_of(demo_rows(visits_per_day=150))
    weeks = sorted(cited_documents(demo.rows).values(), key=lambda document: document["week"])
    documents = grouped(weeks, lambda document: document["document_id"])
    documents.pop("", None)
    counts = ("citations", "searches", "citation_hovers")
    sums = {key: tuple(added_up(own, *counts).values()) for key, own in documents.items()}
    ranked = sorted(sums, key=lambda key: (-sums[key][0], -sums[key][2], key))
    assert sums[ranked[0]][0] > 1
    expected = [
        (last(documents[key], "document_title"), last(documents[key], "source_name"), *sums[key])
        for key in ranked[:10]
    ]
    assert demo.answer(12) == expected
