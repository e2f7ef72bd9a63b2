"""Faults that pass: the run repeats what failed and ends like any other."""

import socket
import struct
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from threading import Thread
from typing import get_args

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import (
    Endpoint,
    Fault,
    Then,
    answer,
    at,
    bad_gateway,
    becomes,
    cut_off,
    hang_up,
    inject,
    is_deleted,
    lose_answer,
    server_error,
    slow,
    too_many_requests,
    unavailable,
)
from tests.support.assertions import (
    RUN_AGAIN,
    WINDOW,
    assert_failed_with,
    assert_loaded,
    run_against,
)
from tests.support.cases import some_of
from tests.support.cli_user import create_requests, rows
from tests.support.clock import NOW
from tests.support.network import free_port

Serve = Callable[..., DemoServer]

SOON = format_datetime(NOW + timedelta(seconds=1), usegmt=True)
TRANSIENT: dict[str, Then] = {
    "429 with seconds": too_many_requests("0"),
    "429 with a date": too_many_requests(SOON),
    "429 without Retry-After": too_many_requests(None),
    "500": server_error,
    "502 without a body": bad_gateway,
    "503 as a web page": unavailable,
    "reset before the request": hang_up,
    "reset after the request": lose_answer,
    "slow response": slow(0.05),
}


@pytest.mark.parametrize(
    "fault", some_of(TRANSIENT, "429 with seconds", "500", "reset after the request")
)
def test_every_kind_of_request_survives_one_failure(demo: DemoServer, fault: str) -> None:
    faults = {endpoint: Fault(at(endpoint), TRANSIENT[fault]) for endpoint in get_args(Endpoint)}
    inject(demo, *faults.values())
    assert_loaded(run_against(demo))
    unused = {endpoint for endpoint, fault in faults.items() if not fault.seen}
    # when a create request is in doubt, the list may already say that the export is ready
    assert unused <= {"status"}
    assert rows("dimensions")
    accepted = fault in ("reset after the request", "slow response")
    assert len(create_requests(demo)) == (1 if accepted else 2)
    assert demo.exports == []


ANSWERS = ("list", "row limit", "estimate", "status", "create", "file")


@pytest.mark.parametrize("where", some_of(ANSWERS, "create", "file"))
def test_a_response_that_stops_halfway_is_requested_again(
    demo: DemoServer, where: Endpoint
) -> None:
    inject(demo, Fault(at(where), cut_off(0.5)))
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1


PAGES = (
    answer(200, b"<html>Please wait</html>"),
    answer(200, b"", "application/json"),
    answer(200, b"{not json", "application/json"),
)


def test_a_page_in_place_of_an_answer_is_asked_for_again(demo: DemoServer) -> None:
    places: tuple[Endpoint, ...] = ("list", "row limit", "estimate", "status", "create")
    faults = [Fault(at(where), PAGES[number % 3]) for number, where in enumerate(places)]
    inject(demo, *faults)
    assert_loaded(run_against(demo))
    assert all(fault.seen for fault in faults)


def test_an_export_whose_creation_was_answered_with_a_page_is_found(demo: DemoServer) -> None:
    def page(server: DemoServer, request: Request) -> Response:
        server.answer(request)
        return PAGES[0](server, request)

    inject(demo, Fault(at("create"), page))
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1


def test_a_request_that_times_out_is_sent_again(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coveo_source.api.client.READ_SECONDS", 0.3)
    faults = [Fault(at(endpoint), slow(0.6)) for endpoint in ("list", "create", "file")]
    inject(demo, *faults)
    assert_loaded(run_against(demo))
    assert all(fault.seen for fault in faults)
    assert len(create_requests(demo)) == 1


def test_refused_and_reset_connections_are_retried(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coveo_source.api.retries.RETRIES", 6)
    monkeypatch.setattr("coveo_source.api.retries.CONNECT_RETRIES", 4)
    port = free_port()
    starting = Thread(target=lambda: reset_once_then(port, lambda: serve(port=port)))
    with DemoServer() as settings:
        starting.start()
        completed = run_against(settings, base_url=f"http://127.0.0.1:{port}")
        starting.join()
    assert_loaded(completed)


def reset_once_then(port: int, start_server: Callable[[], object]) -> None:
    """Resets the first connection to a port, refuses others for a moment, then starts a server."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        connection, _ = listener.accept()
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    time.sleep(0.3)
    start_server()


def test_an_export_whose_creation_was_not_confirmed_is_found(demo: DemoServer) -> None:
    inject(demo, Fault(at("create"), lose_answer))
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1


LOST: dict[str, tuple[Endpoint, Then]] = {
    "expired while being built": ("status", becomes("EXPIRED")),
    "expired before the download": ("address", becomes("EXPIRED")),
    "deleted while being built": ("status", is_deleted),
    "deleted before the download": ("address", is_deleted),
    "deleted when the link was known": ("file", is_deleted),
}


@pytest.mark.parametrize("loss", LOST)
def test_a_lost_export_is_created_again(demo: DemoServer, loss: str) -> None:
    where, then = LOST[loss]
    inject(demo, Fault(at(where), then))
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 2
    assert demo.exports == []


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        pytest.param(becomes("EXPIRED"), "EXPIRED", id="expired"),
        pytest.param(is_deleted, "deleted", id="deleted"),
    ],
)
def test_an_export_that_is_lost_twice_fails_the_run(
    demo: DemoServer, then: Then, reason: str
) -> None:
    inject(demo, Fault(at("status"), then, times=None))
    assert_failed_with(run_against(demo), reason, WINDOW, RUN_AGAIN)
    assert len(create_requests(demo)) == 2
    inject(demo)
    assert_loaded(run_against(demo))


@pytest.mark.parametrize("loss", ["EXPIRED", "deleted"])
def test_an_export_lost_since_the_last_run_is_created_again(demo: DemoServer, loss: str) -> None:
    inject(demo, Fault(at("file"), answer(500), times=None))
    assert run_against(demo).code == 1
    assert len(demo.exports) == 1
    if loss == "EXPIRED":
        demo.exports[0].status = "EXPIRED"
    else:
        demo._ledger.delete(demo.exports[0].id)
    inject(demo)
    assert_loaded(run_against(demo))
    assert demo.exports == []
