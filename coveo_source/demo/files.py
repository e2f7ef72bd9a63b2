"""The files of an export: CSV in three dialects, one member a table, in a ZIP archive."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

Dialect: TypeAlias = Literal["rfc4180", "excel_backslash", "no_newline"]
"""How strings are escaped.

rfc4180: `"` is doubled and nothing else is special, as real readers of `EXCEL` files assume
excel_backslash: `"` and `\\` are preceded by a `"`, as Coveo documents `EXCEL`
no_newline: no line ends inside strings; `"` and `\\` are preceded by a `\\`
"""

_BOM = "\ufeff"
_ROWS_A_CHUNK = 500


class Member(NamedTuple):
    """One CSV file of an archive.

    header: the names of the columns as they are written
    rows: values as text, None for null
    """

    file_name: str
    header: Sequence[str]
    rows: Iterable[Sequence[str | None]]


def csv_chunks(member: Member, dialect: Dialect) -> Iterator[bytes]:
    """A file piece by piece, UTF-8 with a byte order mark, lines ended by `\\n`.

    Every value is quoted, numbers too, as in real exports; null is an empty field.
    """
    line = _LINES[dialect]
    yield f"{_BOM}{line(member.header)}\n".encode()
    rows = iter(member.rows)
    while chunk := [line(row) for row in islice(rows, _ROWS_A_CHUNK)]:
        yield ("\n".join(chunk) + "\n").encode()


def write_archive(path: Path, members: Iterable[Member], dialect: Dialect, level: int = 1) -> None:
    """Write a ZIP archive in constant memory; the same members always give the same bytes.

    level: of compression, 1 (fast) to 9
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for member in members:
            _write_member(archive, member, dialect)


def _write_member(archive: zipfile.ZipFile, member: Member, dialect: Dialect) -> None:
    # a member opened by its name is dated 1980 and takes the archive's level
    with archive.open(member.file_name, "w", force_zip64=True) as file:
        for chunk in csv_chunks(member, dialect):
            file.write(chunk)


def _rfc4180(row: Sequence[str | None]) -> str:
    return ",".join(['"' + v.replace('"', '""') + '"' if v is not None else "" for v in row])


def _excel_backslash(row: Sequence[str | None]) -> str:
    return ",".join(
        [
            '"' + v.replace('"', '""').replace("\\", '"\\') + '"' if v is not None else ""
            for v in row
        ]
    )


def _no_newline(row: Sequence[str | None]) -> str:
    return ",".join([_without_newline(v) if v is not None else "" for v in row])


def _without_newline(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "").replace("\r", "") + '"'


_LINES: dict[Dialect, Callable[[Sequence[str | None]], str]] = {
    "rfc4180": _rfc4180,
    "excel_backslash": _excel_backslash,
    "no_newline": _no_newline,
}
