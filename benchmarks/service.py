"""Serves exports that are already on disk: `python -m benchmarks.service FOLDER [BUILD DOWNLOAD]`.

Without BUILD and DOWNLOAD, the seconds that each export takes to be built and downloaded, FOLDER
has a single export, which is the answer to every request for one. With them it has a file for
every window, named after the window's first day. The exports take no other time, so that they do
not distort the measurements. Prints the address when it is ready, and ends when its standard
input is closed.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from coveo_source.demo import DemoServer, Request, Response, Row, Traffic
from coveo_source.demo import Export as ServedExport
from coveo_source.tables import TABLES

from .exports import Export

NO_LIMIT = 1 << 40
CHUNK_BYTES = 1 << 20


class TrafficOnDisk(Traffic):
    """Traffic whose exports are on disk: counts for the estimates, but no rows to write.

    known: number of rows by table
    """

    known: Mapping[str, int]

    def counts(self, *_: Any, **__: Any) -> dict[str, int]:
        """Returns the rows of the export on disk, whatever the range."""
        return dict(self.known)

    def rows(self, *_: Any, **__: Any) -> Iterator[Row]:
        """Yields nothing."""
        return iter(())


def server_of(export: Export) -> DemoServer:
    """Returns a demo server that serves the file of `export` for every export."""
    return server_of_files(export.rows, lambda _: export.path)


def server_of_windows(folder: Path, build: float, download: float) -> DemoServer:
    """Returns a demo server that serves the file of the requested window.

    build, download: seconds that each takes
    """

    def file_of(export: ServedExport) -> Path:
        return folder / file_name(export.order.start)

    return server_of_files(dict.fromkeys(TABLES, 1), file_of, build, download)


def file_name(start: datetime) -> str:
    """Returns the name of the file of a window."""
    return f"{start:%Y-%m-%d}.zip"


def server_of_files(
    known: Mapping[str, int],
    file_of: Callable[[ServedExport], Path],
    build: float = 0,
    download: float = 0,
) -> DemoServer:
    """Returns a demo server that serves files on disk.

    known: number of rows in each export by table, for the estimates
    file_of: returns the file of an export
    build, download: seconds that each takes
    """
    traffic = TrafficOnDisk()
    object.__setattr__(traffic, "known", known)
    server = DemoServer(traffic, export_seconds=build, quota=NO_LIMIT, row_limit=NO_LIMIT)

    def intercept(request: Request) -> Response | None:
        response = server.answer(request)
        if request.host == "storage" and response.status == 200:
            [requested] = [export for export in server.exports if export.id in request.path]
            path = file_of(requested)
            size = path.stat().st_size
            pause = download / -(-size // CHUNK_BYTES)
            return Response(200, {"Content-Length": str(size)}, chunks(path, pause))
        if not build and request.method == "POST" and response.status == 201:
            wait_until_available(server)
            content = json.loads(bytes(response.body))  # type: ignore[arg-type]
            return Response.json({**content, "status": "AVAILABLE"}, 201)
        return response

    server.intercept = intercept
    return server


def wait_until_available(server: DemoServer) -> None:
    """Waits until the server has written the archives, which have no rows."""
    while any(export.status == "PENDING" for export in server.exports):
        time.sleep(0.001)


def chunks(path: Path, pause: float) -> Iterator[bytes]:
    """Yields a file in chunks.

    pause: seconds to wait before each chunk
    """
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            time.sleep(pause)
            yield chunk


def main() -> None:
    """Serves until the standard input is closed."""
    folder, *seconds = sys.argv[1:]
    if seconds:
        server = server_of_windows(Path(folder), *map(float, seconds))
    else:
        server = server_of(Export.load(Path(folder)))
    with server:
        address = {"base_url": server.base_url, "api_key": server.api_key, "org": server.org}
        print(json.dumps(address), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
