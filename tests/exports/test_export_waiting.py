import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.exceptions import (
    ExportError,
    ExportExpired,
    ExportFailed,
    ExportTimedOut,
    UnknownStatus,
)
from coveo_source.exports import export as export_module
from coveo_source.exports.export import wait
from tests.exports.builders import Serve, client_of, request_of

pytestmark = pytest.mark.usefixtures("short_pauses")


def test_the_wait_ends_when_the_file_is_ready(serve: Serve) -> None:
    server = serve(export_seconds=0.15)
    created = request_of(server).create(client_of(server))
    seen: list[float] = []
    ready = wait(created, client_of(server), timedelta(minutes=1), seen.append)
    assert (ready.id, ready.status) == (created.id, "AVAILABLE")
    assert seen == sorted(seen)
    assert len(seen) == len([r for r in server.requests if r.path.endswith(created.id)])


def test_a_file_that_is_ready_is_not_waited_for(serve: Serve) -> None:
    server = serve(export_seconds=0)
    client = client_of(server)
    ready = wait(request_of(server).create(client), client, timedelta(minutes=1))
    before = len(server.requests)
    assert wait(ready, client, timedelta()) == ready
    assert len(server.requests) == before


def change_answers(server: DemoServer, change: Callable[[dict[str, Any]], Response]) -> None:
    """Replaces the server's answers to requests for a single export."""

    def intercept(request: Request) -> Response | None:
        if request.method == "GET" and re.search(r"/exports/[0-9a-f-]{36}$", request.path):
            [export] = server.exports
            return change(export.content(""))
        return None

    server.intercept = intercept


def failed_wait(server: DemoServer, limit: timedelta = timedelta(minutes=1)) -> ExportError:
    """Returns the error of a wait, which names the export and its window."""
    created = request_of(server).create(client_of(server))
    with pytest.raises(ExportError) as error:
        wait(created, client_of(server), limit)
    assert created.id in str(error.value)
    assert "2026-03-03 to 2026-03-04" in str(error.value)
    return error.value


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("FAILED", ExportFailed, ["FAILED", "Run again", "support"]),
        ("EXPIRED", ExportExpired, ["EXPIRED", "Run again"]),
        ("ARCHIVED", UnknownStatus, ["'ARCHIVED'", "newer version"]),
        ("failed", ExportFailed, ["FAILED"]),
    ],
)
def test_a_terminal_status_ends_the_wait_with_advice(
    serve: Serve, status: str, error: type[ExportError], words: list[str]
) -> None:
    server = serve(export_seconds=600)
    change_answers(server, lambda content: Response.json({**content, "status": status}))
    raised = failed_wait(server)
    assert type(raised) is error
    for word in words:
        assert word in str(raised)


def test_an_export_that_fails_on_the_server_ends_the_wait(serve: Serve) -> None:
    assert isinstance(failed_wait(serve(row_limit=1)), ExportFailed)


def test_an_export_that_is_deleted_during_the_wait_ends_it(serve: Serve) -> None:
    server = serve(export_seconds=600)
    change_answers(server, lambda content: Response.json({"message": "no such export"}, 404))
    raised = failed_wait(server)
    assert isinstance(raised, ExportExpired)
    assert "Somebody deleted it" in str(raised)
    assert "Run again" in str(raised)


def test_the_wait_times_out_and_leaves_the_export_on_the_server(serve: Serve) -> None:
    server = serve(export_seconds=600)
    raised = failed_wait(server, timedelta(seconds=0.1))
    assert isinstance(raised, ExportTimedOut)
    assert "poll_timeout_minutes" in str(raised)
    assert "run again" in str(raised)
    assert len(server.exports) == 1
    # the pauses are a hundredth of a second or longer, so a tenth of a second has room for few
    assert len([request for request in server.requests if request.method == "GET"]) < 30


def test_the_pauses_grow_up_to_the_maximum(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(export_module, "FIRST_WAIT", 1.0)
    monkeypatch.setattr(export_module, "LONGEST_WAIT", 30.0)
    monkeypatch.setattr("coveo_source.exports.export.time.sleep", pauses.append)
    server = serve(export_seconds=600)
    change_answers(
        server,
        lambda content: Response.json(
            {**content, "status": "PENDING" if len(pauses) < 15 else "AVAILABLE"}
        ),
    )
    wait(request_of(server).create(client_of(server)), client_of(server), timedelta(hours=1))
    assert pauses[0] == 1
    assert pauses == sorted(pauses)
    assert max(pauses) == 30
    assert len(pauses) == 15
