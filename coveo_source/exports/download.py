"""Downloads the file of an export, and checks it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import requests

from ..api.client import CoveoClient
from ..exceptions import ArchiveError, ServiceUnreachable
from ..private_files import private_file
from .archive import Archive

CHUNK = 1 << 20
DOWNLOAD_TRIES = 5


def download_archive(
    client: CoveoClient,
    export_id: str,
    target: Path,
    tables: Iterable[str],
    on_bytes: Callable[[int], None],
    on_unpacked: Callable[[int], None] = lambda count: None,
) -> Archive:
    """Downloads the file of an export and checks that all of it can be unpacked.

    on_bytes: called with the size of each piece that was written
    on_unpacked: called with the size of each piece that was unpacked, from several threads

    Raises:
        ServiceUnreachable: if the connection broke too often
        ArchiveDamaged: if another download may be sound
        ArchiveError: if it is no archive of Coveo's
    """
    archive = Archive(download(client, export_id, target, on_bytes), tables)
    # before any row is read: rows that were handed to dlt cannot be taken back
    archive.check(on_unpacked)
    return archive


def download(
    client: CoveoClient,
    export_id: str,
    target: Path,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> Path:
    """Streams the export's file to `target`, continuing where a broken connection left off.

    on_bytes: called with the size of each piece that was written

    Raises:
        ServiceUnreachable: if it broke too often
        ArchiveError: if the storage serves something else than a file
    """
    target.unlink(missing_ok=True)
    failures = 0
    while failures < DOWNLOAD_TRIES:
        before = size_of(target)
        try:
            if fetch_rest(client, client.download_address(export_id), target, on_bytes):
                return target
        except ServiceUnreachable:
            if failures == DOWNLOAD_TRIES - 1:
                raise
        # a line that breaks now and then is fine as long as the file grows
        failures = 0 if size_of(target) > before else failures + 1
    raise ArchiveError(
        f"The file of the export {export_id} could not be fetched: {DOWNLOAD_TRIES} times in a row"
        " the storage refused the address that Coveo gave, or sent nothing. The export is kept:"
        " run again."
    )


def size_of(path: Path) -> int:
    """Bytes of a file that may not be there yet."""
    return path.stat().st_size if path.exists() else 0


def fetch_rest(
    client: CoveoClient, address: str, target: Path, on_bytes: Callable[[int], None]
) -> bool:
    """Appends to `target` what is missing from it; False where a fresh address may help."""
    have = size_of(target)
    with client.open_download(address, have) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            target.unlink()
            return False
        if response.status_code not in (200, 206):
            return False
        resumed = response.status_code == requests.codes.partial_content
        with private_file(target, "ab" if resumed else "wb") as file:
            received = copy(response, file, on_bytes)
        announced = response.headers.get("Content-Length")
        return announced is None or received >= int(announced)


def copy(response: requests.Response, file: BinaryIO, on_bytes: Callable[[int], None]) -> int:
    """Writes a response's body to a file; returns its length in bytes."""
    received = 0
    # read1 hands out what has come, so that nothing of it is lost when the line breaks
    while piece := response.raw.read1(CHUNK):
        file.write(piece)
        received += len(piece)
        on_bytes(len(piece))
    return received
