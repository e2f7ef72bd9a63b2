"""The header of a CSV file: read by us, so that nothing is left to a sniffer."""

import re
from collections.abc import Callable, Iterable, Sequence

from ..exceptions import TableError
from ..tables import CURSOR, Table
from .fallback import printable, record_at
from .grammar import BOM

LONGEST = 1 << 20
"""Bytes; no header is longer."""
CONTROL = re.compile(rb"[\x00-\x1f]")
"""No name of a dimension holds one, and SQL ends at a NUL."""


def header_of(start: bytes, table: Table, export_format: str) -> list[str]:
    """The API names in the header, without the prefix `<table>.` that they may carry.

    start: of the file, LONGEST bytes of it if there are so many

    Raises:
        TableError: if there is no header, or it cannot be one of this table
    """
    start = start.removeprefix(BOM)
    record, end = record_at(start, 0, export_format)
    if not record.raw:
        raise TableError(f"{table.file_name} has no header.")
    if record.cells is None or end >= LONGEST - len(BOM) or CONTROL.search(record.raw):
        too_long = f"is longer than {LONGEST:,} bytes"
        control = "has a line end or another control character inside of a name"
        reason = record.reason or (too_long if end >= LONGEST - len(BOM) else control)
        raise TableError(
            f"The header of {table.file_name} {reason}. It begins {printable(record.raw[:200])!r}."
            " Without it nothing in the file can be told apart, so nothing was loaded."
        )
    names = [(cell or "").strip().removeprefix(f"{table.name}.") for cell in record.cells]
    check_header(names, table)
    return names


def check_header(names: Sequence[str], table: Table) -> None:
    """Refuses a header that is not one of this table."""
    missing = [name for name in (*table.key, CURSOR) if name not in names]
    if missing:
        raise TableError(
            f"The header of {table.file_name} lacks {', '.join(missing)}; it has"
            f" {', '.join(names[:8])} … Was the export made with display names, or with"
            " dimensions that leave out the keys?"
        )
    if "" in names:
        raise TableError(f"The header of {table.file_name} has a column without a name.")
    for name in names:
        if names.count(name) > 1:
            raise TableError(f"The header of {table.file_name} has the column {name!r} twice.")


def check_collisions(names: Iterable[str], table: Table, normalize: Callable[[str], str]) -> None:
    """Refuses columns that would fall together in the destination.

    normalize: API name to the name of the column in the destination

    Raises:
        TableError: with both names
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(normalize(name), name)
        if other is not name:
            raise TableError(
                f"Two columns of {table.file_name}, {other!r} and {name!r}, would both be called"
                f" {normalize(name)!r} in the destination. Leave one out with the setting"
                " dimensions."
            )
