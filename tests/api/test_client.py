import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from coveo_source.api import client as client_module
from coveo_source.api import retries
from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.exceptions import (
    AccessDenied,
    ApiError,
    CoveoSourceError,
    ExportNotFound,
    QuotaReached,
    ServiceUnreachable,
)
from tests.support.network import free_port

DAY = {"from": "2026-03-03T00:00:00.000Z", "to": "2026-03-03T23:59:59.999Z"}
TOKEN = "xx-a-token-that-nobody-may-see"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

Serve = Callable[..., DemoServer]
Call = Callable[[CoveoClient], object]
CALLS: dict[str, Call] = {
    "list the exports": lambda client: client.exports(),
    "read the export e1": lambda client: client.export("e1"),
    "create an export": lambda client: client.create_export(DAY),
    "delete the export e1": lambda client: client.delete_export("e1"),
    "read the row limit": lambda client: client.row_limit(),
    "estimate an export": lambda client: client.estimate(DAY),
    "list the exportable dimensions": lambda client: client.exportable_dimensions(),
    "download the export e1": lambda client: client.download_address("e1"),
}
READS = {action: call for action, call in CALLS.items() if action != "create an export"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # one retry comes at once; the pauses before further ones are urllib3's
    monkeypatch.setattr(retries, "RETRIES", 1)
    monkeypatch.setattr(retries, "CONNECT_RETRIES", 0)


def client_of(server: DemoServer, api_key: str | None = None) -> CoveoClient:
    return CoveoClient(server.base_url, server.org, api_key or server.api_key)


@pytest.fixture
def client(demo: DemoServer) -> CoveoClient:
    return client_of(demo)


def answering(*answers: Response | type[ConnectionError]) -> Callable[[Request], Response | None]:
    """Gives these answers, the last of them for ever."""
    left = list(answers)

    def intercept(_: Request) -> Response | None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, type):
            raise answer
        return answer

    return intercept


def once(*answers: Response | type[ConnectionError]) -> Callable[[Request], Response | None]:
    """Gives these answers and then leaves the server alone."""
    left = list(answers)

    def intercept(_: Request) -> Response | None:
        answer = left.pop(0) if left else None
        if isinstance(answer, type):
            raise answer
        return answer

    return intercept


def failure(call: Call, client: CoveoClient) -> CoveoSourceError:
    with pytest.raises(CoveoSourceError) as error:
        call(client)
    return error.value


# --- every endpoint ---


def test_an_export_is_created_read_listed_and_deleted(
    client: CoveoClient, demo: DemoServer
) -> None:
    created = client.create_export({**DAY, "tables": ("clicks", "groups"), "d": "ours"})
    assert created["tables"] == ["clicks", "groups"]
    assert created["description"] == "ours"
    assert client.export(created["id"])["id"] == created["id"]
    assert [export["id"] for export in client.exports()] == [created["id"]]
    client.delete_export(created["id"])
    assert client.exports() == []


def test_query_and_body_create_the_same_export(client: CoveoClient, demo: DemoServer) -> None:
    client.create_export(
        {
            **DAY,
            "tables": ("searches", "clicks"),
            "f": ("(mobile=='true')", "(browser=='Chrome')"),
            "fs": ("(originLevel2=='All')",),
            "fc": ("(eventType=='x, y & z')",),
            "dimensions": ("id", "datetime", "clickId"),
            "d": "one & the same #1",
            "format": "NO_NEWLINE",
            "useDisplayNames": "false",
        }
    )
    client.create_export_from_body(
        {
            **DAY,
            "tables": ["SEARCHES", "CLICKS"],
            "commonFilters": ["(mobile=='true')", "(browser=='Chrome')"],
            "searchesFilters": ["(originLevel2=='All')"],
            "customEventsFilters": ["(eventType=='x, y & z')"],
            "dimensions": ["id", "datetime", "clickId"],
            "description": "one & the same #1",
            "exportFormat": "NO_NEWLINE",
            "useDisplayNames": False,
        }
    )
    by_query, by_body = (export.order for export in demo.exports)
    for name in ("start", "last", "tables", "filters", "dimensions", "description", "format"):
        assert getattr(by_query, name) == getattr(by_body, name), name
    assert json.loads(demo.requests[-1].body)["exportFormat"] == "NO_NEWLINE"


def test_row_limit_estimate_and_dimensions_are_read(serve: Serve) -> None:
    server = serve(row_limit=4321)
    client = client_of(server)
    assert client.row_limit() == 4321
    start = datetime(2026, 3, 3, tzinfo=timezone.utc)
    counts = server.traffic.counts(start, start + timedelta(days=1))
    assert client.estimate({**DAY, "tables": ("clicks", "searches")}) == {
        "searches": counts["searches"],
        "clicks": counts["clicks"],
    }
    assert {"returnName", "type"} <= set(client.exportable_dimensions()[0])


def test_no_row_limit_is_none_and_table_names_may_be_upper_case(serve: Serve) -> None:
    client = client_of(serve(intercept=answering(Response.json({}))))
    assert client.row_limit() is None
    upper = Response.json({"estimates": {"CLICKS": 3}})
    assert client_of(serve(intercept=answering(upper))).estimate(DAY) == {"clicks": 3}


def test_every_request_carries_the_organization_and_the_token_in_a_header_only(
    client: CoveoClient, demo: DemoServer
) -> None:
    for call in CALLS.values():
        try:
            call(client)
        except ApiError:
            continue
    assert len(demo.requests) == len(CALLS)
    for request in demo.requests:
        assert request.first("org") == demo.org
        assert request.headers["authorization"] == f"Bearer {demo.api_key}"
        assert demo.api_key not in f"{request.path} {request.query} {request.body!r}"


def test_an_export_that_is_already_gone_is_deleted_without_an_error(client: CoveoClient) -> None:
    client.delete_export("never-was-there")


def test_an_id_cannot_lead_to_another_path(client: CoveoClient, demo: DemoServer) -> None:
    failure(lambda client: client.export("../exports?x=1"), client)
    assert demo.requests[-1].path == "/rest/ua/v15/exports/..%2Fexports%3Fx%3D1"


@contextmanager
def opened(client: CoveoClient, server: DemoServer) -> Iterator[str]:
    export = client.create_export(DAY)
    while client.export(export["id"])["status"] == "PENDING":
        continue
    yield client.download_address(export["id"])


def test_a_download_is_streamed_whole_or_from_an_offset(
    client: CoveoClient, demo: DemoServer
) -> None:
    with opened(client, demo) as address:
        assert address.startswith(demo.storage_url)
        with client.open_download(address) as response:
            assert response.status_code == 200
            whole = response.content
        with client.open_download(address, 100) as response:
            assert response.status_code == 206
            assert response.content == whole[100:]


def test_a_relative_address_is_one_on_the_api_host(serve: Serve) -> None:
    server = serve(intercept=answering(Response(303, {"Location": "/files/e1?sig=x"})))
    assert client_of(server).download_address("e1") == f"{server.base_url}/files/e1?sig=x"


def test_a_download_without_an_address_is_an_error_that_says_so(serve: Serve) -> None:
    server = serve(intercept=answering(Response.json({"id": "e1"})))
    error = failure(CALLS["download the export e1"], client_of(server))
    assert "names no address" in str(error)


def test_the_storage_may_not_redirect(client: CoveoClient, demo: DemoServer) -> None:
    with opened(client, demo) as address:
        demo.intercept = answering(Response(302, {"Location": f"{demo.base_url}/steal"}))
        with client.open_download(address) as response:
            assert response.status_code == 302
    assert not [request for request in demo.requests if request.path == "/steal"]


# --- refusals ---


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
def test_a_refusal_becomes_its_own_error_with_the_words_of_coveo(
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
def test_a_refused_request_is_not_repeated(serve: Serve, status: int, action: str) -> None:
    server = serve(intercept=answering(refusal(status, message="no")))
    failure(CALLS[action], client_of(server))
    assert len(server.requests) == 1


def test_the_demo_refuses_with_the_same_errors(serve: Serve) -> None:
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


# --- what heals ---

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
def test_reading_again_heals_a_passing_failure(serve: Serve, action: str, answer: Response) -> None:
    server = serve(intercept=once(answer))
    try:
        READS[action](client_of(server))
    except ExportNotFound:
        assert "e1" in action
    assert len(server.requests) == 2


@pytest.mark.parametrize("action", READS)
def test_reading_again_heals_a_broken_connection(serve: Serve, action: str) -> None:
    server = serve(intercept=once(ConnectionError))
    try:
        READS[action](client_of(server))
    except ExportNotFound:
        assert "e1" in action
    assert len(server.requests) == 2


@pytest.mark.parametrize("answer", BROKEN.values(), ids=list(BROKEN))
def test_a_failure_that_stays_is_an_error_with_a_message_for_people(
    serve: Serve, answer: Response
) -> None:
    server = serve(intercept=answering(answer))
    error = failure(CALLS["list the exports"], client_of(server))
    assert isinstance(error, ApiError)
    assert error.status == answer.status
    assert error.message.strip()
    assert "<" not in str(error)
    assert len(server.requests) == 2


def test_the_number_of_tries_has_an_end(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "RETRIES", 3)
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda _: None)
    server = serve(intercept=answering(Response(429, {"Retry-After": "0"})))
    error = failure(CALLS["list the exports"], client_of(server))
    assert isinstance(error, ApiError)
    assert error.status == 429
    assert len(server.requests) == 4


def test_creating_is_repeated_after_429_when_the_time_it_names_is_over(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", pauses.append)
    server = serve(intercept=once(Response(429, {"Retry-After": "7"})))
    assert client_of(server).create_export(DAY)["status"] in ("PENDING", "AVAILABLE")
    assert pauses == [7]
    assert len(server.requests) == 2
    assert len(server.exports) == 1


def test_a_wait_that_the_server_names_has_a_bound(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", pauses.append)
    server = serve(intercept=once(Response(503, {"Retry-After": "86400"})))
    client_of(server).exports()
    assert pauses == [retries.LONGEST_RETRY_AFTER]


@pytest.mark.parametrize(
    "create",
    [
        lambda client: client.create_export(DAY),
        lambda client: client.create_export_from_body(DAY),
    ],
    ids=["query", "body"],
)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_creating_is_not_repeated_after_a_failure_that_may_have_created(
    serve: Serve, create: Call, status: int
) -> None:
    server = serve(intercept=answering(Response(status, {"Retry-After": "0"})))
    failure(create, client_of(server))
    assert len(server.requests) == 1


def test_creating_is_not_repeated_when_the_line_breaks(serve: Serve) -> None:
    server = serve(intercept=answering(ConnectionError))
    error = failure(CALLS["create an export"], client_of(server))
    assert isinstance(error, ServiceUnreachable)
    assert len(server.requests) == 1


# --- answers that are none ---


def test_an_answer_that_is_not_json_is_an_error_that_says_so(serve: Serve) -> None:
    page = Response(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
    error = failure(CALLS["list the exports"], client_of(serve(intercept=answering(page))))
    assert isinstance(error, ApiError)
    assert error.status == 200
    assert "JSON" in str(error)


def test_a_redirect_of_an_api_call_is_not_followed_and_is_an_error(serve: Serve) -> None:
    server = serve(intercept=answering(Response(302, {"Location": "/login"})))
    error = failure(CALLS["list the exports"], client_of(server))
    assert isinstance(error, ApiError)
    assert "302" in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"null", b'{"message": null}'])
def test_an_error_with_an_odd_body_still_has_a_message(serve: Serve, content: bytes) -> None:
    server = serve(intercept=answering(Response(400, {}, content)))
    error = failure(CALLS["list the exports"], client_of(server))
    assert "Bad Request (HTTP 400" in str(error)


def test_a_firewall_is_called_a_firewall(serve: Serve) -> None:
    headers = {"Content-Type": "text/html", "x-coveo-waf-action": "block"}
    server = serve(intercept=answering(Response(403, headers, HTML)))
    error = failure(CALLS["list the exports"], client_of(server))
    assert "firewall" in str(error)
    assert "<" not in str(error)


def test_a_host_that_refuses_the_connection_is_named() -> None:
    host = f"127.0.0.1:{free_port()}"
    error = failure(CALLS["list the exports"], CoveoClient(f"http://{host}", "acme", TOKEN))
    assert isinstance(error, ServiceUnreachable)
    assert error.host == host
    assert f"No answer from {host}" in str(error)
    assert "refused" in str(error)
    assert "acme" not in str(error)


def test_a_host_that_has_no_address_is_named() -> None:
    client = CoveoClient("http://nobody.invalid", "acme", TOKEN)
    error = failure(CALLS["list the exports"], client)
    assert "No answer from nobody.invalid" in str(error)
    assert "/rest/" not in str(error)


def test_a_host_that_takes_too_long_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "RETRIES", 0)
    monkeypatch.setattr(client_module, "READ_SECONDS", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        error = failure(CALLS["list the exports"], CoveoClient(f"http://{host}", "o", TOKEN))
    assert host in str(error)
    assert re.search("too long|timed out", str(error))


def test_an_answer_that_is_no_http_is_an_error_that_names_the_host() -> None:
    class Garbage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Garbage) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        host = f"127.0.0.1:{server.server_address[1]}"
        error = failure(CALLS["list the exports"], CoveoClient(f"http://{host}", "o", TOKEN))
        server.shutdown()
    assert isinstance(error, ServiceUnreachable)
    assert host in str(error)


# --- the clock ---


def test_now_is_the_time_of_the_server(serve: Serve, clock: Any) -> None:
    server = serve()
    client = client_of(server)
    client.exports()
    # a Date header has whole seconds
    assert abs(client.now - clock()) < timedelta(seconds=30)
    clock.advance(days=3)
    client.row_limit()
    assert abs(client.now - clock()) < timedelta(seconds=30)
    assert client.now.tzinfo is timezone.utc


def test_a_refusal_tells_the_time_too(serve: Serve, clock: Any) -> None:
    client = client_of(serve(), TOKEN)
    failure(CALLS["list the exports"], client)
    assert abs(client.now - clock()) < timedelta(seconds=30)


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_without_a_readable_date_the_own_clock_counts(date: str) -> None:
    class Dateless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                + (f"Date: {date}\r\n" if date else "").encode()
                + b"\r\n[]"
            )

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Dateless) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        client = CoveoClient(f"http://127.0.0.1:{server.server_address[1]}", "o", TOKEN)
        assert client.exports() == []
        server.shutdown()
    assert abs(client.now - datetime.now(timezone.utc)) < timedelta(seconds=30)


# --- the token ---


def test_a_netrc_does_not_replace_the_token(
    demo: DemoServer, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = own_folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client_of(demo).exports()
    assert demo.requests[-1].headers["authorization"] == f"Bearer {demo.api_key}"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize(
    "answer",
    [Response(401), Response(500), Response(200, {}, b"no json"), ConnectionError],
    ids=["401", "500", "200", "broken"],
)
def test_the_token_is_in_no_error(
    serve: Serve, action: str, answer: Response | type[ConnectionError]
) -> None:
    server = serve(intercept=answering(answer))
    try:
        CALLS[action](client_of(server, TOKEN))
    except Exception as raised:
        for error in chain(raised):
            assert TOKEN not in f"{error!s} {error!r} {vars(error)}"
    else:
        assert action.startswith("delete")


def test_the_token_is_in_no_printed_form_of_a_client() -> None:
    client = CoveoClient("https://platform.cloud.coveo.com", "acme", TOKEN)
    printed = f"{client!r} {client!s} {client._api!r} {client._api.auth!r} {client._api.headers!r}"
    assert TOKEN not in printed
    client.close()
