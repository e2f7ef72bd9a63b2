"""Opens a CSV file and cuts it into chunks of whole records, which can be parsed on their own."""

import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, NamedTuple, Protocol, cast

from ..private_files import private_file
from .grammar import BOM, record_pattern

BLOCK_BYTES = 4 << 20
"""Bytes read from the file at a time."""
CHUNK_BYTES = 8 << 20
"""Bytes after which a chunk is complete, at the end of a record."""
LONGEST_RECORD = 16 << 20
"""Bytes; a longer record is left to the fallback."""


class Readable(Protocol):
    """An open file."""

    def read(self, size: int, /) -> bytes:
        """Returns the next bytes, at most `size`; none at the end of the file."""

    def close(self) -> None:
        """Closes the file."""


class CsvFile(Protocol):
    """A CSV file, either plain or inside an archive."""

    @property
    def folder(self) -> Path:
        """The folder for temporary files made from it."""

    def open(self) -> Readable:
        """Opens the file at its beginning; may be called several times."""


class PlainFile(NamedTuple):
    """A plain CSV file, and the folder for temporary files made from it."""

    path: Path
    folder: Path

    def open(self) -> Readable:
        """Opens the file at its beginning."""
        return self.path.open("rb")


class Chunk(NamedTuple):
    """A part of a file that begins with a record.

    content: bytes as in the file, without the byte order mark
    records: number of records, all of them whole and the header included; None if the first one
        does not fit the grammar, in which case the chunk may end anywhere
    """

    content: bytes
    records: int | None


class Rest(NamedTuple):
    """A temporary file with the rest of a CSV file, from a record that does not fit the grammar."""

    path: Path


def read_chunks(
    file: CsvFile, export_format: str, width: int
) -> Generator[Chunk | Rest, None, None]:
    """Yields the chunks of a file and, if it is damaged, the rest of it, which the caller deletes.

    width: number of cells that a record must have
    """
    with closing(file.open()) as opened:
        for chunk in cut_chunks(opened, export_format, width):
            if chunk.records is not None:
                yield chunk
                continue
            path = file.folder / "rest.csv"
            with private_file(path) as rest:
                rest.write(chunk.content)
                shutil.copyfileobj(cast(IO[bytes], opened), rest)
            yield Rest(path)


def cut_chunks(file: Readable, export_format: str, width: int) -> Iterator[Chunk]:
    """Cuts a file between records; yields at least one chunk, and none after a damaged one."""
    record = record_pattern(export_format, width)
    buffer = file.read(len(BOM)).removeprefix(BOM)
    end = count = 0
    while block := file.read(BLOCK_BYTES):
        buffer += block
        while match := record.match(buffer, end):
            end = match.end()
            count += 1
        is_damaged = len(buffer) - end > LONGEST_RECORD
        if count and (is_damaged or end >= CHUNK_BYTES):
            yield Chunk(buffer[:end], count)
            buffer = buffer[end:]
            end = count = 0
        if is_damaged:
            yield Chunk(buffer, None)
            return
    yield from _last_chunks(buffer, end, count, record)


def _last_chunks(buffer: bytes, end: int, count: int, record: re.Pattern[bytes]) -> Iterator[Chunk]:
    # the last record of a file needs no line end
    last_record = buffer[end:]
    if not last_record.strip(b"\r\n"):
        yield Chunk(buffer, count)
    elif record.fullmatch(last_record + b"\n"):
        yield Chunk(buffer, count + 1)
    else:
        if count:
            yield Chunk(buffer[:end], count)
        yield Chunk(last_record, None)
