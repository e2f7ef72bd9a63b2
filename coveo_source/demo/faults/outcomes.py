"""What a fault does to a request: other answers, broken connections, changed exports and files."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from ..api import BASE_PATH
from ..errors import ApiError
from ..exports import Export, Status
from ..server import DemoServer
from ..wire import Request, Response
from .fault import Then

_MAX_BUILD_SECONDS = 30.0


def answer(status: int, body: bytes = b"", content_type: str = "text/html", **headers: str) -> Then:
    """Gives another answer; the request is not carried out.

    headers: underscores in their names stand for hyphens
    """
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Response(status, {"Content-Type": content_type, **named}, body)
    return lambda server, request: response


def refuse(status: int, code: str, message: str) -> Then:
    """Gives an error of the API; the request is not carried out."""
    return lambda server, request: ApiError(status, code, message).response()


def too_many_requests(retry_after: str | None = "0") -> Then:
    """Answers 429.

    retry_after: seconds or an HTTP date; None for no `Retry-After`
    """
    header = {} if retry_after is None else {"Retry_After": retry_after}
    return answer(429, b'{"message": "Too many requests"}', "application/json", **header)


server_error = refuse(500, "INTERNAL_SERVER_ERROR", "An unexpected error occurred.")
"""500."""

bad_gateway = answer(502)
"""502 with an empty body."""

unavailable = answer(503, b"<html><body><h1>Service Unavailable</h1></body></html>")
"""503 as a proxy words it."""

expired_link = answer(
    403,
    b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
    "application/xml",
)
"""The storage's answer to an expired link."""


def redirect(location: str, status: int = 302) -> Then:
    """Redirects the request.

    location: `{self}` in it stands for the path of the request
    """
    return lambda server, request: Response(
        status, {"Location": location.replace("{self}", request.path)}
    )


def rewritten(change: Callable[[Any], Any]) -> Then:
    """Changes the JSON of the true answer."""

    def then(server: DemoServer, request: Request) -> Response:
        response = server.answer(request)
        return Response.json(change(json.loads(content_of(response))), response.status)

    return then


def estimated(table: str, rows: int) -> Then:
    """Changes how many rows of a table Coveo expects, if it is asked for that table."""

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        changed = {table: rows} if table in answer["estimates"] else {}
        return {"estimates": {**answer["estimates"], **changed}}

    return rewritten(change)


def reported(status: str) -> Then:
    """Changes the status of the export in the true answer."""
    return rewritten(lambda export: {**export, "status": status})


def described(change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Then:
    """Changes each description of an export in the true answer, be it one or a list of them."""

    def of_one(content: Any) -> Any:
        return {**content, **change(content)} if "startDate" in content else content

    return rewritten(
        lambda content: (
            [of_one(each) for each in content] if isinstance(content, list) else of_one(content)
        )
    )


def covering(later: timedelta = timedelta(), earlier: timedelta = timedelta()) -> Then:
    """Changes the range in each description of an export: it begins later, and ends earlier."""
    start, end = (round(each / timedelta(milliseconds=1)) for each in (later, earlier))
    return described(lambda export: {"from": export["from"] + start, "to": export["to"] - end})


def dated(date: str | timedelta) -> Then:
    """Changes the `Date` of the true answer.

    date: its text, or by how much it is ahead of the server's clock; if empty, there is none
    """

    def then(server: DemoServer, request: Request) -> Response:
        response = server.answer(request)
        text = date if isinstance(date, str) else format_datetime(server.clock() + date, True)
        return replace(response, headers={**response.headers, "Date": text})

    return then


def hang_up(server: DemoServer, request: Request) -> Response:
    """Closes the connection; the request is not carried out."""
    raise ConnectionResetError


def lose_answer(server: DemoServer, request: Request) -> Response:
    """Carries out the request, then closes the connection without an answer."""
    server.answer(request)
    raise ConnectionResetError


def cut_off(share: float = 0.5) -> Then:
    """Closes the connection after a share (0 to 1) of the true answer's body."""

    def then(server: DemoServer, request: Request) -> Response:
        response = server.answer(request)
        body = content_of(response)
        headers = {**response.headers, "Content-Length": str(len(body))}
        return Response(response.status, headers, body[: int(len(body) * share)])

    return then


def slow(seconds: float) -> Then:
    """Delays the true answer."""

    def then(server: DemoServer, request: Request) -> Response:
        time.sleep(seconds)
        return server.answer(request)

    return then


def trickle(size: int = 10, seconds: float = 0.05) -> Then:
    """Sends the true answer in pieces of a few bytes, with a pause after each."""

    def then(server: DemoServer, request: Request) -> Response:
        response = server.answer(request)
        body = content_of(response)

        def pieces() -> Iterator[bytes]:
            for start in range(0, len(body), size):
                yield body[start : start + size]
                time.sleep(seconds)

        headers = {**response.headers, "Content-Length": str(len(body))}
        return Response(response.status, headers, pieces())

    return then


def becomes(status: Status) -> Then:
    """Sets the status of the requested export for good, then gives the true answer."""

    def then(server: DemoServer, request: Request) -> Response:
        export = _requested_export(server, request)
        # the thread that builds it would overwrite an earlier change
        deadline = time.monotonic() + _MAX_BUILD_SECONDS
        while export and export.status == "PENDING" and time.monotonic() < deadline:
            time.sleep(0.005)
        if export:
            export.status = status
        return server.answer(request)

    return then


def fails(message: str | None = None) -> Then:
    """Ends the requested export as FAILED for good.

    message: why, as the API's description of it says; inferred: the field's name
    """
    failed = becomes("FAILED")
    if message is None:
        return failed

    def then(server: DemoServer, request: Request) -> Response:
        response = failed(server, request)
        content = json.loads(content_of(response))
        return Response.json({**content, "message": message}, response.status)

    return then


def is_deleted(server: DemoServer, request: Request) -> Response:
    """Deletes the requested export, as someone else might, then gives the true answer."""
    if export := _requested_export(server, request):
        key = {"authorization": f"Bearer {server.api_key}"}
        server.answer(Request("api", "DELETE", f"{BASE_PATH}/exports/{export.id}", {}, key))
    return server.answer(request)


def changed_file(change: Callable[[bytes], bytes]) -> Then:
    """Serves a changed file in place of the true one, byte ranges included."""

    def then(server: DemoServer, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "range"}
        response = server.answer(replace(request, headers=headers))
        if response.status != 200:
            return response
        body = change(content_of(response))
        byte_range = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if not byte_range:
            return Response(200, {**response.headers, "Content-Length": str(len(body))}, body)
        first = int(byte_range[1])
        if first >= len(body):
            return Response(416, {"Content-Range": f"bytes */{len(body)}"})
        range_headers = {
            "Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}",
            "Content-Length": str(len(body) - first),
        }
        return Response(206, {**response.headers, **range_headers}, body[first:])

    return then


def flipped(content: bytes) -> bytes:
    """Returns the content with one wrong byte at a third of its length: in a ZIP, inside a file."""
    position = len(content) // 3
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


def halved(content: bytes) -> bytes:
    """Returns the first half; a ZIP thereby loses its directory, which is at the end."""
    return content[: len(content) // 2]


def content_of(response: Response) -> bytes:
    """Returns the whole body of a response."""
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def _requested_export(server: DemoServer, request: Request) -> Export | None:
    return next((export for export in server.exports if export.id in request.path), None)
