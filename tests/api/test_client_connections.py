"""Hosts that do not answer, and answers that are not what they should be."""

import re
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from coveo_source.api import client as client_module
from coveo_source.api import retries
from coveo_source.api.client import CoveoClient
from coveo_source.demo import Response
from coveo_source.exceptions import ApiError, ServiceUnreachable
from tests.api.calls import CALLS, TOKEN, Serve, answering, client_of, failure


def test_an_answer_that_is_not_json_is_an_error(serve: Serve) -> None:
    page = Response(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
    error = failure(CALLS["list the exports"], client_of(serve(intercept=answering(page))))
    assert isinstance(error, ApiError)
    assert error.status == 200
    assert "JSON" in str(error)


def test_a_redirect_of_an_api_request_is_an_error(serve: Serve) -> None:
    server = serve(intercept=answering(Response(302, {"Location": "/login"})))
    error = failure(CALLS["list the exports"], client_of(server))
    assert isinstance(error, ApiError)
    assert "302" in str(error)
    assert len(server.requests) == 1


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_host_that_refuses_connections_is_named() -> None:
    host = f"127.0.0.1:{free_port()}"
    error = failure(CALLS["list the exports"], CoveoClient(f"http://{host}", "acme", TOKEN))
    assert isinstance(error, ServiceUnreachable)
    assert error.host == host
    assert f"No answer from {host}" in str(error)
    assert "refused" in str(error)
    assert "acme" not in str(error)


def test_a_host_that_does_not_resolve_is_named() -> None:
    client = CoveoClient("http://nobody.invalid", "acme", TOKEN)
    error = failure(CALLS["list the exports"], client)
    assert "No answer from nobody.invalid" in str(error)
    assert "/rest/" not in str(error)


def test_a_host_that_does_not_answer_in_time_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "RETRIES", 0)
    monkeypatch.setattr(client_module, "READ_SECONDS", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        error = failure(CALLS["list the exports"], CoveoClient(f"http://{host}", "o", TOKEN))
    assert host in str(error)
    assert re.search("too long|timed out", str(error))


def test_a_host_that_does_not_speak_http_is_named() -> None:
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
