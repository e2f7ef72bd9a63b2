"""Rows of an export, made by hand: events of a person who is logged in. Times are in UTC."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from coveo_source.demo import Record
from coveo_source.tables import TABLES
from tests.sql.warehouse import Rows
from tests.support.event_times import has_odd_milliseconds

DAY = "2026-03-08"
"""The day on which daylight saving time begins in Montréal, at 7:00 UTC."""
SEARCH_MS, CLICK_MS, CUSTOM_MS = "123", "457", "789"
"""Odd numbers, each its own: in a database that cuts times off at the second, events have other
times, and other durations between them.
"""


def search(key: str, time: str, query: str | None = "vpn", **columns: str | None) -> Record:
    """Returns a search by a person who is logged in."""
    return {
        "id": key,
        "queryExpression": query,
        "actionCause": "searchboxSubmit",
        "numberOfResults": "12",
        "withResults": "t",
        "withClicks": "f",
        "responseTimeMs": "100",
        **common(moment(time, SEARCH_MS)),
        "username": "ann",
        **columns,
    }


def click(key: str, time: str, search_id: str | None, **columns: str | None) -> Record:
    """Returns a click on the first result, the VPN manual."""
    return {
        "clickId": key,
        "searchId": search_id,
        "clickRank": "1",
        "clickCause": "documentOpen",
        "systemUriHash": "hash-vpn",
        "documentTitle": "VPN manual",
        "documentUrl": "https://docs.example.com/vpn",
        "sourceName": "Manuals",
        **common(moment(time, CLICK_MS)),
        "username": "ann",
        **columns,
    }


def custom(key: str, time: str, search_id: str | None, **columns: str | None) -> Record:
    """Returns a request for more results."""
    return {
        "customEventId": key,
        "lastSearchId": search_id,
        "eventType": "getMoreResults",
        "eventValue": "pagerNext",
        **common(moment(time, CUSTOM_MS)),
        "userName": "ann",
        **columns,
    }


def moment(time: str, milliseconds: str) -> str:
    """Returns a time with what it may lack: a date, which is `DAY`, and milliseconds.

    Raises ValueError if its milliseconds are even, as in a time that is cut off or rounded.
    """
    dated = time if " " in time else f"{DAY} {time}"
    full = dated if "." in dated else f"{dated}.{milliseconds}"
    if not has_odd_milliseconds(datetime.fromisoformat(full)):
        raise ValueError(f"{full} has no odd milliseconds")
    return full


def common(at: str) -> Record:
    """Returns the columns that all events have."""
    return {
        "datetime": at,
        "visitId": "visit-1",
        "visitorId": "browser-1",
        "userId": "user-1",
        "isInternal": "f",
        "mobile": "f",
        "deviceCategory": "PC",
        "originLevel1": "Help",
        "originLevel2": "All",
    }


def keyword(search_id: str, word: str) -> Record:
    """Returns a keyword of a search."""
    return {"searchId": search_id, "keyword": word, "datetime": moment("10:00:00", SEARCH_MS)}


def group(search_id: str, name: str) -> Record:
    """Returns a user group of a search."""
    return {"searchId": search_id, "groupName": name, "datetime": moment("10:00:00", SEARCH_MS)}


BOT = {"deviceCategory": "Bot", "visitId": "visit-bot", "username": None}
STAFF = {"isInternal": "t", "visitId": "visit-staff", "username": "sam"}
NEWER: dict[str, str | None] = {"visitorId": None, "clientId": "client-1", "visitId": "visit-8"}
"""An event of a newer client."""
NO_VISIT: dict[str, str | None] = {"visitId": None}


def data(**values: Any) -> str:
    """Returns custom data, which is JSON."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def answer_event(
    key: str,
    time: str,
    search_id: str | None,
    value: str,
    custom_data: Mapping[str, Any] | None = None,
    **columns: Any,
) -> Record:
    """Returns an event about a generated answer."""
    shared = {
        "eventType": "generatedAnswer",
        "eventValue": value,
        "customDatas": data(**(custom_data or {})),
    }
    return custom(key, time, search_id, **{**shared, **columns})


def stream_end(
    key: str, time: str, search_id: str | None, has_text: bool = True, **columns: Any
) -> Record:
    """Returns the end of the stream of an answer, which has a text or is empty."""
    written = {"generativeQuestionAnsweringId": f"answer {key}", "answerGenerated": True}
    end = {**written, "answerTextIsEmpty": not has_text}
    return answer_event(key, time, search_id, "generatedAnswerStreamEnd", end, **columns)


def opening(
    key: str, time: str, search_id: str | None, document: str, **columns: str | None
) -> Record:
    """Returns the custom event of a click on a citation."""
    cited = {"citationId": f"citation of {document}", "permanentId": document}
    return answer_event(key, time, search_id, "openGeneratedAnswerSource", cited, **columns)


def citation(
    key: str, time: str, search_id: str | None, document: str, **columns: str | None
) -> Record:
    """Returns a click on a citation, as the client writes it: always with rank 1."""
    cited = data(
        generativeQuestionAnsweringId="answer",
        citationId=f"citation of {document}",
        contentIDKey="permanentid",
        contentIDValue=document,
    )
    shared: dict[str, str | None] = {
        "clickCause": "generatedAnswerCitationClick",
        "customDatas": cited,
        "systemUriHash": f"hash-{document}",
        "documentTitle": f"About {document}",
    }
    return click(key, time, search_id, **{**shared, **columns})


def merged(several: Iterable[Rows]) -> Rows:
    """Returns the rows of several exports as those of one."""
    listed = list(several)
    return {table: [row for rows in listed for row in rows.get(table, ())] for table in TABLES}
