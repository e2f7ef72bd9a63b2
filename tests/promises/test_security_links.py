"""Signed links: in no log at any level, no error, trace or file, however a download fails."""

import http.client
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from coveo_source import coveo_source
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import (
    Fault,
    answer,
    at,
    cut_off,
    expired_link,
    hang_up,
    headers_end,
    inject,
    redirect,
    rewritten,
    server_error,
    signed,
)
from tests.support.assertions import FROM_DATE, assert_loaded, run_against, speed_up_retries
from tests.support.cases import some_of
from tests.support.cli_user import connection_settings, open_pipeline
from tests.support.files import pipeline_folder
from tests.support.secrecy import assert_absent, logging_to, tree_of

STYLES = {
    "X_Amz_Credential": "ASIAQX7EXAMPLE53GFPA/20260310/us-east-1/s3/aws4_request",
    "X_Amz_Security_Token": "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDvJ0x=",
    "X_Amz_Signature": "b1946ac92492d2347c6235b4d2611184fe0a8e51a7e6b3c7a9e1c5d7f0a3b2c1",
    "X_Goog_Signature": "7d793037a0760186574b0282f2f435e7d793037a0760186574b0282f2f435e71",
    "Policy": "eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9kLmNsb3VkZnJvbnQubmV0",
    "sig": "q8Vd0Jv1nXw3Zk5Tz7Yb9Lc2Mf4Rg6Hs+/8Pj0Kt1U=",
    "unheard_of": "w4Xa7Zp0Lm3Qk9Rt2Vb5Nc8Hd1Jf6Gs+/4Ty0Ue3I=",
}
"""Values that sign links, by the names of their parameters, as storages and CDNs have them."""


def moved(server: DemoServer, request: Request) -> Response:
    """Redirects the storage's answer to where nothing is, with the whole signed query."""
    query = "&".join(f"{name}={value}" for name, [value] in request.query.items())
    return redirect(f"{server.storage_url}/moved?{query}")(server, request)


def error_with_link(server: DemoServer, request: Request) -> Response:
    """Refuses a download and repeats its link, in the status line and in the body."""
    link = f"{server.storage_url}{request.path}?Signature={request.first('Signature')}"
    return replace(answer(403, f"<a href='{link}'>".encode())(server, request), reason=link)


def value_for_length(server: DemoServer, request: Request) -> Response:
    """Sends one value of the link, and nothing that says what it is, in place of a length."""
    value = request.first("unheard-of") or ""
    return Response(200, {"Transfer-Encoding": "chunked"}, [f"{value}\r\n".encode()])


def link_in_list(server: DemoServer, request: Request) -> Response:
    """Sends exports with a signed `downloadLink`, and one whose size is that link."""
    link = f"https://x.example/a.zip?Signature={STYLES['X_Amz_Signature']}"
    return rewritten(lambda export: {**export, "downloadLink": link, "size": link})(server, request)


def unreachable(server: DemoServer, request: Request) -> Response:
    """Sends a signed link to a port that does not answer."""
    response = signed(**STYLES)(server, request)
    location = response.headers["Location"].replace(server.storage_url, "http://127.0.0.1:9")
    return replace(response, headers={**response.headers, "Location": location})


Faults = Callable[[], list[Fault]]
RECOVERED: Faults = lambda: [  # noqa: E731
    # the first that strikes decides, so each download meets another one
    Fault(at("file"), hang_up, times=2),
    Fault(at("file"), server_error, skip=2),
    Fault(at("file"), cut_off(0.3), skip=3),
    Fault(at("file"), headers_end(expired_link), skip=4),
    Fault(at("file"), moved, skip=5),
    Fault(at("file"), error_with_link, skip=6),
    Fault(at("address"), signed(**STYLES), times=None),
]
LASTING: dict[str, Faults] = {
    "hang up": lambda: [Fault(at("file"), hang_up, times=None)],
    "server error": lambda: [Fault(at("file"), server_error, times=None)],
    "expired": lambda: [Fault(at("file"), expired_link, times=None)],
    "error with link": lambda: [Fault(at("file"), error_with_link, times=None)],
    "value for length": lambda: [Fault(at("file"), value_for_length, times=None)],
    "moved": lambda: [Fault(at("file"), moved, times=None)],
    "broken headers": lambda: [Fault(at("file"), headers_end(expired_link), times=None)],
    "unreachable": lambda: [Fault(at("address"), unreachable, times=None)],
    "link in list": lambda: [Fault(at("status"), link_in_list, times=None)],
}


def secrets_of(server: DemoServer) -> set[str]:
    """Returns what signed the links of a server."""
    given = {request.first("Signature") or "" for request in server.storage_requests}
    return (given - {""}) | {*STYLES.values()}


def assert_no_link(server: DemoServer, folder: Path, *texts: str) -> None:
    for secret in secrets_of(server):
        assert_absent(secret, folder, *texts)
    for text in texts:
        # not even a part of a query
        assert "Signature=" not in text.replace("Signature=***", "")


@pytest.fixture
def watched(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that is logged, by any logger and at every level."""
    with logging_to(caplog.handler):
        yield caplog


def test_a_run_that_recovers_from_broken_downloads_logs_no_signed_link(
    demo: DemoServer,
    tmp_path: Path,
    watched: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    inject(demo, *RECOVERED())
    completed = run_against(demo)
    assert_loaded(completed)
    assert len(demo.storage_requests) >= 8
    logged = {record.getMessage().partition(" ")[0] for record in watched.records}
    assert {"Retrying", "Incremented", "Failed"} <= logged
    assert "/exports/" in watched.text
    assert_no_link(demo, tmp_path, completed.out, completed.err, watched.text)


def library_run(server: DemoServer) -> None:
    settings = {**connection_settings(server), "from_date": FROM_DATE, "tables": ["clicks"]}
    open_pipeline().run(coveo_source(**settings))


def test_a_library_user_s_logs_have_no_signed_link(
    demo: DemoServer, tmp_path: Path, watched: pytest.LogCaptureFixture
) -> None:
    inject(demo, *RECOVERED())
    library_run(demo)
    warned = [r for r in watched.records if r.levelno >= logging.WARNING]
    assert any("after connection broken" in record.getMessage() for record in warned)
    assert_no_link(demo, tmp_path, watched.text)


@pytest.mark.parametrize("name", some_of(LASTING, "hang up", "error with link", "unreachable"))
def test_what_a_library_user_catches_has_no_signed_link(
    demo: DemoServer,
    tmp_path: Path,
    watched: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    speed_up_retries(monkeypatch, retries=0)
    inject(demo, *LASTING[name](), Fault(at("address"), signed(**STYLES), times=None))
    with pytest.raises(PipelineStepFailed) as raised:
        library_run(demo)
    tree = tree_of(raised.value)
    printed = [f"{error!s} {error!r} {error.args!r} {vars(error)}" for error in tree]
    text = "".join(traceback.format_exception(raised.value))
    trace = pickle.loads((pipeline_folder() / "trace.pickle").read_bytes())
    assert_no_link(demo, tmp_path, *printed, text, str(trace.asdict()), watched.text)


@pytest.mark.parametrize("name", some_of(LASTING, "value for length", "link in list"))
def test_a_run_that_fails_says_no_signed_link(
    demo: DemoServer,
    tmp_path: Path,
    watched: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    speed_up_retries(monkeypatch, retries=0)
    inject(demo, *LASTING[name](), Fault(at("address"), signed(**STYLES), times=None))
    completed = run_against(demo)
    assert completed.code == 1
    assert "Traceback" not in completed.err
    assert_no_link(demo, tmp_path, completed.out, completed.err, watched.text)
