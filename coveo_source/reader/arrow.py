r"""Parses records that fit the grammar, with Arrow.

According to Coveo's documentation, `EXCEL` escapes `"` and `\` within strings with a `"`, but
everyone reads it as plain RFC 4180, which has no `"\`. No real cell with a backslash has been
published, so both readings must work, cell by cell: `"a\b"` and `"a"\b"` both mean `a\b`.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

PARSE_OPTIONS = {
    "EXCEL": csv.ParseOptions(newlines_in_values=True),
    "NO_NEWLINE": csv.ParseOptions(double_quote=False, escape_char="\\", newlines_in_values=True),
}
_NUL = b"\0"
_STAND_INS = [chr(code).encode() for code in range(0xFDD0, 0xFDF0)]
"""Characters that no text should have, according to Unicode."""
_FIELD_END = re.compile(rb'[^",\r\n]"(?=[,\r\n])')
"""A quote that can only close a field: it opens none, is not doubled, and escapes nothing."""
_REST_OF_FIELD = re.compile(rb'[^"]*(?:"["\\][^"]*)*"')
"""What follows an opening quote, up to and including the closing one, in either reading."""


def parse_cells(content: bytes, export_format: str, names: list[str]) -> pa.Table:
    """Parses records that fit the grammar; returns every cell as text, and null for an empty one.

    names: of the columns; a header in the content is parsed like any other record

    Raises:
        pyarrow.ArrowInvalid: if a cell is not UTF-8, or this parser cannot read the content
    """
    if export_format == "EXCEL":
        content = unescape_backslashes(content)
    stand_in = b""
    if _NUL in content:
        # with SSE 4.2 Arrow overlooks quotes and separators in the seven bytes after a NUL
        stand_in = _unused_stand_in(content)
        content = content.replace(_NUL, stand_in)
    cells = csv.read_csv(
        pa.BufferReader(content),
        # a single block: for each block the parser would search for the end of a record again
        csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names),
        PARSE_OPTIONS[export_format],
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    return _with_nul(cells, stand_in) if stand_in else cells


def _unused_stand_in(content: bytes) -> bytes:
    """Returns a character for NUL that the content does not have."""
    for stand_in in _STAND_INS:
        if stand_in not in content:
            return stand_in
    raise pa.ArrowInvalid("No character is left that could stand for NUL.")


def _with_nul(cells: pa.Table, stand_in: bytes) -> pa.Table:
    """Returns a table of texts with NUL for the character that stands for it."""
    columns = [
        pc.replace_substring(column, stand_in.decode(), "\0")
        if _holds(column, stand_in)
        else column
        for column in cells.columns
    ]
    return pa.table(columns, cells.column_names)


def _holds(texts: pa.ChunkedArray, part: bytes) -> bool:
    # in the bytes of all texts, which takes a tenth of the time that Arrow needs for each by itself
    contents = (chunk.buffers()[2] for chunk in texts.chunks)
    return any(content and part in content.to_pybytes() for content in contents)


def unescape_backslashes(content: bytes) -> bytes:
    r"""Removes the escape from each `"\` within quotes; `content` begins outside quotes.

    A run of quotes before a backslash is read in pairs, after the opening quote if the run begins
    with it: each pair is a quote, and a single one that is left over escapes the backslash.
    """
    kept = []
    done = position = 0
    # plain searches: a pattern that begins with a quote would be tried at every quote
    while (last_quote := content.find(b'"\\', position)) >= 0:
        position = last_quote + 1
        first_quote = last_quote
        while content[first_quote - 1 : first_quote] == b'"':
            first_quote -= 1
        if (position - first_quote - _opens_field(content, first_quote)) % 2:
            kept.append(content[done:last_quote])
            done = position
    return b"".join([*kept, content[done:]]) if kept else content


def _opens_field(content: bytes, position: int) -> bool:
    """Returns True if the quote at `position` opens a field, False if it is within one."""
    if position == 0:
        return True
    if content[position - 1] not in b",\r\n":
        return False
    # the separator or line end may be within quotes: read on from the last certain field end
    outside = _last_field_end(content, position)
    while (quote := content.find(b'"', outside)) < position:
        rest = _REST_OF_FIELD.match(content, quote + 1)
        if rest is None or rest.end() > position:
            return False
        outside = rest.end()
    return True


def _last_field_end(content: bytes, position: int) -> int:
    """Returns where the last field ends that certainly ended before `position`; 0 if none did."""
    reach = 1 << 12
    while True:
        start = max(0, position - reach)
        ends = [match.end() for match in _FIELD_END.finditer(content, start, position + 1)]
        if ends or not start:
            return ends[-1] if ends else 0
        reach *= 8
