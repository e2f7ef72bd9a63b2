"""Opens the downloaded file of an export, and checks it.

The archive has no say in where files are written: members are picked by the names that we expect,
and each is unpacked under a name of our own.
"""

import lzma
import re
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
from ..reader import CsvFile, PlainFile, Readable, has_header
from ..tables import TABLES

READ_SIZE = 1 << 20
"""Bytes that are downloaded or unpacked at a time."""
LARGEST_RATIO = 200
"""No archive of text unpacks to more than this many times its size."""
ALWAYS_ALLOWED = 64 << 20
"""Bytes that a member may unpack to whatever its ratio."""
_CHECK_THREADS = 2
_SHOWN_CHARACTERS = 100
_SECRET = re.compile(r"(?=[^\s<>\"']*[0-9=&%?])[^\s<>\"']{16,}")
_RETRY = "The export is kept: run again to download it again."
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError)
"""Errors from reading a ZIP that is damaged, encrypted or packed with an unknown method."""


class Archive:
    """The downloaded file of an export of some tables.

    Coveo sends a ZIP with one `<table>.csv` a table. Inferred, and therefore accepted: members in
    folders, no member for a table without rows, and a bare CSV if one table was requested.

    Raises:
        ArchiveDamaged: if the file is neither a ZIP nor the CSV of the only table
        ArchiveError: by the methods, if it is not one of Coveo's archives
    """

    def __init__(self, path: Path, tables: Iterable[str]) -> None:
        self.path = path
        self.tables = tuple(tables)
        self.is_zip = zipfile.is_zipfile(path)
        if not self.is_zip and not self._is_bare_csv():
            size = path.stat().st_size
            nor = f", nor the CSV file of {self.tables[0]}" if len(self.tables) == 1 else ""
            raise ArchiveDamaged(
                f"The downloaded file ({size:,} bytes) is not a ZIP, or only the beginning of"
                f" one{nor}. It begins with {_beginning(path)!r}. {_RETRY}"
            )

    def _is_bare_csv(self) -> bool:
        # what a proxy or the storage sends in place of a file is text too, but has no such header
        is_single = len(self.tables) == 1
        return is_single and has_header(PlainFile(self.path, self.path.parent), self.tables[0])

    def file_of(self, table: str, folder: Path) -> CsvFile | None:
        """Returns the CSV file of a table, to unpack into `folder`; None if there is none."""
        if not self.is_zip:
            return PlainFile(self.path, folder)
        with _damage_named(table), zipfile.ZipFile(self.path) as archive:
            info = _member_of(archive, table)
        return _Member(self.path, info, table, folder) if info else None

    def check(self, on_bytes: Callable[[int], None] = lambda count: None) -> None:
        """Unpacks everything once without keeping it, as damage may show only at the end.

        on_bytes: called for each piece that was unpacked with its bytes, from several threads
        """
        with ThreadPoolExecutor(_CHECK_THREADS) as threads:
            # the results are empty, but reading them raises what a thread raised
            list(threads.map(partial(self._check, on_bytes), self.tables))

    def _check(self, on_bytes: Callable[[int], None], table: str) -> None:
        file = self.file_of(table, self.path.parent)
        if isinstance(file, _Member):
            with closing(file.open()) as unpacked:
                while content := unpacked.read(READ_SIZE):
                    on_bytes(len(content))


class _Member(NamedTuple):
    """The CSV file of a table in a ZIP, to be unpacked into `folder`."""

    archive: Path
    info: zipfile.ZipInfo
    table: str
    folder: Path

    def open(self) -> Readable:
        return _MemberReader(self)


class _MemberReader:
    """Reads a member of a ZIP, up to the largest size that is reasonable for it."""

    def __init__(self, file: _Member) -> None:
        self._file = file
        self._limit = max(ALWAYS_ALLOWED, LARGEST_RATIO * file.info.compress_size)
        self._size = 0
        with _damage_named(file.table):
            self._archive = zipfile.ZipFile(file.archive)
            self._member = self._archive.open(file.info)

    def read(self, size: int, /) -> bytes:
        with _damage_named(self._file.table):
            content = self._member.read(size)
        self._size += len(content)
        if self._size > self._limit:
            raise ArchiveError(
                f"{self._file.info.filename} in the archive unpacks to more than"
                f" {self._limit:,} bytes, too much for a CSV file of its compressed size. It was"
                " not loaded."
            )
        return content

    def close(self) -> None:
        self._member.close()
        self._archive.close()


@contextmanager
def _damage_named(table: str) -> Iterator[None]:
    """Turns errors from reading a ZIP into one that names the damaged file."""
    try:
        yield
    except _DAMAGE as error:
        raise ArchiveDamaged(f"{table}.csv in the archive is damaged: {error}. {_RETRY}") from error


def _member_of(archive: zipfile.ZipFile, table: str) -> zipfile.ZipInfo | None:
    """Returns the member of a table; None if there is none."""
    members = archive.infolist()
    matching = [member for member in members if _table_of(member) == table]
    if not matching and members and not any(map(_table_of, members)):
        names = ", ".join(member.filename for member in members[:5])
        raise ArchiveError(f"The archive has no file of any table, only {names}. {_RETRY}")
    if len(matching) > 1:
        names = ", ".join(member.filename for member in matching)
        raise ArchiveError(f"The archive has more than one file for {table}: {names}. {_RETRY}")
    if matching and stat.S_ISLNK(matching[0].external_attr >> 16):
        name = matching[0].filename
        raise ArchiveError(f"{name} in the archive is a link, not a file. {_RETRY}")
    return matching[0] if matching else None


def _table_of(member: zipfile.ZipInfo) -> str | None:
    """Returns the table that a member is named for, in whatever folder it is."""
    path = PurePosixPath(member.filename.lower())
    is_table = path.suffix == ".csv" and path.stem in TABLES and not member.is_dir()
    return path.stem if is_table else None


def _beginning(path: Path) -> str:
    """Returns the first characters of a file, without what may be secret or personal.

    Of a text that is no markup or JSON that is its first line: others may be rows. Long words with
    digits or signs, as in the address of a file, are left out.
    """
    with path.open("rb") as file:
        text = file.read(4096).decode("utf-8-sig", "replace").strip()
    shown = text if text.startswith(("<", "{", "[")) else text.partition("\n")[0]
    return _SECRET.sub("…", " ".join(shown.split()))[:_SHOWN_CHARACTERS]
