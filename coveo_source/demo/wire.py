"""HTTP and nothing else: requests and responses as data, and a threaded server."""

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

_Host = Literal["api", "storage"]


@dataclass(frozen=True)
class Request:
    """A request as it was received.

    host: which of the two servers received it
    query: the values of each parameter, in order
    headers: by name in lower case
    """

    host: _Host
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    def first(self, name: str) -> str | None:
        """Returns the first value of a query parameter, None if it is absent."""
        return self.query.get(name, [None])[0]


@dataclass(frozen=True)
class Response:
    """An answer to a request.

    headers: `Content-Length` is added for a body of bytes, unless it is given, correct or not;
        so is `Date`, and an empty one is left out
    reason: the words in the status line; those of HTTP by default
    body: an iterable is sent chunk by chunk; the connection is closed if it raises a
        `ConnectionError`, or if the body is shorter than the `Content-Length`
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    reason: str | None = None

    @classmethod
    def json(cls, content: object, status: int = 200) -> "Response":
        """Returns a response with `content` as JSON."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, headers, json.dumps(content).encode())


_App = Callable[[Request], Response]


class Listener:
    """An HTTP server on 127.0.0.1 that runs in threads of its own.

    port: 0 for any that is free
    app: answers a request; if it raises a `ConnectionError`, the connection is closed without
        an answer
    clock: the time in the `Date` headers
    """

    def __init__(self, host: _Host, port: int, app: _App, clock: Callable[[], datetime]) -> None:
        self._server = _Server(host, port, app, clock)
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.02,), name=f"demo-{host}", daemon=True
        )

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Starts to answer requests."""
        self._thread.start()

    def close(self) -> None:
        """Stops listening and closes every open connection."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: _Host, port: int, app: _App, clock: Callable[[], datetime]) -> None:
        self.host: _Host = host
        self.app = app
        self.clock = clock
        self._connections: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        # otherwise a kept-alive connection would still get answers from a closed server
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        # a client may close its connection at any time
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
        headers.setdefault("Date", self.date_time_string())
        self.send_response_only(response.status, response.reason)
        self.send_header("Server", self.version_string())
        for name, value in headers.items():
            if value or name != "Date":
                self.send_header(name, value)
        self.end_headers()
        chunks = [body] if isinstance(body, bytes) else body
        sent = 0 if self.command == "HEAD" else self._send_chunks(chunks)
        if self.command != "HEAD" and str(sent) != headers.get("Content-Length", str(sent)):
            self.close_connection = True

    def _send_chunks(self, chunks: Iterable[bytes]) -> int:
        sent = 0
        for chunk in chunks:
            self.wfile.write(chunk)
            sent += len(chunk)
        return sent

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.server.clock().astimezone(timezone.utc), usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing; the base class writes to stderr."""
