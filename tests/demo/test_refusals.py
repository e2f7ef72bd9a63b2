from typing import Any

import pytest

from coveo_source.demo import ORG
from tests.demo.calls import RANGE, Calls


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi", "Bearer é"])
def test_a_request_without_the_key_is_refused(calls: Calls, header: str) -> None:
    headers: Any = {"Authorization": header.encode()}
    status, error = calls.refusal("GET", "/exports", headers=headers)
    assert status == 401
    assert error == {
        "message": "The access token is missing or not valid.",
        "errorCode": "INVALID_TOKEN",
        "type": "InvalidToken",
    }


def test_the_organization_may_be_named_but_no_other(calls: Calls) -> None:
    assert calls("GET", "/exports", params={"org": ORG}).status_code == 200
    status, error = calls.refusal("GET", "/exports", params={"org": "another"})
    assert (status, error["errorCode"]) == (403, "ACCESS_DENIED")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/exports/unknown", 404),
        ("GET", "/exports/unknown/downloadlink", 404),
        ("DELETE", "/exports/unknown", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/exports", 405),
        ("HEAD", "/exports", 405),
    ],
)
def test_what_is_not_there_is_refused(calls: Calls, method: str, path: str, status: int) -> None:
    assert calls(method, path).status_code == status
    assert calls("GET", "/exports").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"from": None}, "from is required"),
        ({"to": None}, "to is required"),
        ({"from": "yesterday"}, "YYYY-MM-DDThh:mm:ss.sssZ"),
        ({"from": "2026-02-30T00:00:00.000Z"}, "YYYY-MM-DDThh:mm:ss.sssZ"),
        ({"to": "2026-03-01T00:00:00.000Z"}, "later than to"),
        ({"from": "2025-03-03T00:00:00.000Z"}, "longer than 365 days"),
        ({"tables": "VISITS"}, "SEARCHES, CLICKS, CUSTOM_EVENTS, KEYWORDS, GROUPS"),
        ({"tables": "ALL_EVENTS"}, "Unknown table all_events"),
        ({"format": "PARQUET"}, "EXCEL and NO_NEWLINE"),
        ({"dimensions": ["datetime", "shoeSize"]}, "Unknown dimension shoeSize"),
        ({"filename": "réunion"}, "US-ASCII"),
        ({"useDisplayNames": "perhaps"}, "neither true nor false"),
        ({"f": "country is Canada"}, "understands conditions (dimension=='value')"),
        ({"f": "(country=='Canada'"}, "cannot be read"),
        ({"f": "(country==Canada)"}, "needs quotes"),
        ({"f": "(country=='Canada') OR (country=='Japan')"}, "cannot be read"),
        ({"f": "(clickRank=='1')"}, "no dimension of searches and clicks and custom_events"),
        ({"fc": "(queryExpression=='vpn')"}, "no dimension of custom_events"),
        ({"fs": "$Named"}, "cannot be read"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused_with_what_can(
    calls: Calls, wrong: dict[str, Any], said: str
) -> None:
    status, error = calls.refusal("POST", "/exports", params={**RANGE, **wrong})
    assert status == 400
    assert said in error["message"]
    assert calls.server.exports == []


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"'])
def test_a_body_that_is_no_json_object_is_refused(calls: Calls, body: str) -> None:
    status, error = calls.refusal("POST", "/exports/create", data=body)
    assert (status, error["errorCode"]) == (400, "INVALID_JSON")


def test_the_errors_of_a_body_are_those_of_a_query(calls: Calls) -> None:
    status, error = calls.refusal("POST", "/exports/create", json={**RANGE, "tables": ["VISITS"]})
    assert status == 400
    assert "Unknown table visits" in error["message"]
