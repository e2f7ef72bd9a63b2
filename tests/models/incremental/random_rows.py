"""Random rows of an export, as few and as alike as it takes for them to refer to each other."""

from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from hypothesis import strategies as st

Rows = list[dict[str, Any]]
RowsByTable = dict[str, Rows]

EVENING = datetime(2026, 3, 1, 22, 30, 0, 457_000, tzinfo=timezone.utc)
"""A Sunday: the day, and the week, end soon."""
STEP = timedelta(minutes=1, milliseconds=2)
"""Whole steps after an odd number of milliseconds, it is another odd number."""
times = st.builds(
    lambda hours, days: EVENING + timedelta(days=days, hours=hours) + STEP * (hours % 7),
    st.integers(0, 60),
    st.sampled_from([0, 0, 0, 0, 1, 7, 8, 28, 35]),
)


def ids(letter: str, count: int) -> st.SearchStrategy[str]:
    """Returns a strategy for a few ids, so that rows often refer to each other."""
    return st.sampled_from([f"{letter}{number}" for number in range(count)])


CAUSES = (
    *("searchboxSubmit", "interfaceLoad", "facetSelect", "facetDeselect", "omniboxAnalytics"),
    *("didyoumeanAutomatic", "ownCause"),
)
SENT_ALONG = (
    '{"facetTitle":"Source","facetValue":"Manuals"}',
    '{"suggestionRanking":2,"partialQuery":"te"}',
)
CLICK_CAUSES = (
    *("documentOpen", "documentQuickview", "generatedAnswerCitationClick", "caseAttach"),
    *("documentSuggestionClick", "ownCause"),
)
CITED = ('{"permanentId":"p1"}', '{"permanentId":"p2","citationHoverTimeMs":900}')
ANSWERED = (
    '{"answerGenerated":true,"generativeQuestionAnsweringId":"a"}',
    '{"answerGenerated":true,"answerTextIsEmpty":true}',
)
ANSWER_EVENTS = (
    *("generatedAnswerStreamEnd", "openGeneratedAnswerSource", "generatedAnswerSourceHover"),
    "likeGeneratedAnswer",
)

visit_ids = st.none() | ids("v", 5)
origins = st.sampled_from(["web", "support"])

searches = st.fixed_dictionaries(
    {
        "id": ids("s", 6),
        "datetime": times,
        "visitId": visit_ids,
        "queryExpression": st.sampled_from([None, "", "tea", " Tea", "coffee"]),
        "numberOfResults": st.sampled_from([None, 0, 7]),
        "withClicks": st.booleans(),
        "actionCause": st.sampled_from([None, *CAUSES]),
        "customDatas": st.sampled_from([None, *SENT_ALONG]),
        "splitTestRunName": st.sampled_from([None, "ranking"]),
        "splitTestRunVersion": st.sampled_from([None, "A", "B"]),
        "visitorId": st.none() | ids("b", 2),
        "originLevel1": origins,
        "deviceCategory": st.sampled_from([None, "Bot"]),
    }
)
clicks = st.fixed_dictionaries(
    {
        "clickId": ids("c", 5),
        "searchId": ids("s", 7),
        "datetime": times,
        "visitId": visit_ids,
        "clickRank": st.sampled_from([None, -1, 1, 4]),
        "clickCause": st.sampled_from([None, *CLICK_CAUSES]),
        "customDatas": st.sampled_from([None, *CITED]),
        "rankingModifier": st.sampled_from([None, "ART"]),
        "documentUrl": st.none() | ids("d", 3),
        "systemUriHash": st.none() | ids("h", 3),
        "originLevel1": origins,
    }
)
custom_events = st.fixed_dictionaries(
    {
        "customEventId": ids("e", 4),
        "lastSearchId": st.none() | ids("s", 7),
        "datetime": times,
        "visitId": visit_ids,
        "eventType": st.sampled_from(["getMoreResults", "generatedAnswer", "svc"]),
        "eventValue": st.sampled_from([*ANSWER_EVENTS, "ticket_create", "ticket_cancel"]),
        "customDatas": st.sampled_from([None, *CITED, *ANSWERED]),
        "originLevel1": origins,
    }
)
keywords = st.fixed_dictionaries(
    {"searchId": ids("s", 7), "keyword": ids("k", 3), "datetime": times}
)
groups = st.fixed_dictionaries(
    {"searchId": ids("s", 7), "groupName": ids("g", 3), "datetime": times}
)


def loads() -> st.SearchStrategy[Any]:
    """Returns a strategy for the rows of one load: few or none for each table."""
    return st.fixed_dictionaries(
        {
            "searches": st.lists(searches, max_size=3),
            "clicks": st.lists(clicks, max_size=3),
            "custom_events": st.lists(custom_events, max_size=2),
            "keywords": st.lists(keywords, max_size=2),
            "groups": st.lists(groups, max_size=2),
        }
    ).filter(lambda rows: any(rows.values()))


def large_load(seed: int) -> RowsByTable:
    """Returns a load with many rows, compared to which later loads are small."""
    random = Random(seed)

    def moment() -> datetime:
        return EVENING + STEP * random.randrange(60 * 60)

    def any_of(letter: str, count: int) -> str | None:
        return random.choice([*(f"{letter}{number}" for number in range(count)), None])

    return {
        "searches": [
            {
                "id": f"s{number}",
                "datetime": moment(),
                "visitId": any_of("v", 12),
                "queryExpression": random.choice([None, "", "tea", "coffee", "milk"]),
                "numberOfResults": random.choice([0, 7]),
                "actionCause": random.choice(["searchboxSubmit", *CAUSES]),
                "customDatas": random.choice([None, *SENT_ALONG]),
                "splitTestRunName": random.choice([None, "ranking"]),
                "splitTestRunVersion": random.choice(["A", "B"]),
                "visitorId": any_of("b", 3),
                "originLevel1": random.choice(["web", "support"]),
            }
            for number in range(16)
        ],
        "clicks": [
            {
                "clickId": f"c{number}",
                "searchId": any_of("s", 18),
                "datetime": moment(),
                "visitId": any_of("v", 12),
                "clickRank": number,
                "clickCause": random.choice(["documentOpen", *CLICK_CAUSES]),
                "customDatas": random.choice([None, *CITED]),
                "rankingModifier": random.choice([None, "ART"]),
                "documentUrl": any_of("d", 5),
                "systemUriHash": any_of("h", 5),
                "originLevel1": random.choice(["web", "support"]),
            }
            for number in range(12)
        ],
        "custom_events": [
            {
                "customEventId": f"e{number}",
                "lastSearchId": any_of("s", 18),
                "datetime": moment(),
                "visitId": any_of("v", 12),
                "eventType": random.choice(["getMoreResults", "generatedAnswer", "svc"]),
                "eventValue": random.choice([*ANSWER_EVENTS, "ticket_create"]),
                "customDatas": random.choice([None, *CITED, *ANSWERED]),
            }
            for number in range(8)
        ],
        "keywords": [
            {"searchId": f"s{number}", "keyword": "k", "datetime": moment()} for number in range(9)
        ],
        "groups": [
            {"searchId": f"s{number}", "groupName": "g", "datetime": moment()}
            for number in range(7)
        ],
    }
