"""Reads a damaged CSV file record by record, where DuckDB stops at the first that does not parse.

Slow, and used only from the damage on: every record is either cells or a reason why it has none,
and nothing between two records is skipped in silence.
"""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .dialect import BOM

FIELDS = {
    "EXCEL": re.compile(rb'(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(?=[,\r\n]|\Z)'),
    "NO_NEWLINE": re.compile(rb'(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^",\r\n]*))(?=[,\r\n]|\Z)', re.S),
}
ESCAPED = {
    "EXCEL": (re.compile(rb'""'), rb'"'),
    "NO_NEWLINE": (re.compile(rb"\\(.)", re.S), rb"\1"),
}
LINE_END = re.compile(rb"\r\n|\n|\r")


class Record(NamedTuple):
    """One record of a file, header included.

    cells: None if it does not parse
    raw: its bytes, without the line end
    reason: why it does not parse
    """

    cells: list[str | None] | None
    raw: bytes
    reason: str = ""


def records(path: Path, export_format: str, width: int) -> Iterator[Record]:
    """All records of a file, in order; blank lines are none.

    width: how many cells a record has to have
    """
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        position = len(BOM) if data[: len(BOM)] == BOM else 0
        while position < len(data):
            record, end = record_at(data, position, export_format)
            line_end = LINE_END.match(data, end)
            position = line_end.end() if line_end else end
            if record.raw:
                yield sized(record, width)


def sized(record: Record, width: int) -> Record:
    """The record, refused if it has too few or too many cells."""
    if record.cells is None or len(record.cells) == width:
        return record
    reason = f"has {len(record.cells)} cells where the header has {width}"
    return Record(None, record.raw, reason)


def record_at(data: mmap.mmap, start: int, export_format: str) -> tuple[Record, int]:
    """The record that begins at `start`, and where it ends.

    One whose quotes do not close ends with its line: what follows may be sound.
    """
    cells: list[bytes | None] = []
    position = start
    while field := FIELDS[export_format].match(data, position):
        cells.append(field[1] if field[1] is not None else field[2])
        position = field.end()
        if data[position : position + 1] != b",":
            return decoded(cells, data[start:position], export_format), position
        position += 1
    line_end = LINE_END.search(data, position)
    end = line_end.start() if line_end else len(data)
    return Record(None, data[start:end], "has a quote that is not closed, or text behind one"), end


def decoded(cells: list[bytes | None], raw: bytes, export_format: str) -> Record:
    """The cells as text; an empty one is null."""
    pattern, plain = ESCAPED[export_format]
    try:
        texts = [pattern.sub(plain, cell).decode("utf-8") if cell else None for cell in cells]
    except UnicodeDecodeError:
        return Record(None, raw, "is not valid UTF-8")
    return Record(texts, raw)


def printable(raw: bytes) -> str:
    """Bytes as text; those that are not UTF-8 as escapes."""
    return raw.decode("utf-8", errors="backslashreplace")
