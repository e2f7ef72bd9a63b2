from collections import Counter
from typing import Any

from coveo_source.demo import Record
from coveo_source.demo.vocabulary import QUESTIONS
from tests.demo.features.month import TYPED, Month, data, share, time_of

IDS = ("generativeQuestionAnsweringId", "answerAPIStreamId")


def answer_id(values: dict[str, Any]) -> str:
    (found,) = (values[name] for name in IDS if name in values)
    return str(found)


def ends(month: Month) -> list[Record]:
    return month.events("generatedAnswer", "generatedAnswerStreamEnd")


def answered(month: Month) -> dict[str | None, bool]:
    """Returns for each search with an answer whether the answer says something."""
    return {
        end["lastSearchId"]: data(end)["answerGenerated"] and not data(end).get("answerTextIsEmpty")
        for end in ends(month)
    }


def questions(month: Month) -> list[Record]:
    return [
        search
        for search in month.searches_by(*TYPED)
        if search["originLevel1"] == "CommunitySearch" and search["queryExpression"] in QUESTIONS
    ]


def test_every_answer_belongs_to_one_earlier_search_of_its_visit(month: Month) -> None:
    assert len(ends(month)) > 500
    searches = Counter(end["lastSearchId"] for end in ends(month))
    assert max(searches.values()) == 1
    for event in month.events("generatedAnswer"):
        search = month.search[event["lastSearchId"]]
        assert search["visitId"] == event["visitId"]
        assert time_of(search) < time_of(event)
        assert search["originLevel1"] == "CommunitySearch"


def test_whatever_is_done_with_an_answer_comes_after_its_end(month: Month) -> None:
    ended = {answer_id(data(end)): time_of(end) for end in ends(month)}
    assert len(ended) == len(ends(month))
    for event in month.events("generatedAnswer"):
        assert time_of(event) >= ended[answer_id(data(event))]


def test_some_answers_are_missing_or_empty_and_clients_differ(month: Month) -> None:
    told = Counter(
        (data(end)["answerGenerated"], data(end).get("answerTextIsEmpty")) for end in ends(month)
    )
    assert told.keys() == {(False, None), (True, None), (True, False), (True, True)}
    assert told[True, False] > told[False, None] > told[True, True] > 10
    names = Counter(name for end in ends(month) for name in data(end))
    assert min(names[name] for name in (*IDS, "conversationId")) > 50


def test_everything_is_done_with_answers(month: Month) -> None:
    values = Counter(event["eventValue"] for event in month.events("generatedAnswer"))
    for value in "SourceHover CopyToClipboard Expand HideAnswers OpenInlineLink".split():
        assert values[f"generatedAnswer{value}"]
    assert values["generatedAnswerFeedbackSubmit"]
    assert values["generatedAnswerFeedbackSubmitV2"]
    assert values["generatedAnswerFollowupOpenSource"]
    assert values["likeGeneratedAnswer"] > values["dislikeGeneratedAnswer"] > 20


def test_a_click_on_a_citation_is_logged_as_a_click_at_rank_one_and_as_a_custom_event(
    month: Month,
) -> None:
    def told(record: Record, search: str, document: str) -> tuple[object, ...]:
        values = data(record)
        citation = (answer_id(values), values["citationId"], values[document])
        return (record[search], record["datetime"], record["visitId"], *citation)

    clicks = month.clicks_by("generatedAnswerCitationClick")
    events = month.events("generatedAnswer", "openGeneratedAnswerSource")
    assert len(clicks) > 100
    assert sorted(told(click, "searchId", "contentIDValue") for click in clicks) == sorted(
        told(event, "lastSearchId", "permanentId") for event in events
    )
    assert {click["clickRank"] for click in clicks} == {"1"}


def test_another_wording_is_another_search_with_an_answer_of_its_own(month: Month) -> None:
    says = answered(month)
    for cause in ("rephraseGeneratedAnswer", "retryGeneratedAnswer"):
        searches = month.searches_by(cause)
        assert len(searches) > 5
        assert {search["id"] for search in searches} <= says.keys()


def test_who_was_answered_opens_less_and_searches_less_often_again(month: Month) -> None:
    says = answered(month)
    by_outcome = {
        outcome: [search for search in questions(month) if says.get(search["id"]) == outcome]
        for outcome in (True, False, None)
    }
    opened = {outcome: month.clickthrough(group) for outcome, group in by_outcome.items()}
    assert opened[True] < 0.7 * opened[False]
    assert opened[True] < 0.7 * opened[None]
    again = {
        outcome: share(search["id"] in month.typed_again for search in group)
        for outcome, group in by_outcome.items()
    }
    assert again[True] < again[None]
