r"""What a record of each export format may look like, to the letter.

Fast parsers forgive: they take text behind a closing quote, the backslash off an escape that is
none, and a file that ends inside of quotes. What they forgive they do not report, so a file is
held against this grammar first, and only what fits is parsed.

The grammar knows where a record ends, so it also cuts the file into pieces: while one is parsed,
the next is unpacked, and of a large file only a few are in memory.
"""

import re
import sys
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from .arrow import BOM

BLOCK = 4 << 20
PIECE = 8 << 20
"""Bytes from which on a piece is large enough."""

ALL = b"+" if sys.version_info >= (3, 11) else b""
"""Takes as much as fits, for good: a third of the time went into keeping what else might fit. There
is nothing else, since what follows a quote decides whether the cell ends."""
BARE = rb'[^",\r\n]*'
"""A cell without quotes."""
UNQUOTED_CELL = {"EXCEL": BARE, "NO_NEWLINE": rb'[^",\r\n\\]*'}
"""Those of them that are parsed: Arrow would take a backslash for an escape there too."""
QUOTED_CELL = {
    "EXCEL": rb'"[^"]*%b"(?:["\\][^"]*%b"){0,9999}%b' % (ALL, ALL, ALL),
    "NO_NEWLINE": rb'"[^"\\]*%b(?:\\["\\][^"\\]*%b){0,9999}%b"' % (ALL, ALL, ALL),
}
"""A bound on the escapes in a cell bounds the memory that matching takes; a file with more of
them in one cell is read record by record."""
LONGEST_RECORD = 16 << 20
"""Bytes. A longer record is read by `salvage`."""


class Readable(Protocol):
    """A file that is open."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; none at its end."""

    def close(self) -> None:
        """Ends the reading."""


def record_pattern(export_format: str, width: int) -> re.Pattern[bytes]:
    r"""Matches one record of `width` cells, blank lines before it included.

    A lone `\r` ends none: it would be a guess whether it is a part of a cell.
    """
    cell = b"(?:%b|%b%b)" % (QUOTED_CELL[export_format], UNQUOTED_CELL[export_format], ALL)
    return re.compile(rb"(?:\r?\n)*%b(?:,%b){%d}%b\r?\n" % (cell, cell, width - 1, ALL))


class Piece(NamedTuple):
    """A part of a file that begins with a record.

    content: as it is in the file, less the byte order mark
    records: how many whole ones it holds, the header included; None where the first of them does
        not fit the grammar, and the file goes on behind `content`
    """

    content: bytes
    records: int | None


def pieces(file: Readable, export_format: str, width: int) -> Iterator[Piece]:
    """Cuts a file at ends of records; at least one piece, and none behind damage.

    width: how many cells a record has to have
    """
    record = record_pattern(export_format, width)
    held = file.read(len(BOM)).removeprefix(BOM)
    position = found = 0
    while block := file.read(BLOCK):
        held += block
        while match := record.match(held, position):
            position = match.end()
            found += 1
        is_damaged = len(held) - position > LONGEST_RECORD
        if found and (is_damaged or position >= PIECE):
            yield Piece(held[:position], found)
            held = held[position:]
            position = found = 0
        if is_damaged:
            yield Piece(held, None)
            return
    rest = held[position:]
    if rest.strip(b"\r\n") and not record.fullmatch(rest + b"\n"):
        if found:
            yield Piece(held[:position], found)
        yield Piece(rest, None)
    else:
        yield Piece(held, found + bool(rest.strip(b"\r\n")))
