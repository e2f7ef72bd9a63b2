"""The downloaded file of an export, opened with care.

The archive decides nothing about where we write: members are picked by the names that we
expect, and each is unpacked under a name of our own.
"""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ..exceptions import ArchiveDamaged, ArchiveError
from ..reader.chunks import CsvFile, OnDisk, Readable
from ..tables import TABLES

CHUNK = 1 << 20
AGAIN = "The export is kept: run again and it is fetched again."
LARGEST_RATIO = 200
"""An archive of text that unpacks to more than this many times its size is no archive of text."""
ALWAYS_ALLOWED = 64 << 20
"""Bytes that a member may always unpack to, whatever the ratio."""
CHECKED_AT_ONCE = 2
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    NotImplementedError,
)
"""What reading a ZIP raises that is damaged, encrypted or packed in an unknown way."""


class Archive:
    """The downloaded file of an export of some tables.

    Coveo sends a ZIP with one `<table>.csv` a table. Inferred, and so accepted too: members in
    folders, no member for a table without rows, and, where one table was asked for, a bare CSV.
    """

    def __init__(self, path: Path, tables: Iterable[str]) -> None:
        self.path = path
        self.tables = tuple(tables)
        self.is_zip = zipfile.is_zipfile(path)
        if not self.is_zip and (len(self.tables) != 1 or not looks_like_text(path)):
            raise ArchiveDamaged(
                f"The downloaded file ({path.stat().st_size:,} bytes) is not a ZIP, or only the"
                f" beginning of one. {AGAIN}"
            )

    def file_of(self, table: str, folder: Path) -> CsvFile | None:
        """The CSV file of a table; None if the archive has none.

        folder: where it may be unpacked

        Raises:
            ArchiveDamaged: if the archive is damaged
            ArchiveError: if it is not one of Coveo's
        """
        if not self.is_zip:
            return OnDisk(self.path, folder)
        with damage_named(table), zipfile.ZipFile(self.path) as archive:
            found = self._member(archive, table)
        return Member(self.path, found, table, folder) if found else None

    def check(self, on_bytes: Callable[[int], None] = lambda count: None) -> None:
        """Unpacks everything once without keeping it: damage shows at the end of a member.

        on_bytes: called with the size of each piece that was unpacked, from several threads

        Raises:
            ArchiveDamaged: if a member is damaged
            ArchiveError: if one unpacks to an unreasonable size
        """
        with ThreadPoolExecutor(CHECKED_AT_ONCE) as threads:
            for _ in threads.map(partial(self._check, on_bytes), self.tables):
                pass

    def _check(self, on_bytes: Callable[[int], None], table: str) -> None:
        file = self.file_of(table, self.path.parent)
        if isinstance(file, Member):
            with closing(file.open()) as packed:
                while piece := packed.read(CHUNK):
                    on_bytes(len(piece))

    def _member(self, archive: zipfile.ZipFile, table: str) -> zipfile.ZipInfo | None:
        found = [member for member in archive.infolist() if table_of(member) == table]
        if not found and archive.infolist() and not any(map(table_of, archive.infolist())):
            names = ", ".join(member.filename for member in archive.infolist()[:5])
            raise ArchiveError(f"The archive holds no file of any table, but {names}. {AGAIN}")
        if len(found) > 1:
            names = ", ".join(member.filename for member in found)
            raise ArchiveError(
                f"The archive holds more than one file for {table}: {names}. {AGAIN}"
            )
        if found and not is_file(found[0]):
            raise ArchiveError(f"{found[0].filename} in the archive is a link, no file. {AGAIN}")
        return found[0] if found else None


class Member(NamedTuple):
    """The CSV file of a table inside of a ZIP.

    folder: where it may be unpacked
    """

    archive: Path
    info: zipfile.ZipInfo
    table: str
    folder: Path

    def open(self) -> Readable:
        """Begins to read it.

        Raises:
            ArchiveDamaged: now or while it is read, if the member is damaged
            ArchiveError: while it is read, if it unpacks to an unreasonable size
        """
        return Unpacked(self.archive, self.info, self.table)


class Unpacked:
    """A member of a ZIP that is being read, up to the size that is reasonable for it."""

    def __init__(self, archive: Path, info: zipfile.ZipInfo, table: str) -> None:
        self._table = table
        self._name = info.filename
        self._bound = max(ALWAYS_ALLOWED, LARGEST_RATIO * info.compress_size)
        self._read = 0
        with damage_named(table):
            self._archive = zipfile.ZipFile(archive)
            self._packed = self._archive.open(info)

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        with damage_named(self._table):
            piece = self._packed.read(size)
        self._read += len(piece)
        if self._read > self._bound:
            raise ArchiveError(
                f"{self._name} in the archive unpacks to more than {self._bound:,} bytes, which no"
                " CSV of its packed size does. It was not read."
            )
        return piece

    def close(self) -> None:
        """Closes the archive too."""
        self._packed.close()
        self._archive.close()


@contextmanager
def damage_named(table: str) -> Iterator[None]:
    """Tells whose file is damaged.

    Raises:
        ArchiveDamaged: where reading a ZIP says that it is damaged, or packed in an unknown way
    """
    try:
        yield
    except DAMAGE as error:
        raise ArchiveDamaged(f"{table}.csv in the archive is damaged: {error}. {AGAIN}") from error


def table_of(member: zipfile.ZipInfo) -> str | None:
    """The table that a member is named for, whatever folder it is in."""
    path = PurePosixPath(member.filename.lower())
    known = path.suffix == ".csv" and path.stem in TABLES and not member.is_dir()
    return path.stem if known else None


def is_file(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a plain file, neither a folder nor a link."""
    return not member.is_dir() and not stat.S_ISLNK(member.external_attr >> 16)


def looks_like_text(path: Path) -> bool:
    """Whether a file may be a CSV: it has no NUL and no signature of a ZIP at its beginning."""
    with path.open("rb") as file:
        head = file.read(4096)
    return b"\0" not in head and not head.startswith(b"PK") and b"<html" not in head.lower()
