"""The token and signed links: in no output, log, trace or file, however a run fails."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import (
    Fault,
    answer,
    at,
    becomes,
    changed_file,
    halved,
    hang_up,
    inject,
    refuse,
    reported,
    server_error,
)
from tests.support.assertions import FROM_DATE, run_against
from tests.support.cli_user import PIPELINE, dlt_command, environment

pytestmark = pytest.mark.usefixtures("no_retries")

Serve = Callable[..., DemoServer]

TOKEN = "xx5ecre7-0000-4000-8000-70ken0000000"


def token_in(request: Request) -> str:
    return request.headers["authorization"].partition(" ")[2]


def refuse_with_token(server: DemoServer, request: Request) -> Response:
    """Refuses the request with a message that repeats the token."""
    message = f"The token {token_in(request)} is not valid."
    return refuse(401, "INVALID_TOKEN", message)(server, request)


def web_page_with_token(server: DemoServer, request: Request) -> Response:
    """Sends a web page whose content type repeats the token."""
    return Response(200, {"Content-Type": f"text/html; for={token_in(request)}"}, b"<html></html>")


def status_with_token(server: DemoServer, request: Request) -> Response:
    """Sends an export whose status is the token."""
    return reported(token_in(request))(server, request)


def link_with_token(server: DemoServer, request: Request) -> Response:
    """Sends a link, with the token in it, to a port that does not answer."""
    token = token_in(request)
    return Response(303, {"Location": f"http://127.0.0.1:9/{token}?key={token}"})


FAULTS: dict[str, Callable[[], Fault]] = {
    "401": lambda: Fault(at(), refuse(401, "INVALID_TOKEN", "Not valid."), times=None),
    "500": lambda: Fault(at("create"), server_error, times=None),
    "web page": lambda: Fault(at("status"), answer(200, b"<html>"), times=None),
    "connection reset": lambda: Fault(at("status"), hang_up, times=None),
    "expired": lambda: Fault(at("status"), becomes("EXPIRED"), times=None),
    "download reset": lambda: Fault(at("file"), hang_up, times=None),
    "damaged file": lambda: Fault(at("file"), changed_file(halved), times=None),
    "401 with token": lambda: Fault(at("create"), refuse_with_token, times=None),
    "web page with token": lambda: Fault(at("status"), web_page_with_token, times=None),
    "status with token": lambda: Fault(at("status"), status_with_token, times=None),
    "link with token": lambda: Fault(at("address"), link_with_token, times=None),
}


@pytest.mark.parametrize("name", FAULTS)
def test_no_failure_reveals_the_token(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    server, fault = serve(api_key=TOKEN), FAULTS[name]()
    inject(server, fault)
    caplog.set_level(logging.DEBUG)
    with dlt_logging_to(caplog.handler):
        completed = run_against(server)
    assert completed.code == 1
    assert fault.seen
    assert_absent(TOKEN, tmp_path, completed.out, completed.err, caplog.text)
    assert all("authorization" not in request.headers for request in server.storage_requests)


@contextlib.contextmanager
def dlt_logging_to(handler: logging.Handler) -> Iterator[None]:
    """Also hands all that dlt logs to a handler; its logger does not propagate."""
    logger = logging.getLogger("dlt")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def assert_absent(secret: str, folder: Path, *texts: str) -> None:
    """Checks that a secret is in none of these texts, nor in any file below a folder."""
    for text in texts:
        assert secret.lower() not in text.lower()
    for path in folder.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_no_failure_reveals_a_signed_link(demo: DemoServer, tmp_path: Path) -> None:
    inject(demo, Fault(at("file"), hang_up, times=None))
    completed = run_against(demo)
    assert completed.code == 1
    for request in demo.storage_requests:
        signature = request.first("Signature") or ""
        assert_absent(signature, tmp_path, completed.out, completed.err)


def test_the_trace_of_a_failure_does_not_reveal_the_token(serve: Serve, tmp_path: Path) -> None:
    server = serve(api_key=TOKEN)
    refused = refuse(403, "ACCESS_DENIED", "Access denied.")
    inject(server, Fault(at("address"), refused, times=None))
    env = {**environment(server), "RUNTIME__LOG_LEVEL": "DEBUG"}
    completed = dlt_command("--debug", "pipeline", PIPELINE, "run", "--from", FROM_DATE, env=env)
    assert completed.returncode != 0
    assert "Traceback" in completed.stderr
    assert_absent(TOKEN, tmp_path, completed.stdout, completed.stderr)
