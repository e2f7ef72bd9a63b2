r"""Defines exactly what a valid record of each export format looks like.

Fast parsers are lenient: they accept text after a closing quote, drop the backslash of an invalid
escape, and accept a file that ends within quotes, all without reporting it. So a file is matched
against this grammar first, and only what fits is given to the fast parser.
"""

import re
import sys

BOM = b"\xef\xbb\xbf"

BARE_CELL = rb'[^",\r\n]*'
"""A cell without quotes."""
_UNQUOTED_CELL = {"EXCEL": BARE_CELL, "NO_NEWLINE": rb'[^",\r\n\\]*'}
"""A bare cell that Arrow reads correctly: in `NO_NEWLINE` it would take a backslash for an escape
there too."""
QUOTED_CELL = {
    "EXCEL": rb'"[^"]*+"(?:["\\][^"]*+"){0,9999}+',
    "NO_NEWLINE": rb'"[^"\\]*+(?:\\["\\][^"\\]*+){0,9999}+"',
}
"""The limit on escapes in a cell limits the memory that matching needs; a file with more of them
in one cell is read record by record."""


def record_pattern(export_format: str, width: int) -> re.Pattern[bytes]:
    r"""Returns a pattern that matches one record of `width` cells and any blank lines before it.

    A lone `\r` does not end a record: whether it belongs to a cell would be a guess.
    """
    cell = b"(?:%b|%b+)" % (QUOTED_CELL[export_format], _UNQUOTED_CELL[export_format])
    record = rb"(?:\r?\n)*%b(?:,%b){%d}+\r?\n" % (cell, cell, width - 1)
    if sys.version_info < (3, 11):
        # without possessive quantifiers: they save a third of the time, but change no match,
        # because what follows a quote decides whether the cell ends
        record = re.sub(rb"([*}])\+", rb"\1", record)
    return re.compile(record)
