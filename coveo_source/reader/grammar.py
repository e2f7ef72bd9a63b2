r"""What a record of each export format may look like, to the letter.

Fast parsers forgive: they take text behind a closing quote, the backslash off an escape that is
none, and a file that ends inside of quotes. What they forgive they do not report, so a file is
held against this grammar first, and only what fits is parsed.
"""

import re
import sys

BOM = b"\xef\xbb\xbf"
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


def record_pattern(export_format: str, width: int) -> re.Pattern[bytes]:
    r"""Matches one record of `width` cells, blank lines before it included.

    A lone `\r` ends none: it would be a guess whether it is a part of a cell.
    """
    cell = b"(?:%b|%b%b)" % (QUOTED_CELL[export_format], UNQUOTED_CELL[export_format], ALL)
    return re.compile(rb"(?:\r?\n)*%b(?:,%b){%d}%b\r?\n" % (cell, cell, width - 1, ALL))
