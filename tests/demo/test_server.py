import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import coveo_source.demo
from coveo_source.demo import DemoServer, Request, Response, Traffic
from tests.demo.calls import NOW, Calls


def test_everything_public_is_exported() -> None:
    names = {name for name in vars(coveo_source.demo) if not name.startswith("_")}
    modules = {module.name for module in pkgutil.iter_modules(coveo_source.demo.__path__)}
    assert names - modules == set(coveo_source.demo.__all__)


def test_an_interceptor_answers_instead_of_the_server(calls: Calls, server: DemoServer) -> None:
    server.intercept = lambda request: Response(503, {"Retry-After": "1"}, b"busy")
    response = calls("GET", "/exports")
    assert (response.status_code, response.text) == (503, "busy")
    assert response.headers["Retry-After"] == "1"
    server.intercept = lambda request: None
    assert calls("GET", "/exports").status_code == 200


def test_an_interceptor_can_change_the_servers_answer(calls: Calls, server: DemoServer) -> None:
    def changed(request: Request) -> Response:
        response = server.answer(request)
        return Response(response.status, {**response.headers, "X-Changed": "yes"}, response.body)

    server.intercept = changed
    assert calls("GET", "/exports").headers["X-Changed"] == "yes"


def test_an_interceptor_can_close_the_connection(calls: Calls, server: DemoServer) -> None:
    def hang_up(request: Request) -> Response:
        raise ConnectionResetError

    server.intercept = hang_up
    with pytest.raises(requests.ConnectionError):
        calls("GET", "/exports")
    server.intercept = lambda request: Response(200, {"Content-Length": "100"}, b"short")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        calls("GET", "/exports")
    server.intercept = None
    assert calls("GET", "/exports").status_code == 200


def test_a_client_that_hangs_up_does_no_harm(
    calls: Calls, server: DemoServer, capfd: pytest.CaptureFixture[str]
) -> None:
    port = int(server.base_url.rpartition(":")[2])
    for text in (
        b"",
        b"GET /rest",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1",
        b"\x00\xff\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(text)
    download = requests.get(calls.link(calls.finished_export()["id"]), stream=True, timeout=10)
    download.close()
    assert calls("GET", "/exports").status_code == 200
    assert capfd.readouterr() == ("", "")


def test_an_error_inside_the_server_is_answered_with_500(
    calls: Calls, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_api", None)
    status, error = calls.error("GET", "/exports")
    assert (status, error["errorCode"]) == (500, "INTERNAL_ERROR")


def test_closing_is_quick_and_closes_open_connections() -> None:
    server = DemoServer(Traffic(visits_per_day=50_000), clock=lambda: NOW, row_limit=10**9).start()
    calls = Calls(server)
    calls.create()
    started = time.monotonic()
    server.close()
    assert time.monotonic() - started < 2
    with pytest.raises(requests.ConnectionError):
        calls("GET", "/exports")


def test_many_clients_are_served_at_once() -> None:
    with DemoServer(clock=lambda: NOW, quota=40, export_seconds=0.1) as server:

        def count_groups(_: int) -> int:
            tables = Calls(server).tables(tables="GROUPS")
            return len(tables["groups"])

        with ThreadPoolExecutor(16) as pool:
            counts = set(pool.map(count_groups, range(32)))
    assert len(counts) == 1


@pytest.fixture
def command() -> Iterator["subprocess.Popen[str]"]:
    arguments = ["--port", "0", "--days", "3", "--visits-per-day", "30", "--seed", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "coveo_source.demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_stopped(
    command: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    assert command.stdout is not None
    url, key, org = (command.stdout.readline().split()[-1] for _ in range(3))
    headers = {"Authorization": f"Bearer {key}"}
    path = f"{url}/rest/ua/v15/exports"
    assert requests.get(path, params={"org": org}, headers=headers, timeout=10).json() == []
    command.send_signal(number)
    assert command.wait(timeout=5) == 0
    assert command.communicate()[1] == ""


def test_the_command_reports_a_port_that_is_taken(server: DemoServer) -> None:
    port = server.base_url.rpartition(":")[2]
    run = subprocess.run(
        [sys.executable, "-m", "coveo_source.demo", "--port", port],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith(f"Cannot listen on port {port}")
