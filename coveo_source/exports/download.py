"""Downloads the file of an export, and checks it."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import requests

from ..api import PATIENCE, CoveoClient, pieces
from ..exceptions import ArchiveError, ServiceUnreachable, TooSlow
from ..private_files import private_file
from .archive import READ_SIZE, Archive

DOWNLOAD_TRIES = 5
"""Tries in a row that may bring nothing before a download fails."""


def download_archive(
    client: CoveoClient,
    export_id: str,
    target: Path,
    tables: Iterable[str],
    on_bytes: Callable[[int], None],
    on_unpacked: Callable[[int], None] = lambda count: None,
) -> Archive:
    """Downloads the file of an export and checks that all of it can be unpacked.

    on_bytes: called after each write with the number of bytes
    on_unpacked: called for each piece that was unpacked with its bytes, from several threads
    """
    archive = Archive(download(client, export_id, target, on_bytes), tables)
    # before any row is read, because rows that were handed to dlt cannot be taken back
    archive.check(on_unpacked)
    return archive


def download(
    client: CoveoClient,
    export_id: str,
    target: Path,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> Path:
    """Downloads the file of an export to `target`; resumes when the connection breaks.

    Raises:
        ServiceUnreachable, TooSlow: if the connection failed or trickled too often
        ArchiveError: if the storage does not serve the file
    """
    target.unlink(missing_ok=True)
    failures, progressed_at = 0, time.monotonic()
    while failures < DOWNLOAD_TRIES and time.monotonic() - progressed_at < PATIENCE:
        before, progress = size_of(target), 1.0
        try:
            if _fetch_rest(client, client.download_address(export_id), target, on_bytes):
                return target
        except ServiceUnreachable as error:
            if failures == DOWNLOAD_TRIES - 1:
                raise
            if isinstance(error, TooSlow):
                client.say(f"Export {export_id}: {error.what}; going on with a new address.")
                progress = error.least_bytes
        # a connection may break any number of times as long as the file grows
        if size_of(target) - before >= progress:
            failures, progressed_at = 0, time.monotonic()
        else:
            failures += 1
    raise ArchiveError(
        f"The file of the export {export_id} could not be downloaded: {failures} times in a row,"
        " the storage refused the address from Coveo or sent nothing. The export is kept: run"
        " again."
    )


def size_of(path: Path) -> int:
    """Returns the size of a file in bytes; 0 if it does not exist."""
    return path.stat().st_size if path.exists() else 0


def _fetch_rest(
    client: CoveoClient, address: str, target: Path, on_bytes: Callable[[int], None]
) -> bool:
    """Appends the missing bytes to `target`; returns True if the file is complete."""
    size = size_of(target)
    with client.open_download(address, size) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            target.unlink()
            return False
        if response.status_code not in (200, 206):
            return False
        resumed = response.status_code == requests.codes.partial_content
        with private_file(target, "ab" if resumed else "wb") as file:
            received = 0
            for content in pieces(response, READ_SIZE, "Coveo's storage", client.least_rate):
                file.write(content)
                received += len(content)
                on_bytes(len(content))
        announced = response.headers.get("Content-Length")
        return announced is None or received >= int(announced)
