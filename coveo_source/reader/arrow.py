r"""The CSV dialects of Coveo's exports, and how each is read exactly by Arrow's parser.

`EXCEL` is documented so: within strings, `"` and `\` are escaped by a `"`. Everybody reads it as
plain RFC 4180, which knows no `"\`; no real cell with a backslash was ever published. So both
readings have to work, cell by cell: `"a\b"` and `"a"\b"` are both `a\b`.

`NO_NEWLINE` escapes `"` and `\` by `\`, which Arrow reads as it is.
"""

import re
from collections.abc import Iterator

import pyarrow as pa
from pyarrow import csv

FIELD_END = re.compile(rb'[^",\r\n]"(?=[,\r\n])')
"""A quote that surely closes a field: it neither opens one, nor is doubled, nor escapes."""
REST_OF_FIELD = re.compile(rb'[^"]*(?:"["\\][^"]*)*"')
"""From behind an opening quote to behind the closing one, in both readings."""

PARSING = {
    "EXCEL": csv.ParseOptions(newlines_in_values=True),
    "NO_NEWLINE": csv.ParseOptions(double_quote=False, escape_char="\\", newlines_in_values=True),
}


def parse_cells(content: bytes, export_format: str, names: list[str]) -> pa.Table:
    """The cells of records that fit the grammar, all as text; an empty one is null.

    names: of the columns; a header in the content is a record like any other

    Raises:
        pyarrow.ArrowInvalid: if a cell is not UTF-8
    """
    if export_format == "EXCEL":
        content = unescape_backslashes(content)
    return csv.read_csv(
        pa.BufferReader(content),
        # in one block: at its end the parser would look for the end of a record once more
        csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names),
        PARSING[export_format],
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )


def unescape_backslashes(block: bytes) -> bytes:
    r"""Removes the escape from each `"\` inside of quotes; `block` begins outside of them.

    A run of quotes before a backslash is read in pairs, from behind the opening quote if it is
    one: each pair is a quote, and one that is left over escapes the backslash.
    """
    kept = []
    done = 0
    # plain searches: a pattern that begins with a quote would try every quote there is
    for last_quote in occurrences(block, b'"\\'):
        first_quote = start_of_run(block, last_quote)
        inside = last_quote + 1 - first_quote - opens_field(block, first_quote)
        if inside % 2:
            kept.append(block[done:last_quote])
            done = last_quote + 1
    return b"".join([*kept, block[done:]]) if kept else block


def occurrences(block: bytes, needle: bytes) -> Iterator[int]:
    """Where some bytes occur."""
    position = block.find(needle)
    while position >= 0:
        yield position
        position = block.find(needle, position + 1)


def start_of_run(block: bytes, position: int) -> int:
    """Where the run of equal bytes begins that `position` is in."""
    start = position
    while start and block[start - 1] == block[position]:
        start -= 1
    return start


def opens_field(block: bytes, position: int) -> bool:
    """Whether the quote at `position` opens a field, rather than standing inside of one."""
    if position == 0:
        return True
    if block[position - 1] not in b",\r\n":
        return False
    # a separator or line end may stand inside of quotes: read on from the last sure field end
    outside = last_field_end(block, position)
    while (quote := block.find(b'"', outside)) < position:
        rest = REST_OF_FIELD.match(block, quote + 1)
        if rest is None or rest.end() > position:
            return False
        outside = rest.end()
    return True


def last_field_end(block: bytes, position: int) -> int:
    """Where the last field that surely ended before `position` ended; 0 if none did."""
    reach = 1 << 12
    while True:
        start = max(0, position - reach)
        ends = [match.end() for match in FIELD_END.finditer(block, start, position + 1)]
        if ends or not start:
            return ends[-1] if ends else 0
        reach *= 8
