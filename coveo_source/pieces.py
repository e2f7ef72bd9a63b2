"""Cuts a CSV file into pieces that each hold whole records.

So a table is unpacked, parsed and written at the same time, and of a large one only a few pieces
are on disk and in memory. A cut is right in every file that parses. In one that does not it may
be wrong, and then a piece does not parse either: whoever reads it goes back to the whole file.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol

from .dialect import Readable, plain_blocks

PIECE = 8 << 20
"""Bytes of a piece, about; a longer record makes a longer piece."""
LONGEST_PIECE = 64 << 20
BLOCK = 1 << 20


class CsvFile(Protocol):
    """A CSV file, on disk or packed."""

    @property
    def folder(self) -> Path:
        """Where what is made of it may be written."""

    def open(self) -> Readable:
        """Begins to read it; may be called again."""


class OnDisk(NamedTuple):
    """A CSV file that is no member of an archive.

    folder: where what is made of it may be written
    """

    path: Path
    folder: Path

    def open(self) -> Readable:
        """Begins to read it."""
        return self.path.open("rb")


class NotInPieces(Exception):
    """No end of a record was found in LONGEST_PIECE bytes."""


def written_pieces(file: CsvFile, export_format: str) -> Generator[Path, None, None]:
    """Writes the pieces of a file, one for each that is asked for; the caller removes them.

    Raises:
        NotInPieces: where the file cannot be cut
    """
    with closing(file.open()) as opened:
        for number, piece in enumerate(pieces(opened, export_format)):
            path = file.folder / f"piece_{number}.csv"
            path.write_bytes(piece)
            yield path


def pieces(file: Readable, export_format: str) -> Iterator[bytes]:
    """The bytes of a file, with escapes mended, cut at ends of records; at least one piece.

    Raises:
        NotInPieces: where it cannot be cut
    """
    quotes_may_hold_lines = export_format == "EXCEL"
    held = bytearray()
    is_first = True
    for block in plain_blocks(file, export_format, BLOCK):
        held += block
        if len(held) >= PIECE:
            cut = last_record_end(held, quotes_may_hold_lines)
            if cut:
                yield bytes(memoryview(held)[:cut])
                del held[:cut]
                is_first = False
            elif len(held) >= LONGEST_PIECE:
                raise NotInPieces
    if held or is_first:
        yield bytes(held)


def last_record_end(held: bytearray, quotes_may_hold_lines: bool) -> int:
    """Where the last record ends that is whole; 0 if none is.

    held: begins with a record
    quotes_may_hold_lines: then a record ends where the line ends that has an even number of
        quotes before it, since each that is inside of quotes is written as two
    """
    end = held.rfind(b"\n") + 1
    quotes = held.count(b'"', 0, end) if quotes_may_hold_lines else 0
    while quotes % 2:
        line = held.rfind(b"\n", 0, end - 1) + 1
        quotes -= held.count(b'"', line, end)
        end = line
    return end


def write_whole(file: CsvFile, export_format: str) -> Path:
    """Writes all of a file in one, escapes mended."""
    path = file.folder / "whole.csv"
    with closing(file.open()) as opened, path.open("wb") as target:
        target.writelines(plain_blocks(opened, export_format))
    return path
