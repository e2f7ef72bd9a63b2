"""The token: in no output, log, trace or file, however a run fails, and however it is spelled."""

import http.client
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from coveo_source import coveo_source
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import (
    SPELLINGS,
    Fault,
    answer,
    at,
    becomes,
    broken_chunks,
    broken_length,
    changed_file,
    halved,
    hang_up,
    headers_end,
    inject,
    refuse,
    reported,
    rewritten,
    says_token,
    says_token_in_every_spelling,
    says_token_in_other_json,
    server_error,
    status_line,
    token_in,
    with_content,
    with_values,
)
from tests.support.assertions import FROM_DATE, assert_failed_with, assert_loaded, run_against
from tests.support.cases import some_of
from tests.support.cli_user import (
    PIPELINE,
    connection_settings,
    dlt_command,
    environment,
    open_pipeline,
    query,
)
from tests.support.files import pipeline_folder
from tests.support.secrecy import TOKEN, assert_absent, logging_to, tree_of

pytestmark = pytest.mark.usefixtures("no_retries")

Serve = Callable[..., DemoServer]


def web_page_with_token(server: DemoServer, request: Request) -> Response:
    """Sends a web page whose content type repeats the token."""
    return Response(200, {"Content-Type": f"text/html; for={token_in(request)}"}, b"<html></html>")


def status_with_token(server: DemoServer, request: Request) -> Response:
    """Sends an export whose status is the token."""
    return reported(token_in(request))(server, request)


def id_with_token(server: DemoServer, request: Request) -> Response:
    """Sends exports whose id is the token."""
    named = {"id": token_in(request)}

    def change(answer: Any) -> Any:
        return [each | named for each in answer] if isinstance(answer, list) else answer | named

    return rewritten(change)(server, request)


def number_with_token(server: DemoServer, request: Request) -> Response:
    """Sends an export whose size is the token."""
    return rewritten(lambda export: {**export, "size": token_in(request)})(server, request)


def link_with_token(server: DemoServer, request: Request) -> Response:
    """Sends a link, with the token in it, to a port that does not answer."""
    token = token_in(request)
    return Response(303, {"Location": f"http://{token[:8]}:x@127.0.0.1:9/{token}?key={token}"})


def link_to_no_port(server: DemoServer, request: Request) -> Response:
    """Sends a link with the token where the port should be."""
    return Response(303, {"Location": f"https://127.0.0.1:{token_in(request)[:10]}/file"})


def link_to_no_host(server: DemoServer, request: Request) -> Response:
    """Sends a link with the token where an address should be."""
    return Response(303, {"Location": f"https://[{token_in(request)}]/file"})


FAULTS: dict[str, Callable[[], Fault]] = {
    "401": lambda: Fault(at(), refuse(401, "INVALID_TOKEN", "Not valid."), times=None),
    "500": lambda: Fault(at("create"), server_error, times=None),
    "web page": lambda: Fault(at("status"), answer(200, b"<html>"), times=None),
    "connection reset": lambda: Fault(at("status"), hang_up, times=None),
    "expired": lambda: Fault(at("status"), becomes("EXPIRED"), times=None),
    "download reset": lambda: Fault(at("file"), hang_up, times=None),
    "damaged file": lambda: Fault(at("file"), changed_file(halved), times=None),
    "401 with token": lambda: Fault(at("create"), says_token(401), times=None),
    "429 with token": lambda: Fault(at("list"), says_token(429), times=None),
    "every spelling": lambda: Fault(at("list"), says_token_in_every_spelling, times=None),
    "every spelling, escaped": lambda: Fault(at("create"), says_token_in_other_json, times=None),
    "status line": lambda: Fault(at("list"), status_line(403, headers=True), times=None),
    "status line of 502": lambda: Fault(at("status"), status_line(502, headers=True), times=None),
    "no status line": lambda: Fault(at("list"), status_line(99), times=None),
    "no header": lambda: Fault(at("list"), headers_end(status_line(400)), times=None),
    "length of a chunk": lambda: Fault(at("estimate"), broken_chunks, times=None),
    "length of an answer": lambda: Fault(at("create"), broken_length, times=None),
    "web page with token": lambda: Fault(at("status"), web_page_with_token, times=None),
    "status with token": lambda: Fault(at("status"), status_with_token, times=None),
    "id with token": lambda: Fault(at("create", "list"), id_with_token, times=None),
    "number with token": lambda: Fault(at("status"), number_with_token, times=None),
    "link with token": lambda: Fault(at("address"), link_with_token, times=None),
    "link to no port": lambda: Fault(at("address"), link_to_no_port, times=None),
    "link to no host": lambda: Fault(at("address"), link_to_no_host, times=None),
}

PIECES = (
    *("with zero bytes", "first half", "first quarter", "second half", "middle"),
    *("half of the URL", "half of the base64", "in two lines"),
)
"""The spellings of which no reader of a file would make a whole token."""

TELLING = (
    *("every spelling", "every spelling, escaped", "status line", "no status line", "no header"),
    *("length of a chunk", "id with token", "number with token", "link with token"),
    *("link to no port", "download reset"),
)


@pytest.mark.parametrize("name", some_of(FAULTS, *TELLING))
def test_no_failure_reveals_the_token(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    server, fault = serve(api_key=TOKEN), FAULTS[name]()
    inject(server, fault)
    with logging_to(caplog.handler):
        completed = run_against(server)
    assert completed.code == 1
    assert "Traceback" not in completed.err
    assert completed.message.endswith((".", ").")), completed.err
    assert fault.seen
    assert_absent(TOKEN, tmp_path, completed.out, completed.err, caplog.text)
    assert all("authorization" not in request.headers for request in server.storage_requests)


def library_run(server: DemoServer) -> None:
    open_pipeline().run(
        coveo_source(
            **{**connection_settings(server), "from_date": FROM_DATE, "tables": ["clicks"]}
        )
    )


@pytest.mark.parametrize(
    "name",
    some_of(FAULTS, "every spelling", "no status line", "no header", "link with token"),
)
def test_what_a_library_user_catches_does_not_have_the_token(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    server, fault = serve(api_key=TOKEN), FAULTS[name]()
    inject(server, fault)
    with logging_to(caplog.handler), pytest.raises(PipelineStepFailed) as raised:
        library_run(server)
    assert fault.seen
    tree = tree_of(raised.value)
    assert len(tree) > 2
    printed = [f"{error!s} {error!r} {error.args!r} {vars(error)}" for error in tree]
    assert not [e for e in tree if getattr(e, "request", None) or getattr(e, "response", None)]
    text = "".join(traceback.format_exception(raised.value))
    trace = pickle.loads((pipeline_folder() / "trace.pickle").read_bytes())
    assert_absent(TOKEN, tmp_path, *printed, text, caplog.text, str(trace.asdict()))


def test_files_that_repeat_the_token_leave_it_in_no_message_and_in_no_list_of_rejects(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(api_key=TOKEN)
    forms = [spell(TOKEN) for name, spell in SPELLINGS.items() if name not in PIECES]
    wrong = with_values("clicks", "clickRank", lambda i, rank: forms[i % len(forms)])
    inject(server, Fault(at("file"), changed_file(wrong), times=None))
    with logging_to(caplog.handler):
        strict = run_against(server, "--strict", "--tables", "clicks")
    assert strict.code == 1
    assert_absent(TOKEN, tmp_path, strict.out, strict.err, caplog.text)
    refused = run_against(server, "--tables", "clicks")
    assert_failed_with(refused, "clickRank", "max_rejected_share")
    assert_absent(TOKEN, tmp_path, refused.out, refused.err)
    assert run_against(server, "--tables", "clicks", max_rejected_share=1).code == 0
    raw = [text for (text,) in query("select raw from rejected_rows")]
    assert len(raw) >= len(forms)
    assert all("***" in text for text in raw)
    header = with_content("clicks", f"clickId,{TOKEN},{TOKEN}\n1,2,3\n".encode())
    inject(server, Fault(at("file"), changed_file(header), times=None))
    broken = run_against(server, "--tables", "clicks", "--to", "2026-03-11")
    assert broken.code == 1
    assert_absent(TOKEN, tmp_path, broken.out, broken.err)


def test_nothing_is_printed_of_connections_that_are_set_to_print_all(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    server = serve(api_key=TOKEN)
    completed = run_against(server)
    assert_loaded(completed)
    assert "send:" not in completed.out
    assert_absent(TOKEN, tmp_path, completed.out, completed.err)


def test_a_password_of_a_proxy_is_in_no_message(
    demo: DemoServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    password = "pr0xy/pa55word:of=somebody"
    proxy = "http://me:pr0xy%2Fpa55word%3Aof%3Dsomebody@127.0.0.1:9"
    env = {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": "", "no_proxy": ""}
    with pytest.MonkeyPatch.context() as patched, logging_to(caplog.handler):
        for name, value in env.items():
            patched.setenv(name, value)
        completed = run_against(demo)
    assert completed.code == 1
    assert demo.requests == []
    assert_absent(password, tmp_path, completed.out, completed.err, caplog.text)
    assert proxy not in completed.err + caplog.text


def test_the_trace_of_a_failure_does_not_reveal_the_token(serve: Serve, tmp_path: Path) -> None:
    server = serve(api_key=TOKEN)
    inject(server, Fault(at("address"), says_token_in_every_spelling, times=None))
    env = {**environment(server), "RUNTIME__LOG_LEVEL": "DEBUG"}
    completed = dlt_command("--debug", "pipeline", PIPELINE, "run", "--from", FROM_DATE, env=env)
    assert completed.returncode != 0
    assert "Traceback" in completed.stderr
    assert_absent(TOKEN, tmp_path, completed.stdout, completed.stderr)
