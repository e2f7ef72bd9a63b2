"""Generated answers above the results, which cite the documents that they are made from.

Who was answered opens fewer results and asks less often again.
"""

from collections.abc import Mapping

from ..visits import Search
from ..vocabulary import QUESTIONS, document_at
from .part import Part

_TYPE = "generatedAnswer"
_TYPED = ("searchboxSubmit", "omniboxAnalytics")
_CITED = 3
"""Number of documents that an answer cites."""


def answer_questions(part: Part) -> None:
    """Adds answers to a visitor's questions, and what the visitor does with them."""
    searches = part.visit.searches
    for search in [each for each in searches if each.query.text in QUESTIONS]:
        # the visitor may have left after an earlier answer
        if search.cause in _TYPED and search in searches:
            _answer(part, search)


def _answer(part: Part, search: Search) -> None:
    part.now = search.ms
    key = _new_answer(part)
    generated, draw = part.draw() < 0.8, part.draw()
    if not generated:
        _end_stream(part, search, key, answerGenerated=False)
        if draw < 0.1:
            part.wait(5)
            again = part.search(search.query, "retryGeneratedAnswer", tab=search.tab)
            _end_stream(part, again, _new_answer(part), answerGenerated=True)
    elif draw < 0.04:
        _end_stream(part, search, key, answerGenerated=True, answerTextIsEmpty=True)
    else:
        # clients began to tell when a text is empty, and old ones do not
        more = {"answerTextIsEmpty": False} if part.draw() < 0.7 else {}
        _end_stream(part, search, key, answerGenerated=True, **more)
        _read(part, search, key)


def _new_answer(part: Part) -> Mapping[str, object]:
    """Returns the ids of an answer, as one of the three kinds of clients writes them."""
    kind = part.visit.id >> 120 & 7
    if kind < 2:
        return {"answerAPIStreamId": part.new_id()}
    key = {"generativeQuestionAnsweringId": part.new_id()}
    return {**key, "conversationId": part.new_id()} if kind == 2 else key


def _end_stream(part: Part, search: Search, key: Mapping[str, object], **data: bool) -> None:
    part.wait(5)
    part.custom_event(_TYPE, "generatedAnswerStreamEnd", search, {**key, **data})


def _read(part: Part, search: Search, key: Mapping[str, object]) -> None:
    """Adds what visitors do with an answer; who is content with it needs no result."""
    draw, opinion = part.draw, part.draw()
    liked, disliked = opinion < 0.1, 0.1 <= opinion < 0.16
    if liked or 0.16 <= opinion < 0.6:
        part.forget_clicks(search)
        if draw() < 0.7:
            part.leave()
    if draw() < 0.12:
        _log(part, search, "generatedAnswerExpand", key)
    if draw() < 0.25:
        _hover(part, search, key)
    if draw() < 0.2:
        _open_citation(part, search, key)
    if draw() < 0.03:
        link = {"linkText": "Read more", "linkURL": document_at(search.query, 1).url}
        _log(part, search, "generatedAnswerOpenInlineLink", {**key, **link})
    if draw() < 0.08:
        _log(part, search, "generatedAnswerCopyToClipboard", key)
    if "conversationId" in key and draw() < 0.2:
        _log(part, search, "generatedAnswerFollowupOpenSource", {**key, **_citation(search, 2)})
    if liked:
        _log(part, search, "likeGeneratedAnswer", key)
    elif disliked:
        _dislike(part, search, key)
    if draw() < 0.06:
        _rephrase(part, search, key)


def _log(part: Part, search: Search, value: str, data: Mapping[str, object]) -> None:
    part.wait(4)
    part.custom_event(_TYPE, value, search, data)


def _hover(part: Part, search: Search, key: Mapping[str, object]) -> None:
    place = 1 + int(part.draw() * _CITED)
    hovered = {"citationHoverTimeMs": 1000 + part.rng.getrandbits(12)}
    data = {**key, **_citation(search, place), **hovered}
    _log(part, search, "generatedAnswerSourceHover", data)


def _open_citation(part: Part, search: Search, key: Mapping[str, object]) -> None:
    """Adds a click on a citation, which clients log twice: as a click at rank 1, and by itself."""
    place = 1 + int(part.draw() ** 2 * _CITED)
    citation = _citation(search, place)
    cited = {"contentIdKey": "permanentid", "contentIdValue": citation["permanentId"]}
    data = {**key, "citationId": citation["citationId"], "documentId": cited}
    part.wait(8)
    part.click(search, 1, "generatedAnswerCitationClick", place, data)
    part.custom_event(_TYPE, "openGeneratedAnswerSource", search, {**key, **citation})


def _citation(search: Search, place: int) -> dict[str, object]:
    document = document_at(search.query, place)
    return {"permanentId": document.uri_hash, "citationId": f"{document.uri_hash[:12]}-{place}"}


def _rephrase(part: Part, search: Search, key: Mapping[str, object]) -> None:
    part.wait(6)
    data = {**key, "rephraseFormat": "bullet" if part.draw() < 0.6 else "step"}
    again = part.search(search.query, "rephraseGeneratedAnswer", data, search.tab)
    _end_stream(part, again, _new_answer(part), answerGenerated=True, answerTextIsEmpty=False)


def _dislike(part: Part, search: Search, key: Mapping[str, object]) -> None:
    _log(part, search, "dislikeGeneratedAnswer", key)
    draw = part.draw()
    if draw < 0.4:
        judged = dict.fromkeys(("readable", "documented", "hallucinationFree"), "unknown")
        data = {**key, "helpful": False, "correctTopic": "no", **judged}
        _log(part, search, "generatedAnswerFeedbackSubmitV2", data)
    elif draw < 0.6:
        _log(part, search, "generatedAnswerFeedbackSubmit", {**key, "reason": "notAccurate"})
    elif draw < 0.7:
        _log(part, search, "generatedAnswerHideAnswers", key)
