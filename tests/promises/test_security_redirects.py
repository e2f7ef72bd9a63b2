"""Redirects and connections without TLS: the token goes to the API's host only."""

from collections.abc import Iterator
from typing import Any

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, at, inject, redirect
from coveo_source.demo.wire import Listener
from tests.support.assertions import WINDOW, assert_failed_with, assert_loaded, run_against
from tests.support.clock import NOW

pytestmark = pytest.mark.usefixtures("no_retries")


@pytest.fixture
def other_host() -> Iterator[tuple[str, list[Request]]]:
    """The address of another host, and the requests that it gets."""
    received: list[Request] = []

    def app(request: Request) -> Response:
        received.append(request)
        return Response(404, {}, b"nothing here")

    listener = Listener("storage", 0, app, lambda: NOW)
    listener.start()
    yield f"127.0.0.1:{listener.port}", received
    listener.close()


def test_a_redirect_to_another_host_carries_no_token(
    demo: DemoServer, other_host: tuple[str, list[Request]]
) -> None:
    host, received = other_host
    inject(demo, Fault(at("address"), redirect(f"http://{host}/take"), times=None))
    assert_failed_with(run_against(demo), "storage")
    assert received
    for request in received:
        assert "authorization" not in request.headers
        assert demo.api_key not in str(request)


@pytest.mark.parametrize("where", ["list", "create", "status", "estimate", "delete", "file"])
def test_an_unexpected_redirect_is_not_followed(
    demo: DemoServer, other_host: tuple[str, list[Request]], where: Any
) -> None:
    host, received = other_host
    fault = Fault(at(where), redirect(f"http://{host}/take", 307), times=None)
    inject(demo, fault)
    completed = run_against(demo)
    assert completed.code == (0 if where == "delete" else 1)
    assert "Traceback" not in completed.err
    assert fault.seen
    # redirects of the storage may be followed: requests to it carry no token
    assert where == "file" or received == []
    assert all("authorization" not in request.headers for request in received)


def test_a_file_on_another_machine_is_not_downloaded_without_tls(demo: DemoServer) -> None:
    # 0.0.0.0 reaches the demo's storage, but is not a name of this machine that we accept
    other = demo.storage_url.replace("127.0.0.1", "0.0.0.0")

    def move_storage(server: DemoServer, request: Request) -> Response:
        location = server.answer(request).headers["Location"]
        return Response(303, {"Location": location.replace(demo.storage_url, other)})

    inject(demo, Fault(at("address"), move_storage, times=None))
    assert_failed_with(run_against(demo), "http", "0.0.0.0")
    assert demo.storage_requests == []
    inject(demo)
    assert_loaded(run_against(demo))


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x"])
def test_a_file_is_not_downloaded_by_another_protocol(demo: DemoServer, address: str) -> None:
    inject(demo, Fault(at("address"), redirect(address), times=None))
    assert_failed_with(run_against(demo), "was not fetched", WINDOW)
    assert demo.storage_requests == []


@pytest.mark.parametrize("where", ["list", "address", "file"])
def test_circular_redirects_end(demo: DemoServer, where: Any) -> None:
    host = demo.storage_url if where == "file" else demo.base_url
    inject(demo, Fault(at(where), redirect(host + "{self}?redirect=true"), times=None))
    assert_failed_with(run_against(demo), "HTTP 302" if where == "list" else "")
    assert len(demo.requests) + len(demo.storage_requests) < 60
    inject(demo)
    assert_loaded(run_against(demo))


def url_of_another_machine(server: DemoServer) -> str:
    """Returns the demo's address under a name that does not say that it is this machine."""
    return server.base_url.replace("127.0.0.1", "0.0.0.0")


def test_an_api_without_tls_is_refused(demo: DemoServer) -> None:
    completed = run_against(demo, base_url=url_of_another_machine(demo))
    assert completed.code == 2
    assert "base_url" in completed.message
    assert "https" in completed.message
    assert demo.requests == []


def test_an_api_without_tls_can_be_allowed(demo: DemoServer) -> None:
    url = url_of_another_machine(demo)
    assert "allow_http" in run_against(demo, base_url=url).message
    assert_loaded(run_against(demo, base_url=url, allow_http="true"))
