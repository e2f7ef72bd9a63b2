"""What a fault does to a request: other answers, broken connections, changed exports and files."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..api import BASE_PATH
from ..errors import ApiError
from ..exports import Export, Status
from ..server import DemoServer
from ..wire import Request, Response
from .fault import Then

_PATIENCE_SECONDS = 30.0


def answer(status: int, body: bytes = b"", content_type: str = "text/html", **headers: str) -> Then:
    """Another answer; the request is not carried out.

    headers: underscores in their names stand for dashes
    """
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Response(status, {"Content-Type": content_type, **given}, body)
    return lambda server, request: response


def refuse(status: int, code: str, message: str) -> Then:
    """A refusal as the API words it."""
    return lambda server, request: ApiError(status, code, message).response()


def too_many_requests(retry_after: str | None = "0") -> Then:
    """429, with the time to wait: seconds, an HTTP date, or not named."""
    named = {} if retry_after is None else {"Retry_After": retry_after}
    return answer(429, b'{"message": "Too many requests"}', "application/json", **named)


server_error = refuse(500, "INTERNAL_SERVER_ERROR", "An unexpected error occurred.")
"""500."""

bad_gateway = answer(502)
"""With nothing in it."""
unavailable = answer(503, b"<html><body><h1>Service Unavailable</h1></body></html>")
"""503 as a proxy words it."""

expired_link = answer(
    403,
    b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
    "application/xml",
)
"""What the storage says to a link that is too old."""


def redirect(location: str, status: int = 302) -> Then:
    """Another place; `{self}` in it stands for the request's own path."""
    return lambda server, request: Response(
        status, {"Location": location.replace("{self}", request.path)}
    )


def rewritten(change: Callable[[Any], Any]) -> Then:
    """The true answer, its JSON changed."""

    def then(server: DemoServer, request: Request) -> Response:
        true = server.answer(request)
        return Response.json(change(json.loads(content_of(true))), true.status)

    return then


def reported(status: str) -> Then:
    """The true answer about an export, but with this status."""
    return rewritten(lambda export: {**export, "status": status})


def hang_up(server: DemoServer, request: Request) -> Response:
    """The line breaks before the request is carried out."""
    raise ConnectionResetError


def lose_answer(server: DemoServer, request: Request) -> Response:
    """The request is carried out, but the line breaks before the answer."""
    server.answer(request)
    raise ConnectionResetError


def cut_off(share: float = 0.5) -> Then:
    """The line breaks after this share of the true answer's body."""

    def then(server: DemoServer, request: Request) -> Response:
        true = server.answer(request)
        body = content_of(true)
        headers = {**true.headers, "Content-Length": str(len(body))}
        return Response(true.status, headers, body[: int(len(body) * share)])

    return then


def slow(seconds: float) -> Then:
    """The true answer, so much later."""

    def then(server: DemoServer, request: Request) -> Response:
        time.sleep(seconds)
        return server.answer(request)

    return then


def becomes(status: Status) -> Then:
    """The export that is asked for gets this status for good, then the server answers."""

    def then(server: DemoServer, request: Request) -> Response:
        export = _asked_for(server, request)
        # the thread that builds it has the last word on its status
        until = time.monotonic() + _PATIENCE_SECONDS
        while export and export.status == "PENDING" and time.monotonic() < until:
            time.sleep(0.005)
        if export:
            export.status = status
        return server.answer(request)

    return then


def is_deleted(server: DemoServer, request: Request) -> Response:
    """Somebody deletes the export that is asked for, then the server answers."""
    if export := _asked_for(server, request):
        key = {"authorization": f"Bearer {server.api_key}"}
        server.answer(Request("api", "DELETE", f"{BASE_PATH}/exports/{export.id}", {}, key))
    return server.answer(request)


def changed_file(change: Callable[[bytes], bytes]) -> Then:
    """Another file than the true one; ranges are of that one."""

    def then(server: DemoServer, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "range"}
        true = server.answer(replace(request, headers=headers))
        if true.status != 200:
            return true
        body = change(content_of(true))
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if not wanted:
            return Response(200, {**true.headers, "Content-Length": str(len(body))}, body)
        first = int(wanted[1])
        if first >= len(body):
            return Response(416, {"Content-Range": f"bytes */{len(body)}"})
        part = {
            "Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}",
            "Content-Length": str(len(body) - first),
        }
        return Response(206, {**true.headers, **part}, body[first:])

    return then


def flipped(content: bytes) -> bytes:
    """The same with one byte wrong, well before the middle: in a ZIP, inside of a member."""
    position = len(content) // 3
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


def halved(content: bytes) -> bytes:
    """The first half: a ZIP has its directory at the end."""
    return content[: len(content) // 2]


def content_of(response: Response) -> bytes:
    """The whole body of an answer."""
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def _asked_for(server: DemoServer, request: Request) -> Export | None:
    return next((export for export in server.exports if export.id in request.path), None)
