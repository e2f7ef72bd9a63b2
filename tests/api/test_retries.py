"""Failures that may be temporary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.api import retries
from coveo_source.api.pauses import LONGEST_PAUSE, asked_seconds
from coveo_source.api.retries import RETRIES
from coveo_source.demo import Response
from coveo_source.demo.faults import Fault, at, inject, slow
from coveo_source.exceptions import ApiError, ExportNotFound, ServiceUnreachable
from tests.api.calls import (
    CALLS,
    DAY,
    HTML,
    READS,
    Call,
    Serve,
    answering,
    client_of,
    failure,
    once,
)

BROKEN = {
    "500": Response(500, {}, b"{}"),
    "503": Response(503, {}, b""),
    "502 without a body": Response(502),
    "502 with HTML": Response(502, {"Content-Type": "text/html"}, HTML),
    "504": Response(504),
    "429 without Retry-After": Response(429),
    "429": Response(429, {"Retry-After": "0"}),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=list(BROKEN))
@pytest.mark.parametrize("action", READS)
def test_a_temporary_failure_is_retried(serve: Serve, action: str, answer: Response) -> None:
    server = serve(intercept=once(answer))
    try:
        READS[action](client_of(server))
    except ExportNotFound:
        assert "e1" in action
    assert len(server.requests) == 2


@pytest.mark.parametrize("action", READS)
def test_a_broken_connection_is_retried(serve: Serve, action: str) -> None:
    server = serve(intercept=once(ConnectionError))
    try:
        READS[action](client_of(server))
    except ExportNotFound:
        assert "e1" in action
    assert len(server.requests) == 2


@pytest.mark.parametrize("answer", BROKEN.values(), ids=list(BROKEN))
def test_a_lasting_failure_is_an_error_with_a_readable_message(
    serve: Serve, answer: Response
) -> None:
    server = serve(intercept=answering(answer))
    error = failure(CALLS["list the exports"], client_of(server))
    assert isinstance(error, ApiError)
    assert error.status == answer.status
    assert error.message.strip()
    assert "<" not in str(error)
    assert len(server.requests) == 2


def test_the_number_of_retries_is_limited(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "RETRIES", 3)
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda _: None)
    server = serve(intercept=answering(Response(429, {"Retry-After": "0"})))
    error = failure(CALLS["list the exports"], client_of(server))
    assert isinstance(error, ApiError)
    assert error.status == 429
    assert len(server.requests) == 4


def test_a_creation_is_retried_after_429_once_the_requested_time_has_passed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", pauses.append)
    server = serve(intercept=once(Response(429, {"Retry-After": "7"})))
    assert client_of(server).create_export(DAY)["status"] in ("PENDING", "AVAILABLE")
    assert pauses == [7]
    assert len(server.requests) == 2
    assert len(server.exports) == 1


def test_a_retry_waits_no_longer_than_the_maximum_whatever_the_server_asks(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", pauses.append)
    server = serve(intercept=once(Response(503, {"Retry-After": "86400"})))
    client_of(server).exports()
    assert pauses == [LONGEST_PAUSE]


@pytest.mark.parametrize(
    ("asked", "pauses"),
    [
        *((text, [60.0, 60.0]) for text in ("61", "315360000", "9" * 30, "9" * 5000, "3, 99")),
        ("Fri, 31 Dec 9999 23:59:59 GMT", [60.0, 60.0]),
        # of several the longest, and a fraction
        *((text, [seconds, seconds]) for text, seconds in (("1.5", 1.5), (" 7 ", 7), ("2, 1", 2))),
        # the past, and what cannot be read: urllib3's own pauses
        ("Mon, 01 Jan 0001 00:00:00 GMT", [1.0]),
        *(
            (text, [1.0])
            for text in ("", "0", "-1", "-5", "1s", "abc", "soon", "1e9", "nan", "inf")
        ),
        *((text, [1.0]) for text in ("0x10", "1;2", "1 2", ",", "+1", ".5", "5.", "PT1M", "1m")),
        ("Fri, 99 Foo 2026 00:00:00 GMT", [1.0]),
        ("2026-13-45T99:00:00Z", [1.0]),
        ("Fri, 31 Dec 99999 23:59:59 GMT", [1.0]),
    ],
)
def test_an_absurd_pause_is_bounded_or_passed_over(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, asked: str, pauses: list[float]
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(retries, "RETRIES", 2)
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    monkeypatch.setattr("urllib3.util.retry.random.random", lambda: 0.0)
    server = serve(intercept=answering(Response(503, {"Retry-After": asked})))
    error = failure(CALLS["list the exports"], client_of(server))
    assert isinstance(error, ApiError)
    assert slept == pauses


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")))
def test_any_text_may_stand_in_the_place_of_a_pause(text: str) -> None:
    seconds = asked_seconds({"Retry-After": text, "Date": text})
    assert seconds is None or 0 <= seconds < 10**10


def test_a_date_is_compared_with_the_clock_of_the_answer() -> None:
    dates = {
        "Date": "Sun, 01 Mar 2020 10:00:00 GMT",
        "Retry-After": "Sun, 01 Mar 2020 10:00:07 GMT",
    }
    assert asked_seconds(dates) == 7


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Response(429, {"Retry-After": "7"}), ["Coveo answered HTTP 429: trying again in 7 s."]),
        (
            Response(503, {"Retry-After": "86400"}),
            ["Coveo answered HTTP 503 and asks for 86,400 s: trying again in 60 s."],
        ),
        (Response(500, {}), ["Coveo answered HTTP 500: trying again in 1 s."]),
        (ConnectionError, ["Coveo did not answer: trying again in 1 s."]),
        (Response(429, {"Retry-After": "0.5"}), []),
    ],
    ids=["429", "far too long", "500", "no answer", "a moment"],
)
def test_a_pause_is_told_with_its_reason_and_length(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    answer: Response | type[ConnectionError],
    told: list[str],
) -> None:
    monkeypatch.setattr(retries, "RETRIES", 2)
    monkeypatch.setattr("coveo_source.api.pauses.time.sleep", lambda seconds: None)
    monkeypatch.setattr("urllib3.util.retry.random.random", lambda: 0.0)
    server, said = serve(intercept=once(answer, answer)), list[str]()
    client_of(server, say=said.append).exports()
    assert said[-1:] == told


def test_a_request_that_times_out_is_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coveo_source.api.client.READ_SECONDS", 0.1)
    server, said = serve(), list[str]()
    inject(server, Fault(at("list"), slow(0.3)))
    client_of(server, say=said.append).exports()
    assert said == ["Coveo has not answered in time: trying again."]


@pytest.mark.parametrize(
    ("asked", "said"), [("90", "90 s"), ("600", "10 minutes"), ("86400", "24 hours")]
)
def test_a_refusal_says_how_long_coveo_asks_to_wait(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, asked: str, said: str
) -> None:
    monkeypatch.setattr("coveo_source.api.pauses.time.sleep", lambda seconds: None)
    server = serve(intercept=answering(Response(429, {"Retry-After": asked})))
    assert f"Coveo asks to wait {said}." in str(
        failure(CALLS["list the exports"], client_of(server))
    )


def test_with_all_retries_a_request_pauses_for_minutes_and_not_for_hours() -> None:
    assert RETRIES * LONGEST_PAUSE <= 360


@pytest.mark.parametrize(
    "create",
    [
        lambda client: client.create_export(DAY),
        lambda client: client.create_export_from_body(DAY),
    ],
    ids=["query", "body"],
)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_creation_is_not_retried_if_the_export_may_exist(
    serve: Serve, create: Call, status: int
) -> None:
    server = serve(intercept=answering(Response(status, {"Retry-After": "0"})))
    failure(create, client_of(server))
    assert len(server.requests) == 1


def test_a_creation_is_not_retried_after_a_broken_connection(serve: Serve) -> None:
    server = serve(intercept=answering(ConnectionError))
    error = failure(CALLS["create an export"], client_of(server))
    assert isinstance(error, ServiceUnreachable)
    assert len(server.requests) == 1
