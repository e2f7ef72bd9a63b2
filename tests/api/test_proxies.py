"""A proxy that is in the way is named, with the variable that sets it and without its password."""

import os
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from threading import Thread
from typing import Any

import pytest

from coveo_source.api import retries
from coveo_source.api.client import CoveoClient
from coveo_source.exceptions import ServiceUnreachable, SettingError
from tests.api.calls import CALLS, TOKEN, Serve, client_of, failure

DEAD = "http://me:pr0xy-pa55word@127.0.0.1:9"
API = "https://platform.cloud.coveo.com"
LIST = CALLS["list the exports"]


class Refusing(BaseHTTPRequestHandler):
    """A proxy that wants a login."""

    asked: list[str]

    def do_CONNECT(self) -> None:
        self.asked.append(self.path)
        self.send_response(407)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_CONNECT  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(retries, "CONNECT_RETRIES", 0)


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a proxy that wants a login, with a wrong one."""
    Refusing.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://me:wrong-pa55word@127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_dead_proxy_is_named_with_its_variable_and_without_its_password(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, DEAD)
    error = failure(LIST, CoveoClient(API, "acme", TOKEN))
    assert isinstance(error, ServiceUnreachable)
    assert f"through the proxy http://127.0.0.1:9 (set in {variable})" in str(error)
    assert "refused" in str(error)
    assert "NO_PROXY name platform.cloud.coveo.com" in str(error)
    assert "pa55word" not in str(error)


def test_what_is_waited_for_is_the_proxy_and_not_coveo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "RETRIES", 3)
    monkeypatch.setattr(retries, "CONNECT_RETRIES", 3)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setenv("HTTPS_PROXY", DEAD)
    told: list[str] = []
    failure(LIST, CoveoClient(API, "acme", TOKEN, say=told.append))
    assert told
    assert all(text.startswith("The proxy did not answer") for text in told)


@pytest.mark.parametrize(
    ("variable", "url"), [("HTTPS_PROXY", API), ("HTTP_PROXY", "http://127.0.0.1:9")]
)
def test_a_proxy_that_wants_a_login_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, refusing: str, variable: str, url: str
) -> None:
    monkeypatch.setenv(variable, refusing)
    error = failure(LIST, CoveoClient(url, "acme", TOKEN))
    assert isinstance(error, ServiceUnreachable)
    for text in ("407", f"set in {variable}", f"proxy in {variable}, as http://USER:PASSWORD@HOST"):
        assert text in str(error)
    assert "pa55word" not in str(error)
    assert len(Refusing.asked) == 1


def test_the_proxy_in_front_of_the_storage_is_named_too(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(serve())
    monkeypatch.setenv("HTTPS_PROXY", DEAD)
    with (
        pytest.raises(ServiceUnreachable) as raised,
        client.open_download("https://storage.example.com/file?signature=secret"),
    ):
        pass
    assert "No answer from storage.example.com through the proxy" in str(raised.value)
    assert "signature" not in str(raised.value)


def test_a_host_that_needs_no_proxy_is_reached_without_one(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", DEAD)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert client_of(serve()).exports() == []
    error = failure(LIST, CoveoClient("http://127.0.0.1:9", "acme", TOKEN))
    assert "proxy" not in str(error)


def test_certificates_in_a_file_that_does_not_exist_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/company.pem")
    with pytest.raises(SettingError, match=r"REQUESTS_CA_BUNDLE is '/nowhere/company\.pem'"):
        CoveoClient(API, "acme", TOKEN)


@pytest.mark.skipif(not which("openssl"), reason="openssl makes the certificate")
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_that_is_not_trusted_is_explained(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setattr(retries, "RETRIES", 0)
    new = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key -out"
    # the key is that of the last one
    for certificate in ("other", "cert"):
        subprocess.run(["openssl", *new.split(), certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("cert", "key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"https://localhost:{server.server_address[1]}"
        monkeypatch.setenv(variable, "other")
        error = failure(LIST, CoveoClient(url, "acme", TOKEN))
        server.shutdown()
    assert "certificate verify failed" in str(error)
    assert f"Set {variable} to a file that has this certificate too" in str(error)
