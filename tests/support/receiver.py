"""A server that keeps what is posted to it, as Slack and Sentry do."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """What was posted, and where to post it.

    status: what the server answers
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.status = 200
        self.posts: list[tuple[str, str]] = []

    @property
    def texts(self) -> list[str]:
        """The bodies of all posts."""
        return [body for _, body in self.posts]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Runs the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            receiver.posts.append((self.path, body.decode()))
            self.send_response(receiver.status)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
