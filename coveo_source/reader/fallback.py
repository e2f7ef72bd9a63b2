"""Reads a damaged CSV file record by record, where a fast parser would stop or guess.

Slow, and used for damaged files only: every record has either cells or a reason why it has none,
and nothing between two records is skipped silently.
"""

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from .grammar import BARE_CELL, BOM

_LINE_END = re.compile(rb"\r\n|\n|\r")
_CELL_END = re.compile(rb"(?![^,\r\n])")
_PLAIN_CELL = re.compile(rb'(?:"([^"\\]*)"|(%b))%b' % (BARE_CELL, _CELL_END.pattern))
"""A cell without escapes, as nearly all cells are."""
_MARKS = {"EXCEL": re.compile(rb'"["\\]?'), "NO_NEWLINE": re.compile(rb'\\.?|"', re.S)}
"""Everything with a meaning within quotes: an escape, or a quote alone, which closes the cell."""
_ESCAPES = {"EXCEL": re.compile(rb'"(["\\])'), "NO_NEWLINE": re.compile(rb'\\(["\\])')}

Data: TypeAlias = bytes | mmap.mmap
_Cell: TypeAlias = tuple[bytes, int]
"""The unescaped content of a cell, and the position where the cell ends."""


class Record(NamedTuple):
    """One record of a file; the header is one too.

    cells: text of each cell, None for an empty one; None if the record does not parse
    raw: bytes of the record, without the line end
    reason: why it does not parse
    """

    cells: list[str | None] | None
    raw: bytes
    reason: str = ""


@contextmanager
def mmap_file(path: Path) -> Iterator[Data]:
    """Maps a file into memory, so that its bytes are read only when they are accessed."""
    if path.stat().st_size:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data
    else:
        # an empty file cannot be mapped
        yield b""


def records(data: Data, export_format: str, width: int) -> Iterator[Record]:
    """Yields all records of a file in order, and skips blank lines.

    width: number of cells that a record must have
    """
    position = len(BOM) if data[: len(BOM)] == BOM else 0
    while position < len(data):
        record, end = record_at(data, position, export_format)
        line_end = _LINE_END.match(data, end)
        position = line_end.end() if line_end else end
        if record.raw:
            yield _check_width(record, width)


def record_at(data: Data, start: int, export_format: str) -> tuple[Record, int]:
    """Returns the record that begins at `start`, and the position where it ends.

    A record that does not parse ends with the line in which its first bad cell begins, because
    the lines after it may be sound.
    """
    cells: list[bytes] = []
    position = start
    while cell := _cell_at(data, position, export_format):
        content, position = cell
        cells.append(content)
        if data[position : position + 1] != b",":
            return _decode(cells, data[start:position]), position
        position += 1
    line_end = _LINE_END.search(data, position)
    end = line_end.start() if line_end else len(data)
    reason = (
        f"does not parse from cell {len(cells) + 1} on: it has a quote that is not closed, text"
        " beside a quote, or an invalid escape"
    )
    return Record(None, data[start:end], reason), end


def _cell_at(data: Data, start: int, export_format: str) -> _Cell | None:
    """Returns the cell that begins at `start`; None if it does not parse."""
    if plain := _PLAIN_CELL.match(data, start):
        return plain[1] or plain[2] or b"", plain.end()
    if data[start : start + 1] == b'"':
        cell = _quoted_cell(data, start + 1, export_format)
        if cell and _CELL_END.match(data, cell[1]):
            return cell
    return None


def _quoted_cell(data: Data, start: int, export_format: str) -> _Cell | None:
    """Returns the cell whose content begins at `start`, after the opening quote."""
    escape = _ESCAPES[export_format]
    for mark in _MARKS[export_format].finditer(data, start):
        if mark[0] == b'"':
            return escape.sub(rb"\1", data[start : mark.start()]), mark.end()
        if not escape.fullmatch(mark[0]):
            return None
    return None


def _decode(cells: list[bytes], raw: bytes) -> Record:
    """Returns the record with its cells as text, and None for an empty cell."""
    try:
        return Record([cell.decode("utf-8") or None for cell in cells], raw)
    except UnicodeDecodeError:
        return Record(None, raw, "is not valid UTF-8")


def _check_width(record: Record, width: int) -> Record:
    """Returns the record, as one that does not parse if it has too few or too many cells."""
    if record.cells is None or len(record.cells) == width:
        return record
    reason = f"has {len(record.cells)} cells where the header has {width}"
    return Record(None, record.raw, reason)


def printable(raw: bytes) -> str:
    """Returns bytes as text, with escapes for those that are not UTF-8."""
    return raw.decode("utf-8", errors="backslashreplace")
