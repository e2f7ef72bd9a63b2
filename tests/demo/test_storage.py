from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from coveo_source.demo import DemoServer
from tests.demo.calls import NOW, Calls


@pytest.fixture
def link(calls: Calls) -> str:
    return calls.link(calls.finished_export()["id"])


def get(link: str, **headers: str) -> requests.Response:
    """Downloads from a link; underscores in header names stand for hyphens."""
    return requests.get(
        link, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=10
    )


def test_files_are_on_another_host_than_the_api(server: DemoServer, link: str) -> None:
    assert link.startswith(server.storage_url)
    assert server.storage_url != server.base_url


def test_the_download_link_endpoint_returns_a_signed_link(calls: Calls) -> None:
    export = calls.finished_export()
    response = calls("GET", f"/exports/{export['id']}/downloadlink").json()
    assert get(response["downloadLink"]).status_code == 200


def test_a_request_with_an_authorization_header_is_refused(link: str) -> None:
    response = get(link, Authorization="Bearer anything")
    assert response.status_code == 400
    assert "<Code>InvalidArgument</Code>" in response.text


@pytest.mark.parametrize("cut", [-1, -70])
def test_a_link_with_a_wrong_signature_is_refused(link: str, cut: int) -> None:
    response = get(link[:cut])
    assert response.status_code == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in response.text


def test_a_link_is_valid_for_one_file_only(calls: Calls, link: str) -> None:
    other = calls.link(calls.finished_export()["id"])
    swapped = other.split("?")[0] + "?" + link.split("?")[1]
    assert get(swapped).status_code == 403


def test_a_link_expires_by_the_clock() -> None:
    now = NOW
    with DemoServer(clock=lambda: now, export_seconds=0, link_seconds=900) as server:
        calls = Calls(server)
        export_id = calls.finished_export()["id"]
        link = calls.link(export_id)
        now = NOW + timedelta(seconds=899)
        assert get(link).status_code == 200
        now = NOW + timedelta(seconds=900)
        response = get(link)
        assert (response.status_code, "Request has expired" in response.text) == (403, True)
        assert get(calls.link(export_id)).status_code == 200


def test_the_file_of_a_deleted_export_is_gone(calls: Calls, link: str) -> None:
    calls("DELETE", f"/exports/{calls.server.exports[0].id}")
    assert get(link).status_code == 404


@pytest.mark.parametrize(
    ("byte_range", "first", "last"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, None), ("bytes=-50", -50, None)],
)
def test_a_byte_range_of_the_file_is_served(
    link: str, byte_range: str, first: int, last: int | None
) -> None:
    whole = get(link)
    part = get(link, Range=byte_range)
    assert part.status_code == 206
    assert part.content == whole.content[first:last]
    start = first % len(whole.content)
    end = start + len(part.content) - 1
    assert part.headers["Content-Range"] == f"bytes {start}-{end}/{len(whole.content)}"
    assert part.headers["ETag"] == whole.headers["ETag"]


def test_a_byte_range_beyond_the_end_is_refused(link: str) -> None:
    size = len(get(link).content)
    response = get(link, Range=f"bytes={size}-")
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{size}"


def test_a_byte_range_of_another_version_gets_the_whole_file(link: str) -> None:
    etag = get(link).headers["ETag"]
    assert get(link, Range="bytes=5-", If_Range=etag).status_code == 206
    assert get(link, Range="bytes=5-", If_Range='"another"').status_code == 200


def test_both_hosts_send_the_clocks_time_in_the_date_header(calls: Calls, link: str) -> None:
    for response in (calls("GET", "/exports"), calls("GET", "/exports/no"), get(link)):
        assert parsedate_to_datetime(response.headers["Date"]) == NOW


def test_requests_are_logged_by_host(server: DemoServer, calls: Calls, link: str) -> None:
    get(link)
    first, last = server.requests[0], server.storage_requests[-1]
    assert (first.method, first.path) == ("POST", "/rest/ua/v15/exports")
    assert first.query["from"] == ["2026-03-03T00:00:00.000Z"]
    assert first.headers["authorization"] == f"Bearer {server.api_key}"
    assert last.path.endswith(".zip")
    assert "authorization" not in last.headers
