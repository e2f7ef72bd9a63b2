"""Serves one finished export through the demo API: `python -m benchmarks.service FOLDER`.

Every export that is asked for is available at once and is the one on disk, so that building it
costs nothing where time is measured. Prints the address when it is ready, and ends when its
standard input is closed.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coveo_source.demo import DemoServer, Request, Response, Row, Traffic

from .exports import Export

NO_LIMIT = 1 << 40
CHUNK = 1 << 20


class Recorded(Traffic):
    """Traffic that is on disk already: it has counts for the estimates, and no rows to write."""

    known: dict[str, int]

    def counts(self, *_: Any, **__: Any) -> dict[str, int]:
        """The rows of the export on disk, whatever the range."""
        return self.known

    def rows(self, *_: Any, **__: Any) -> Iterator[Row]:
        """Nothing."""
        return iter(())


def server_of(export: Export) -> DemoServer:
    """A demo server that hands out the file of `export` for every export."""
    traffic = Recorded()
    object.__setattr__(traffic, "known", export.rows)
    server = DemoServer(traffic, export_seconds=0, row_limit=NO_LIMIT)

    def intercept(request: Request) -> Response | None:
        response = server.answer(request)
        if request.host == "storage" and response.status == 200:
            headers = {"Content-Length": str(export.zip_bytes)}
            return Response(200, headers, pieces(export.path))
        if request.method == "POST" and response.status == 201:
            wait_until_available(server)
            content = json.loads(bytes(response.body))  # type: ignore[arg-type]
            return Response.json({**content, "status": "AVAILABLE"}, 201)
        return response

    server.intercept = intercept
    return server


def wait_until_available(server: DemoServer) -> None:
    """Waits the moment that the server takes to write an export without rows."""
    while any(export.status == "PENDING" for export in server.exports):
        time.sleep(0.001)


def pieces(path: Path) -> Iterator[bytes]:
    """A file in pieces."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def main() -> None:
    """Serves until nobody listens any more."""
    with server_of(Export.load(Path(sys.argv[1]))) as server:
        address = {"base_url": server.base_url, "api_key": server.api_key, "org": server.org}
        print(json.dumps(address), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
