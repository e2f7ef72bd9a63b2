"""Reads and checks the header of a CSV file, so that no parser has to guess it."""

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress

from ..exceptions import TableError
from ..settings import EXPORT_FORMATS
from ..tables import CURSOR, TABLES, Table
from .chunks import CsvFile
from .fallback import Record, record_at
from .grammar import BOM

_LONGEST_HEADER = 1 << 20
"""Bytes."""
_CONTROL_CHARACTER = re.compile(rb"[\x00-\x1f]")
"""No name of a dimension has one, and SQL ends at a NUL."""

_UNNAMED = "unnamed"
"""The name of a column whose header is empty, so that its values are loaded too."""


def read_header(file: CsvFile, table: Table, export_format: str) -> list[str] | None:
    """Returns the API names in a header, without the prefix `<table>.` that they may have.

    Returns None for a file without any text, as it may be written for a table without rows.

    Raises:
        TableError: if the header cannot be one of this table
    """
    with closing(file.open()) as opened:
        start = opened.read(_LONGEST_HEADER).removeprefix(BOM).lstrip(b"\r\n")
    if not start:
        return None
    record, end = record_at(start, 0, export_format)
    problem = _find_problem(record, end)
    if record.cells is None or problem:
        raise TableError(
            f"The header of {table.file_name} {problem}. It begins with"
            f" {record.raw[:200].decode(errors='backslashreplace')!r}. Without a header the columns"
            " of the file are unknown, so nothing was loaded."
        )
    prefix = f"{table.name}."
    names = [(cell or "").strip().removeprefix(prefix) or _UNNAMED for cell in record.cells]
    _check_names(names, table)
    return names


def has_header(file: CsvFile, table: str) -> bool:
    """Returns True if a file begins with a header of a table, in any of the export formats."""
    for export_format in EXPORT_FORMATS:
        with suppress(TableError):
            return read_header(file, TABLES[table], export_format) is not None
    return False


def _find_problem(header: Record, end: int) -> str:
    """Returns why a header that ends at `end` cannot be used; an empty string if it can."""
    if header.reason:
        return header.reason
    if end >= _LONGEST_HEADER - len(BOM):
        return f"is longer than {_LONGEST_HEADER:,} bytes"
    if _CONTROL_CHARACTER.search(header.raw):
        return "has a line break or another control character within a name"
    return ""


def _check_names(names: Sequence[str], table: Table) -> None:
    missing = [name for name in (*table.key, CURSOR) if name not in names]
    if missing:
        raise TableError(
            f"The header of {table.file_name} is missing {', '.join(missing)}; it begins with"
            f" {', '.join(names[:8])}. Was the export made with display names, or with"
            " dimensions that leave out the keys?"
        )
    for name, count in Counter(names).items():
        if count > 1:
            raise TableError(
                f"The header of {table.file_name} has the column {name!r} twice, and nothing tells"
                " one from the other. Nothing of this window was loaded. To go on without it, name"
                " the dimensions that you need in the setting dimensions, or leave out"
                f" {table.name} with the setting tables."
            )
