"""Serves finished exports: `python -m benchmarks.service FOLDER [BUILD DOWNLOAD]`.

Alone, FOLDER has one export, and every one that is asked for through the demo API is that. With
the seconds that each takes to be built and to be downloaded, it has a file for every window, named
for the day on which that begins. More than this an export costs nothing where time is measured.
Prints the address when it is ready, and ends when its standard input is closed.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from coveo_source.demo import DemoServer, Request, Response, Row, Traffic
from coveo_source.demo import Export as Ordered
from coveo_source.tables import TABLES

from .exports import Export

NO_LIMIT = 1 << 40
CHUNK = 1 << 20


class Recorded(Traffic):
    """Traffic that is on disk already: it has counts for the estimates, and no rows to write."""

    known: Mapping[str, int]

    def counts(self, *_: Any, **__: Any) -> dict[str, int]:
        """The rows of the export on disk, whatever the range."""
        return dict(self.known)

    def rows(self, *_: Any, **__: Any) -> Iterator[Row]:
        """Nothing."""
        return iter(())


def server_of(export: Export) -> DemoServer:
    """A demo server that hands out the file of `export` for every export."""
    return recorded(export.rows, lambda ordered: export.path)


def server_of_windows(folder: Path, build: float, download: float) -> DemoServer:
    """A demo server that hands out the file of the window that was asked for.

    build, download: seconds that each takes
    """

    def file_of(ordered: Ordered) -> Path:
        return folder / file_name(ordered.order.start)

    return recorded(dict.fromkeys(TABLES, 1), file_of, build, download)


def file_name(start: datetime) -> str:
    """How the file of a window is called."""
    return f"{start:%Y-%m-%d}.zip"


def recorded(
    known: Mapping[str, int],
    file_of: Callable[[Ordered], Path],
    build: float = 0,
    download: float = 0,
) -> DemoServer:
    """A demo server that hands out files that are on disk already.

    known: the rows of each, for the estimates
    build, download: seconds that each takes
    """
    traffic = Recorded()
    object.__setattr__(traffic, "known", known)
    server = DemoServer(traffic, export_seconds=build, quota=NO_LIMIT, row_limit=NO_LIMIT)

    def intercept(request: Request) -> Response | None:
        response = server.answer(request)
        if request.host == "storage" and response.status == 200:
            [ordered] = [export for export in server.exports if export.id in request.path]
            path = file_of(ordered)
            size = path.stat().st_size
            pause = download / -(-size // CHUNK)
            return Response(200, {"Content-Length": str(size)}, pieces(path, pause))
        if not build and request.method == "POST" and response.status == 201:
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


def pieces(path: Path, pause: float) -> Iterator[bytes]:
    """A file in pieces, with a pause before each."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            time.sleep(pause)
            yield piece


def main() -> None:
    """Serves until nobody listens any more."""
    folder, *seconds = sys.argv[1:]
    if seconds:
        made = server_of_windows(Path(folder), *map(float, seconds))
    else:
        made = server_of(Export.load(Path(folder)))
    with made as server:
        address = {"base_url": server.base_url, "api_key": server.api_key, "org": server.org}
        print(json.dumps(address), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
