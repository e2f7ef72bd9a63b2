"""Generated answers, citations and support cases that are easily counted wrong."""

from typing import Any

from coveo_source.demo import Record
from tests.sql.event_rows import (
    BOT,
    NO_VISIT,
    STAFF,
    answer_event,
    citation,
    click,
    custom,
    data,
    opening,
    search,
    stream_end,
)
from tests.sql.warehouse import Rows

NEXT_WEEK = "2026-03-09"
HOVER = "generatedAnswerSourceHover"
CUT_OFF = '{"generativeQuestionAnsweringId":"cut","answerGenerated":tr'


def hover(key: str, time: str, search_id: str | None, ms: object, document: str | None) -> Record:
    """Returns the event of somebody who looks at a citation."""
    seen = {"citationHoverTimeMs": ms, **({"permanentId": document} if document else {})}
    return answer_event(key, time, search_id, HOVER, seen, visitId="answers")


def answers() -> Rows:
    """Returns answers that are read, empty, cut off, rephrased, liked and cited."""
    here: dict[str, Any] = {"visitId": "answers"}
    newer = {"answerAPIStreamId": "stream", "conversationId": "talk", "answerGenerated": True}
    names = (
        *("likeGeneratedAnswer", "dislikeGeneratedAnswer", "generatedAnswerCopyToClipboard"),
        *("generatedAnswerFeedbackSubmit", "generatedAnswerFeedbackSubmitV2"),
        *("generatedAnswerExpand", "generatedAnswerShowAnswers", "generatedAnswerHideAnswers"),
        *("generatedAnswerCollapse", "generatedAnswerOpenInlineLink", "likeGeneratedAnswer"),
    )
    return {
        "searches": [
            search("a-read", "10:00:00", "how", queryPipeline="answers", **here),
            search("a-empty", "10:10:00", "empty", **here),
            search("a-none", "10:20:00", "none", **here),
            search("a-cut-off", "10:30:00", "cut off", **here),
            search("a-again", "10:40:00", "how", actionCause="rephraseGeneratedAnswer", **here),
            search("a-clicked", "10:50:00", "both", **here),
            search("a-cited", "11:00:00", "only cited", **here),
            search("a-unseen", "11:10:00", "no answer", **here),
            search("a-snippet", "11:20:00", "snippet", **here),
            search("a-alone", "11:30:00", "alone", **NO_VISIT),
            search("a-late", "2026-03-08 23:59:59", "late", **here),
            search("a-bot", "09:00:00", "how", **BOT),
        ],
        "clicks": [
            # with its custom event, without one, twice with one
            citation("a-c1", "10:00:10", "a-read", "one", **here),
            citation("a-c2", "10:00:20", "a-read", "two", **here),
            citation("a-c3", "10:00:30", "a-read", "three", **here),
            citation("a-c4", "10:00:31", "a-read", "three", documentTitle="Newer", **here),
            citation("a-c5", "10:00:40", "a-read", "", customDatas=None, **here),
            citation(
                "a-c6",
                "10:00:41",
                "a-read",
                "",
                customDatas=data(permanentId="other key"),
                **here,
            ),
            # in the next week, of a search that is missing, of none, of a robot, of staff
            citation("a-c7", f"{NEXT_WEEK} 00:00:01", "a-late", "one", **here),
            citation("a-c8", "11:00:10", "gone", "one", **here),
            citation("a-c9", "11:00:20", None, "one", **here),
            citation("a-c10", "09:00:10", "a-bot", "one", **BOT),
            citation("a-c11", "12:00:10", "a-read", "one", **STAFF),
            citation("a-c12", "11:00:30", "a-cited", "two", **here),
            citation(
                "a-c13",
                "11:00:31",
                "a-cited",
                "two",
                clickCause="GENERATEDANSWERCITATIONCLICK",
                **here,
            ),
            citation(
                "a-c18",
                "11:00:32",
                "a-cited",
                "",
                customDatas=data(permanentId="not this", contentIDValue="but this"),
                **here,
            ),
            click("a-c14", "10:50:10", "a-clicked", **here),
            click("a-c15", "11:20:10", "a-snippet", clickCause="openSmartSnippetSource", **here),
            click(
                "a-c16",
                "11:20:20",
                "a-snippet",
                clickCause="openSmartSnippetSuggestionInlineLink",
                **here,
            ),
            click("a-c17", "11:30:10", "a-alone", clickCause="openSmartSnippetSource"),
        ],
        "custom_events": [
            stream_end("a-e1", "10:00:05", "a-read", **here),
            answer_event("a-e2", "10:10:05", "a-empty", "generatedAnswerStreamEnd", newer, **here),
            stream_end("a-e3", "10:10:06", "a-empty", has_text=False, visitId="answers-2"),
            stream_end("a-e4", "10:10:07", "a-again", has_text=False, **here),
            answer_event(
                "a-e5",
                "10:20:05",
                "a-none",
                "generatedAnswerStreamEnd",
                {"answerGenerated": False},
                **here,
            ),
            answer_event("a-e6", "10:20:06", "a-none", "dislikeGeneratedAnswer", **here),
            custom(
                "a-e7",
                "10:30:05",
                "a-cut-off",
                eventType="generatedAnswer",
                eventValue="generatedAnswerStreamEnd",
                customDatas=CUT_OFF,
                **here,
            ),
            custom(
                "a-e8",
                "10:50:05",
                "a-clicked",
                eventType="generatedAnswer",
                eventValue="generatedAnswerStreamEnd",
                customDatas='{ "ANSWERGENERATED" : True, "answerAPIStreamId" : "late" }',
                **here,
            ),
            custom("a-e9", "10:50:04", "a-clicked", eventType="interface", **here),
            answer_event("a-e10", "11:00:05", None, "likeGeneratedAnswer", **here),
            answer_event("a-e11", "11:00:06", "gone", "likeGeneratedAnswer", **here),
            opening("a-e12", "10:00:10", "a-read", "one", visitId="answers-2"),
            # at the same time as its click
            opening("a-e13", "10:00:30.457", "a-read", "three", **here),
            answer_event("a-e14", "10:00:42", "a-read", "openGeneratedAnswerSource", **here),
            answer_event(
                "a-e15",
                "10:00:43",
                "a-read",
                "generatedAnswerFollowupOpenSource",
                {"permanentId": "followed"},
                **here,
            ),
            opening("a-e16", f"{NEXT_WEEK} 00:00:01.457", "a-late", "one", **here),
            opening("a-e17", "2026-03-08 23:59:59.501", "a-late", "one", **here),
            hover("a-h1", "10:00:06", "a-read", 1500, "one"),
            hover("a-h2", "10:00:07", "a-read", 20.7, "hovered"),
            hover("a-h3", "10:00:08", "a-read", "long", None),
            *(
                answer_event(f"a-n{n}", "10:00:50", "a-read", name, **here)
                for n, name in enumerate(names)
            ),
        ],
    }


def step(key: str, time: str, action: str, visit: str, **action_data: str) -> Record:
    """Returns an event of case assist, as the headless library writes it."""
    sent = data(svc_action=action, svc_action_data=action_data)
    shared: dict[str, str | None] = {"eventType": "svc", "eventValue": "click", "visitId": visit}
    return custom(key, time, None, customDatas=sent, **shared)


def page_step(key: str, time: str, value: str, visit: str) -> Record:
    """Returns an event of the page library's case creation."""
    sent = data(inputTitle="Subject", input="subject", value="reason")
    shared: dict[str, str | None] = {"eventType": "caseCreation", "eventValue": value}
    return custom(key, time, None, customDatas=sent, visitId=visit, **shared)


def other_step(key: str, time: str, visit: str, **columns: str | None) -> Record:
    """Returns an event about a case in another reading of the columns."""
    return custom(key, time, None, visitId=visit, **columns)


def cases() -> Rows:
    """Returns cases that are submitted, solved, cancelled and left, in both libraries' terms."""
    start, cancel = "ticket_create_start", "ticket_cancel"
    quit_data = data(svc_action=cancel, svc_action_data={"reason": "Quit"})
    return {
        "searches": [
            search("case-s", "15:00:10", "broken", visitId="case-submitted"),
            search("case-t", "15:00:10", "broken", visitId="case-solved"),
        ],
        "clicks": [
            click(
                f"case-c{n}",
                f"15:00:2{n}",
                "case-s",
                clickCause=cause,
                visitId="case-submitted",
            )
            for n, cause in enumerate(
                (
                    *("documentSuggestionClick", "DocumentSuggestionQuickview"),
                    *("caseAttach", "documentOpen"),
                )
            )
        ],
        "custom_events": [
            # the whole way, in the headless library's terms
            custom("case-0", "15:00:00", None, visitId="case-submitted", userName=None),
            step("case-1", "15:00:01", start, "case-submitted"),
            step("case-2", "15:00:02", "ticket_field_update", "case-submitted", fieldName="a"),
            step("case-3", "15:00:03", "ticket_classification_click", "case-submitted"),
            step("case-4", "15:00:04", "ticket_next_stage", "case-submitted", stage="two"),
            step("case-5", "15:01:00", "suggestion_rate", "case-submitted"),
            step("case-6", "15:02:00", "ticket_create", "case-submitted"),
            step("case-7", "15:03:00", "ticket_create", "case-submitted"),
            # cancelled, for each reason, for none, and twice
            step("case-8", "15:00:00", start, "case-solved"),
            step("case-9", "15:01:00", cancel, "case-solved", reason="Quit"),
            step("case-10", "15:02:00", cancel, "case-solved", reason="Solved"),
            stream_end("case-11", "15:01:30", "case-t", visitId="case-solved"),
            step("case-12", "15:00:00", cancel, "case-quit", reason="Quit"),
            step("case-13", "15:00:00", cancel, "case-bored", reason="Bored"),
            step("case-14", "15:00:00", cancel, "case-no-reason"),
            step("case-15", "15:01:00", cancel, "case-after-all", reason="Solved"),
            step("case-16", "15:02:00", "ticket_create", "case-after-all"),
            # left, and never begun
            step("case-17", "15:00:00", "ticket_next_stage", "case-left"),
            step("case-18", "15:00:00", "suggestion_rate", "case-never"),
            page_step("case-19", "15:00:00", "unloadPage", "case-never"),
            other_step("case-20", "15:00:00", "case-never", eventType="own", eventValue=start[7:]),
            # the page library
            page_step("case-21", "15:00:00", "inputChange", "case-page"),
            page_step("case-22", "15:00:01", "inputChange", "case-page"),
            page_step("case-23", "15:00:02", "submitButton", "case-page"),
            page_step("case-24", "15:00:00", "cancelButton", "case-page-cancelled"),
            page_step("case-25", "15:00:00", "inputChange", "case-page-left"),
            page_step("case-26", "15:00:05", "unloadPage", "case-page-left"),
            # other readings: the action as the value, and the data in the other column
            other_step(
                "case-27", "15:00:00", "case-value", eventType="caseAssist", eventValue=start
            ),
            other_step("case-28", "15:00:01", "case-value", eventType="own", eventValue=cancel),
            other_step(
                "case-29",
                "15:00:00",
                "case-data",
                eventType="svc",
                eventValue="click",
                customEventCustomData=quit_data,
            ),
            other_step(
                "case-30",
                "15:00:01",
                "case-data",
                eventType="caseAssist",
                eventValue=cancel,
                customEventCustomData=data(reason="Solved"),
            ),
            other_step(
                "case-31",
                "15:00:00",
                "case-cut-off",
                eventType="svc",
                eventValue="click",
                customDatas='{"svc_action":"ticket_create"',
            ),
            # of staff, and without a visit
            custom("case-32", "15:00:00", None, eventType="svc", eventValue=start, **STAFF),
            custom("case-33", "15:00:00", None, eventType="svc", eventValue=start, **NO_VISIT),
        ],
    }
