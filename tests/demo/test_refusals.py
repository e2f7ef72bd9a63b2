from typing import Any

import pytest

from coveo_source.demo import ORG
from tests.demo.calls import RANGE, Calls


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi", "Bearer é"])
def test_a_request_without_the_right_key_is_refused(calls: Calls, header: str) -> None:
    headers: Any = {"Authorization": header.encode()}
    status, error = calls.error("GET", "/exports", headers=headers)
    assert status == 401
    assert error == {
        "message": "The access token is missing or not valid.",
        "errorCode": "INVALID_TOKEN",
        "type": "InvalidToken",
    }


def test_a_request_for_another_organization_is_refused(calls: Calls) -> None:
    assert calls("GET", "/exports", params={"org": ORG}).status_code == 200
    status, error = calls.error("GET", "/exports", params={"org": "another"})
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
def test_an_unknown_path_export_or_method_is_refused(
    calls: Calls, method: str, path: str, status: int
) -> None:
    assert calls(method, path).status_code == status
    assert calls("GET", "/exports").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "expected"),
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
def test_an_unusable_parameter_is_refused_with_what_is_accepted(
    calls: Calls, wrong: dict[str, Any], expected: str
) -> None:
    status, error = calls.error("POST", "/exports", params={**RANGE, **wrong})
    assert status == 400
    assert expected in error["message"]
    assert calls.server.exports == []


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"'])
def test_a_body_that_is_not_a_json_object_is_refused(calls: Calls, body: str) -> None:
    status, error = calls.error("POST", "/exports/create", data=body)
    assert (status, error["errorCode"]) == (400, "INVALID_JSON")


def test_a_json_body_has_the_same_errors_as_query_parameters(calls: Calls) -> None:
    status, error = calls.error("POST", "/exports/create", json={**RANGE, "tables": ["VISITS"]})
    assert status == 400
    assert "Unknown table visits" in error["message"]
