"""What may go wrong with the service, on demand.

A fault says at which requests it strikes, how often, and what happens then:

    server = DemoServer()
    inject(server, Fault(at("file"), cut_off(0.5)), Fault(at("create"), lose_answer))

The first of several that strikes at a request has its way; all others count it all the same.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Literal, TypeAlias

from .api import BASE_PATH
from .errors import ApiError
from .exports import Export, Status
from .server import DemoServer
from .wire import Request, Response

Endpoint: TypeAlias = Literal[
    "list", "create", "status", "address", "delete", "row limit", "estimate", "dimensions", "file"
]
"""What a request is for.

status: reads one export
address: asks where an export's file is
file: fetches it, from the storage; all others go to the API
"""

When: TypeAlias = Callable[[Request], bool]
"""Whether a fault has to do with a request."""

Then: TypeAlias = Callable[[DemoServer, Request], Response]
"""What happens to a request instead; a `ConnectionError` breaks its line."""

_COLLECTIONS: dict[str, Endpoint] = {
    "/exports": "list",
    "/exports/rowLimit": "row limit",
    "/exports/estimate": "estimate",
    "/dimensions/exportables": "dimensions",
}
_PATIENCE_SECONDS = 30.0


@dataclass
class Fault:
    """Something that goes wrong.

    when: the requests that it is about
    then: what happens to them
    times: how often it strikes; None for ever
    skip: how many of the requests it leaves alone before
    seen: how many of the requests there were
    """

    when: When
    then: Then
    times: int | None = 1
    skip: int = 0
    seen: int = field(default=0, init=False)

    def strikes(self, request: Request) -> bool:
        """Whether it is this request's turn; counts the request."""
        if not self.when(request):
            return False
        self.seen += 1
        return self.skip < self.seen and (self.times is None or self.seen <= self.skip + self.times)


class Faults:
    """Several faults of one server, to be its `intercept`."""

    def __init__(self, server: DemoServer, *faults: Fault) -> None:
        self._server = server
        self._faults = faults
        self._lock = Lock()

    def __call__(self, request: Request) -> Response | None:
        """What the first fault makes of a request; None if none strikes."""
        with self._lock:
            striking = [fault for fault in self._faults if fault.strikes(request)]
        return striking[0].then(self._server, request) if striking else None


def inject(server: DemoServer, *faults: Fault) -> None:
    """Make a server have these faults, instead of those that it had; without any, none."""
    server.intercept = Faults(server, *faults) if faults else None


# --- when ---


def endpoint(request: Request) -> Endpoint:
    """What a request is for."""
    if request.host == "storage":
        return "file"
    if request.method in ("POST", "DELETE"):
        return "create" if request.method == "POST" else "delete"
    path = request.path.removeprefix(BASE_PATH)
    one: Endpoint = "address" if request.first("redirect") == "true" else "status"
    return _COLLECTIONS.get(path, one)


def at(*endpoints: Endpoint) -> When:
    """Requests for any of these; without any, all requests."""
    return lambda request: not endpoints or endpoint(request) in endpoints


# --- then: answers ---


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


# --- then: lines ---


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


# --- then: exports ---


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


# --- by name ---

NAMED: dict[str, Callable[[], list[Fault]]] = {
    "too-many-requests": lambda: [Fault(at(), too_many_requests("1"), 3)],
    "server-error": lambda: [Fault(at(), server_error, 2)],
    "service-down": lambda: [Fault(at(), unavailable, None)],
    "lost-answer": lambda: [Fault(at("create"), lose_answer)],
    "broken-download": lambda: [Fault(at("file"), cut_off(0.6), 3)],
    "expired-link": lambda: [Fault(at("file"), expired_link)],
    "expired-export": lambda: [Fault(at("status"), becomes("EXPIRED"))],
    "failed-export": lambda: [Fault(at("status"), becomes("FAILED"))],
    "deleted-export": lambda: [Fault(at("address"), is_deleted)],
    "damaged-file": lambda: [Fault(at("file"), changed_file(flipped))],
    "revoked-key": lambda: [
        Fault(at(), refuse(401, "INVALID_TOKEN", "The access token is not valid."), None, 8)
    ],
}
"""The faults that `python -m coveo_source.demo --fault NAME` knows."""
