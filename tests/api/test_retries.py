"""Failures that may be temporary."""

import pytest

from coveo_source.api import retries
from coveo_source.api.retries import RETRIES
from coveo_source.demo import Response
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
    assert pauses == [retries.LONGEST_RETRY_AFTER]


@pytest.mark.parametrize(
    ("asked", "pauses"),
    [
        *((text, [60.0, 60.0]) for text in ("61", "315360000", "9" * 30)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", [60.0, 60.0]),
        # the past, and what cannot be read: urllib3's own pauses
        ("Mon, 01 Jan 0001 00:00:00 GMT", [1.0]),
        *((text, [1.0]) for text in ("0", "-5", "soon", "1e9", "9" * 5000)),
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


def test_with_all_retries_a_request_pauses_for_minutes_and_not_for_hours() -> None:
    assert RETRIES * retries.LONGEST_RETRY_AFTER <= 360


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
