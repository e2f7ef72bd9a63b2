"""HTTP and nothing else: requests and answers as data, and a server that never complains."""

import json
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

Host = Literal["api", "storage"]


@dataclass(frozen=True)
class Request:
    """A request as it came in.

    query: every parameter with its values, in order
    headers: names in lower case
    """

    host: Host
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    def first(self, name: str) -> str | None:
        """The first value of a query parameter, None if there is none."""
        return self.query.get(name, [None])[0]


@dataclass(frozen=True)
class Response:
    """An answer.

    headers: `Content-Length` is added to a body of bytes, unless it is there (or told wrong)
    body: pieces are sent as they come; a `ConnectionError` raised between them cuts the line,
        and so does an end before the announced length
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""

    @classmethod
    def json(cls, content: object, status: int = 200) -> "Response":
        """An answer in JSON."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, headers, json.dumps(content).encode())


App = Callable[[Request], Response]
"""Answers a request. A `ConnectionError` raised by it closes the line without an answer."""


class Listener:
    """An HTTP server on a port of 127.0.0.1, in threads of its own."""

    def __init__(self, host: Host, port: int, app: App, clock: Callable[[], datetime]) -> None:
        self._server = _Server(host, port, app, clock)
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.02,), name=f"demo-{host}", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: Host, port: int, app: App, clock: Callable[[], datetime]) -> None:
        self.host: Host = host
        self.app = app
        self.clock = clock
        self._lines: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._lines.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._lines.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        # a client that keeps its line open would be answered by a server that is closed
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        # clients that hang up are no error here
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "coveo-demo"
    sys_version = ""
    disable_nagle_algorithm = True
    server: _Server

    def answer(self) -> None:
        try:
            request = self._request()
        except ValueError:
            self.close_connection = True
            return self.send_error(400)
        try:
            self._send(self.server.app(request))
        except ConnectionError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer  # noqa: N815

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        return Request(
            host=self.server.host,
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(max(int(self.headers.get("Content-Length") or 0), 0)),
        )

    def _send(self, response: Response) -> None:
        headers = dict(response.headers)
        body = response.body
        if isinstance(body, bytes) and response.status != 204:
            headers.setdefault("Content-Length", str(len(body)))
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        pieces = [body] if isinstance(body, bytes) else body
        sent = 0 if self.command == "HEAD" else self._send_pieces(pieces)
        if self.command != "HEAD" and sent != int(headers.get("Content-Length", sent)):
            self.close_connection = True

    def _send_pieces(self, pieces: Iterable[bytes]) -> int:
        sent = 0
        for piece in pieces:
            self.wfile.write(piece)
            sent += len(piece)
        return sent

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.server.clock().astimezone(timezone.utc), usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
