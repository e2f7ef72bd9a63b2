"""Requests that Coveo refuses."""

import json
import re

import pytest

from coveo_source.api.client import CoveoClient
from coveo_source.demo import Response
from coveo_source.exceptions import AccessDenied, ApiError, ExportNotFound, QuotaReached
from tests.api.calls import CALLS, DAY, HTML, TOKEN, Serve, answering, client_of, failure


def refusal(status: int, **body: object) -> Response:
    response = Response.json(body, status)
    return Response(status, {**response.headers, "X-Request-ID": "req-42"}, response.body)


QUOTA = {"message": "The organization has reached its limit of 3 exports", "type": "Limit"}


@pytest.mark.parametrize(
    ("answer", "action", "error"),
    [
        (refusal(401, message="bad key", type="InvalidToken"), "list the exports", AccessDenied),
        (refusal(403, message="no", errorCode="ACCESS"), "create an export", AccessDenied),
        (refusal(404, message="none", type="NotFound"), "read the export e1", ExportNotFound),
        (refusal(404, message="none", type="NotFound"), "download the export e1", ExportNotFound),
        (refusal(404, message="none", type="NotFound"), "list the exports", ApiError),
        (refusal(400, detail="odd filter", title="Invalid"), "create an export", ApiError),
        (refusal(400, **QUOTA), "create an export", QuotaReached),
        (refusal(409, message="Export quota exceeded"), "create an export", QuotaReached),
        (refusal(400, message="Too many rows in this export"), "create an export", ApiError),
        (refusal(412, message="too old", type="Range"), "estimate an export", ApiError),
    ],
)
def test_each_kind_of_refusal_has_its_own_error_with_the_message_from_coveo(
    serve: Serve, answer: Response, action: str, error: type[ApiError]
) -> None:
    server = serve(intercept=answering(answer))
    raised = failure(CALLS[action], client_of(server))
    assert type(raised) is error
    assert isinstance(raised, ApiError)
    body = json.loads(bytes(answer.body) if isinstance(answer.body, bytes) else b"")
    assert action in str(raised)
    for word in (*body.values(), f"HTTP {answer.status}", "req-42"):
        assert word in str(raised)
    assert (raised.status, raised.request_id) == (answer.status, "req-42")
    assert raised.advice in str(raised)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 418, 422])
@pytest.mark.parametrize("action", ["list the exports", "create an export"])
def test_a_refused_request_is_not_retried(serve: Serve, status: int, action: str) -> None:
    server = serve(intercept=answering(refusal(status, message="no")))
    failure(CALLS[action], client_of(server))
    assert len(server.requests) == 1


def test_refusals_of_the_demo_server_raise_the_same_errors(serve: Serve) -> None:
    server = serve(quota=1)
    client = client_of(server)
    client.create_export(DAY)
    assert isinstance(failure(CALLS["create an export"], client), QuotaReached)
    assert isinstance(failure(CALLS["read the export e1"], client), ExportNotFound)
    assert isinstance(failure(CALLS["list the exports"], client_of(server, TOKEN)), AccessDenied)
    other = CoveoClient(server.base_url, "another", server.api_key)
    assert isinstance(failure(CALLS["list the exports"], other), AccessDenied)
    wrong = failure(lambda client: client.create_export({**DAY, "tables": "visits"}), client)
    assert "Unknown table visits" in str(wrong)
    assert re.search(r"request [0-9a-f-]{36}", str(wrong))


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"null", b'{"message": null}'])
def test_an_error_with_an_unexpected_body_still_has_a_message(serve: Serve, content: bytes) -> None:
    server = serve(intercept=answering(Response(400, {}, content)))
    error = failure(CALLS["list the exports"], client_of(server))
    assert "Bad Request (HTTP 400" in str(error)


def test_a_refusal_by_the_firewall_says_so(serve: Serve) -> None:
    headers = {"Content-Type": "text/html", "x-coveo-waf-action": "block"}
    server = serve(intercept=answering(Response(403, headers, HTML)))
    error = failure(CALLS["list the exports"], client_of(server))
    assert "firewall" in str(error)
    assert "<" not in str(error)
