"""Reads a damaged CSV file record by record, where a fast parser would stop or guess.

Slow, and used for damaged files only: every record is either cells or a reason why it has none,
and nothing between two records is skipped in silence.
"""

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from .grammar import BARE, BOM

QUOTES = {"EXCEL": re.compile(rb'"["\\]?'), "NO_NEWLINE": re.compile(rb'\\.?|"', re.S)}
"""All that may be special inside of quotes: an escape, or the closing quote if nothing follows."""
ESCAPES = {"EXCEL": re.compile(rb'"(["\\])'), "NO_NEWLINE": re.compile(rb'\\(["\\])')}
CELL_END = re.compile(rb"(?![^,\r\n])")
PLAIN_CELL = re.compile(rb'(?:"([^"\\]*)"|(%b))%b' % (BARE, CELL_END.pattern))
"""A cell without escapes, as nearly all are."""
LINE_END = re.compile(rb"\r\n|\n|\r")

Data: TypeAlias = bytes | mmap.mmap
Cell: TypeAlias = tuple[bytes, int]
"""What a cell holds, unescaped, and where it ends."""


class Record(NamedTuple):
    """One record of a file, header included.

    cells: None if it does not parse
    raw: its bytes, without the line end
    reason: why it does not parse
    """

    cells: list[str | None] | None
    raw: bytes
    reason: str = ""


def records(data: Data, export_format: str, width: int) -> Iterator[Record]:
    """All records of a file, in order; blank lines are none.

    width: how many cells a record has to have
    """
    position = len(BOM) if data[: len(BOM)] == BOM else 0
    while position < len(data):
        record, end = record_at(data, position, export_format)
        line_end = LINE_END.match(data, end)
        position = line_end.end() if line_end else end
        if record.raw:
            yield check_width(record, width)


@contextmanager
def mmap_file(path: Path) -> Iterator[Data]:
    """A file as bytes that are read when they are looked at."""
    if path.stat().st_size:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data
    else:
        yield b""


def check_width(record: Record, width: int) -> Record:
    """The record, refused if it has too few or too many cells."""
    if record.cells is None or len(record.cells) == width:
        return record
    reason = f"has {len(record.cells)} cells where the header has {width}"
    return Record(None, record.raw, reason)


def record_at(data: Data, start: int, export_format: str) -> tuple[Record, int]:
    """The record that begins at `start`, and where it ends.

    One that does not parse ends with the line where the cell begins that is to blame: what
    follows may be sound.
    """
    cells: list[bytes] = []
    position = start
    while cell := cell_at(data, position, export_format):
        cells.append(cell[0])
        position = cell[1]
        if data[position : position + 1] != b",":
            return decoded(cells, data[start:position]), position
        position += 1
    line_end = LINE_END.search(data, position)
    end = line_end.start() if line_end else len(data)
    reason = (
        f"does not parse from cell {len(cells) + 1} on: it has a quote that is not closed, text"
        " beside a quote, or an escape that is none"
    )
    return Record(None, data[start:end], reason), end


def cell_at(data: Data, start: int, export_format: str) -> Cell | None:
    """The cell that begins at `start`; None if it does not parse."""
    if plain := PLAIN_CELL.match(data, start):
        return plain[1] or plain[2] or b"", plain.end()
    if data[start : start + 1] == b'"':
        cell = quoted_cell(data, start + 1, export_format)
        if cell and CELL_END.match(data, cell[1]):
            return cell
    return None


def quoted_cell(data: Data, start: int, export_format: str) -> Cell | None:
    """The cell of which `start` is behind its opening quote."""
    escape = ESCAPES[export_format]
    for mark in QUOTES[export_format].finditer(data, start):
        if mark[0] == b'"':
            return escape.sub(rb"\1", data[start : mark.start()]), mark.end()
        if not escape.fullmatch(mark[0]):
            return None
    return None


def decoded(cells: list[bytes], raw: bytes) -> Record:
    """The cells as text; an empty one is null."""
    try:
        return Record([cell.decode("utf-8") or None for cell in cells], raw)
    except UnicodeDecodeError:
        return Record(None, raw, "is not valid UTF-8")


def printable(raw: bytes) -> str:
    """Bytes as text; those that are not UTF-8 as escapes."""
    return raw.decode("utf-8", errors="backslashreplace")
