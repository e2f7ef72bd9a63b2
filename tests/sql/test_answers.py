"""Generated answers and their citations, which are no clicks on results."""

from datetime import date
from typing import Any

from coveo_source.demo import Record
from tests.sql.event_rows import answer_event, citation, click, custom, opening, search, stream_end
from tests.sql.export_rows import demo_rows
from tests.sql.warehouse import Rows, rows_of, value_in, value_of, warehouse

SEARCH = search("s", "10:00:00")


def answers_of(events: list[Record], clicks: tuple[Record, ...], columns: str) -> Any:
    """Returns some columns of the only answer, to the search of one visit."""
    rows = {"searches": [SEARCH], "custom_events": events, "clicks": list(clicks)}
    return value_of(rows, f"select ({columns}) from generated_answers")


def test_an_answer_that_was_read_is_no_abandoned_search() -> None:
    rows = {"searches": [SEARCH], "custom_events": [stream_end("e", "10:00:05", "s")]}
    database = warehouse(rows)
    sql = "select (outcome, has_answer, is_abandoned, is_successful) from search_outcomes"
    assert value_in(database, sql) == ("answered", True, False, True)
    sql = "select (searches_with_answers, answered_searches, abandoned_searches)"
    assert value_in(database, f"{sql} from query_performance") == (1, 1, 0)
    sql = "select (searches_with_answers, answered_searches, searches_with_clicks)"
    assert value_in(database, f"{sql} from daily_metrics") == (1, 1, 0)
    assert value_in(database, "select (answers, has_click) from visits") == (1, False)


STREAM_ENDS: tuple[tuple[str | None, bool], ...] = (
    ('{"answerGenerated":true}', True),
    ('{"answerGenerated":true,"answerTextIsEmpty":false}', True),
    ('{"answerGenerated":true,"answerTextIsEmpty":true}', False),
    ('{"answerGenerated":false,"answerTextIsEmpty":false}', False),
    ('{"answerTextIsEmpty":false}', False),
    ('{"ANSWERGENERATED" : TRUE , "page": "cut o', True),
    ('{"answerGenerated":tru', False),
    (r'{"query":"\"answerGenerated\":true"}', False),
    (None, False),
)
"""What the client says at the end of a stream, and whether it means that an answer was shown."""


def test_an_answer_was_generated_and_is_not_empty() -> None:
    rows = {
        "searches": [search(f"s{n}", "10:00:00", visitId=f"v{n}") for n in range(len(STREAM_ENDS))],
        "custom_events": [
            stream_end(f"e{n}", "10:00:05", f"s{n}", customDatas=custom_data)
            for n, (custom_data, _) in enumerate(STREAM_ENDS)
        ],
    }
    sql = "select streams, has_answer, is_empty, outcome from generated_answers order by search_id"
    assert rows_of(warehouse(rows), sql) == [
        (1, is_answer, not is_answer, "answered" if is_answer else "abandoned")
        for _, is_answer in STREAM_ENDS
    ]


def test_other_events_are_no_answers() -> None:
    said = '{"answerGenerated":true}'
    rows = {
        "searches": [SEARCH],
        "clicks": [click("c", "10:00:02", "s", customDatas=said)],
        "custom_events": [
            custom("e", "10:00:01", "s", eventType="other", customDatas=said),
            custom("f", "10:00:01", "s", eventType="generatedAnswer", customDatas=said),
        ],
    }
    sql = "select event_id, event_is_answer from all_events order by event_number"
    assert rows_of(warehouse(rows), sql) == [("s", None), ("e", False), ("f", False), ("c", None)]


def test_a_citation_with_its_custom_event_is_one() -> None:
    columns = "citation_clicks, cited_documents, clicks, has_click, outcome"
    clicked, opened = (
        citation("c", "10:00:09", "s", "d"),
        opening("o", "10:00:09", "s", "d"),
    )
    for events, clicks in (([opened], (clicked,)), ([opened], ()), ([], (clicked,))):
        outcome = "answered" if clicks else "abandoned"
        assert answers_of(events, clicks, columns) == (1, 1, 0, False, outcome)
    again = opening("o2", "10:00:19", "s", "d")
    other = citation("c2", "10:00:29", "s", "e")
    assert answers_of([opened, again], (clicked, other), columns) == (3, 2, 0, False, "answered")


def test_a_citation_is_one_even_if_its_custom_event_is_of_another_visit() -> None:
    opened = opening("o", "10:00:09", "s", "d", visitId="visit-2")
    rows = {
        "searches": [SEARCH],
        "clicks": [citation("c", "10:00:09", "s", "d")],
        "custom_events": [opened],
    }
    sql = "select (document_id, citations, searches, visits) from cited_documents"
    assert value_of(rows, sql) == ("d", 1, 1, 2)


def test_a_citation_is_counted_in_the_week_in_which_it_is_opened() -> None:
    rows = {
        "searches": [SEARCH],
        "clicks": [
            citation("c1", "10:00:09", "s", "d", documentTitle="old"),
            citation("c2", "2026-03-09 00:00:00.001", "s", "d", documentTitle="new"),
            citation("c3", "2026-03-09 00:00:01", "gone", "d", documentTitle="newest"),
        ],
    }
    sql = "select week, citations, document_title from cited_documents order by week"
    assert rows_of(warehouse(rows), sql) == [
        (date(2026, 3, 2), 1, "old"),
        (date(2026, 3, 9), 2, "newest"),
    ]
    assert value_of(rows, "select citation_clicks from generated_answers") == 2


def test_what_visitors_think_of_an_answer_is_counted_by_kind() -> None:
    names = (
        *("dislikeGeneratedAnswer", "likeGeneratedAnswer", "dislikeGeneratedAnswer"),
        *("generatedAnswerCopyToClipboard", "generatedAnswerFeedbackSubmitV2"),
        *("generatedAnswerExpand", "generatedAnswerCollapse", "generatedAnswerOpenInlineLink"),
    )
    events = [answer_event(f"e{n}", f"10:00:0{n}", "s", name) for n, name in enumerate(names)]
    columns = "streams, is_empty, likes, dislikes, copies, feedbacks, expansions, follow_ups"
    assert answers_of(events, (), f"{columns}, inline_link_clicks, has_answer") == (
        *(0, False, 1, 2, 1, 1, 1, 0),
        *(1, False),
    )


def test_hovers_add_up_and_are_no_citations() -> None:
    events = [
        answer_event(
            f"e{n}",
            f"10:00:0{n}",
            "s",
            "generatedAnswerSourceHover",
            {"permanentId": "d", "citationHoverTimeMs": ms},
        )
        for n, ms in enumerate((1500, 20))
    ]
    columns = "citation_hovers, citation_hover_ms, citation_clicks, cited_documents, has_answer"
    assert answers_of(events, (), columns) == (2, 1520, 0, 0, False)
    rows = {"searches": [SEARCH], "custom_events": events}
    columns = "citations, citation_hovers, citation_hover_ms, first_cited_at, document_title"
    sql = f"select ({columns}) from cited_documents"
    assert value_of(rows, sql) == (0, 2, 1520, None, None)


def test_an_answer_has_the_id_of_its_first_event() -> None:
    events = [
        answer_event("e1", "10:00:02", "s", "likeGeneratedAnswer"),
        stream_end("late", "10:00:05", "s"),
        answer_event(
            "e2", "10:00:03", "s", "generatedAnswerExpand", {"answerAPIStreamId": "first"}
        ),
    ]
    assert answers_of(events, (), "answer_id") == "first"


def test_a_rephrased_answer_is_an_answer_of_its_own_and_nobody_typed_it() -> None:
    rows = {
        "searches": [
            SEARCH,
            search("r", "10:01:00", actionCause="rephraseGeneratedAnswer"),
        ],
        "custom_events": [
            stream_end("e1", "10:00:05", "s", False),
            stream_end("e2", "10:01:05", "r"),
        ],
    }
    database = warehouse(rows)
    sql = "select search_id, is_empty, outcome from generated_answers order by datetime"
    assert rows_of(database, sql) == [("s", True, "refined"), ("r", False, "answered")]
    sql = "select manual_searches, automatic_searches, outcome from query_visits"
    assert rows_of(database, sql) == [(1, 1, "answered")]


def test_a_smart_snippet_that_was_opened_is_an_answer_but_no_citation() -> None:
    clicked = click("c", "10:00:05", "s", clickCause="openSmartSnippetSource")
    database = warehouse({"searches": [SEARCH], "clicks": [clicked]})
    assert rows_of(database, "select has_answer, outcome from search_outcomes") == [
        (True, "answered")
    ]
    assert rows_of(database, "from generated_answers") == []
    assert rows_of(database, "from cited_documents") == []


RESULTS = """
    select sum(clicks), sum(ranked_clicks), sum(click_rank_sum), sum(visits_with_clicks),
        sum(visits), sum(searches_with_clicks), sum(manual_searches), sum(query_visits)
    from daily_metrics
"""
CLICKED_INTENTS = "select count(*), sum(clicks) from query_visits where has_click"


def test_citations_and_facets_change_neither_clickthrough_and_rank_nor_typed_searches() -> None:
    rows = demo_rows()
    before, after = warehouse(rows), warehouse(with_citations_and_facets(rows))
    for sql in (RESULTS, CLICKED_INTENTS):
        assert rows_of(after, sql) == rows_of(before, sql)
    more = "select sum(cited), sum(refinement_searches) from daily_metrics"
    [was], [now] = rows_of(before, more), rows_of(after, more)
    assert all(new > old + 1000 for old, new in zip(was, now, strict=True))


def with_citations_and_facets(rows: Rows) -> Rows:
    """Returns an export with a citation of, and a facet after, each search."""
    names = (
        *("datetime", "visitId", "visitorId", "username", "isInternal", "deviceCategory"),
        "originLevel1",
    )
    cited, narrowed = [], []
    for number, row in enumerate(rows["searches"]):
        own = {name: row[name] for name in names}
        cited.append(citation(f"cited {number}", "10:00:00", row["id"], "d", **own))
        own |= {"actionCause": "facetSelect", "customDatas": '{"facetTitle":"Source"}'}
        narrowed.append(search(f"facet {number}", "10:00:00", row["queryExpression"], **own))
    searches, clicks = [*rows["searches"], *narrowed], [*rows["clicks"], *cited]
    return {**rows, "searches": searches, "clicks": clicks}
