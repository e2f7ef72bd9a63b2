r"""What a record of each export format may look like, to the letter.

DuckDB's parser forgives: it drops empty cells behind the last column, blanks around quotes, the
backslash of an escape that is none, and a last quote that is missing. What it forgives it does
not report, so a file is held against this grammar first, and DuckDB reads it only if it fits.
"""

import re
from pathlib import Path

from .dialect import BLOCK, BOM

BARE = rb'[^",\r\n]*'
QUOTED = {
    "EXCEL": rb'"[^"]*"(?:["\\][^"]*"){0,9999}',
    "NO_NEWLINE": rb'"[^"\\]*(?:\\["\\][^"\\]*){0,9999}"',
}
"""A bound on the escapes in a cell bounds the memory that matching takes; a file with more of
them in one cell is read record by record."""
LONGEST_RECORD = 16 << 20
"""Bytes; DuckDB's read buffers grow with it. A longer record is read by `salvage`."""


def record_pattern(export_format: str, width: int) -> re.Pattern[bytes]:
    r"""Matches one record of `width` cells, blank lines before it included.

    A lone `\r` ends none: behind one, DuckDB drops a blank at the begin of the next record.
    """
    cell = b"(?:%b|%b)" % (QUOTED[export_format], BARE)
    return re.compile(rb"(?:\r?\n)*%b(?:,%b){%d}\r?\n" % (cell, cell, width - 1))


def intact_records(path: Path, export_format: str, width: int) -> int | None:
    """How many records a file has, its header included; None if one of them is damaged.

    width: how many cells a record has to have
    """
    record = record_pattern(export_format, width)
    found = 0
    held = b""
    with path.open("rb") as file:
        file.seek(len(BOM) if file.read(len(BOM)) == BOM else 0)
        while piece := file.read(BLOCK):
            held += piece
            position = 0
            while match := record.match(held, position):
                position = match.end()
                found += 1
            held = held[position:]
            if len(held) > LONGEST_RECORD:
                return None
    if not held.strip(b"\r\n"):
        return found
    return found + 1 if record.fullmatch(held + b"\n") else None
