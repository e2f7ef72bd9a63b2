"""Reads a damaged CSV file record by record: slower than Arrow, but nothing is lost or guessed."""

import mmap
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from .grammar import BARE_CELL

_LINE_END = re.compile(rb"\r\n|\n|\r")
_CELL_END = re.compile(rb"(?![^,\r\n])")
_PLAIN_CELL = re.compile(rb'(?:"([^"\\]*)"|(%b))%b' % (BARE_CELL, _CELL_END.pattern))
"""A cell without escapes, as nearly all cells are."""
_MARKS = {"EXCEL": re.compile(rb'"["\\]?'), "NO_NEWLINE": re.compile(rb'\\.?|"', re.S)}
"""Everything with a meaning within quotes: an escape, or a quote alone, which closes the cell."""
_ESCAPES = {"EXCEL": re.compile(rb'"(["\\])'), "NO_NEWLINE": re.compile(rb'\\(["\\])')}

Data: TypeAlias = bytes | mmap.mmap


class Record(NamedTuple):
    """One record of a file; the header is one too.

    cells: text of each cell, None for an empty one; None if the record does not parse
    raw: bytes of the record, without the line end
    reason: why it does not parse
    """

    cells: list[str | None] | None
    raw: bytes
    reason: str = ""


def records(data: Data, export_format: str, width: int) -> Iterator[Record]:
    """Yields all records of a file in order, and skips blank lines.

    width: number of cells that a record must have
    """
    position = 0
    while position < len(data):
        record, end = record_at(data, position, export_format)
        line_end = _LINE_END.match(data, end)
        position = line_end.end() if line_end else end
        if record.cells is not None and len(record.cells) != width:
            reason = f"has {len(record.cells)} cells where the header has {width}"
            record = Record(None, record.raw, reason)
        if record.raw:
            yield record


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


def _cell_at(data: Data, start: int, export_format: str) -> tuple[bytes, int] | None:
    """Returns the unescaped cell that begins at `start`, and where it ends; None if it is bad."""
    if plain := _PLAIN_CELL.match(data, start):
        return plain[1] or plain[2] or b"", plain.end()
    if data[start : start + 1] != b'"':
        return None
    escape = _ESCAPES[export_format]
    for mark in _MARKS[export_format].finditer(data, start + 1):
        if mark[0] == b'"':
            cell = escape.sub(rb"\1", data[start + 1 : mark.start()])
            return (cell, mark.end()) if _CELL_END.match(data, mark.end()) else None
        if not escape.fullmatch(mark[0]):
            return None
    return None


def _decode(cells: list[bytes], raw: bytes) -> Record:
    try:
        return Record([cell.decode("utf-8") or None for cell in cells], raw)
    except UnicodeDecodeError:
        return Record(None, raw, "is not valid UTF-8")
