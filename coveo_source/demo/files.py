"""The files of an export: a ZIP archive with one CSV file per table, in one of three dialects."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

Dialect: TypeAlias = Literal["rfc4180", "excel_backslash", "no_newline"]
"""How strings are escaped.

rfc4180: `"` is doubled and nothing else is special; what real readers of `EXCEL` files assume
excel_backslash: `"` and `\\` are preceded by a `"`, as Coveo documents `EXCEL`
no_newline: line breaks are removed; `"` and `\\` are preceded by a `\\`
"""

_BOM = "\ufeff"
_ROWS_PER_CHUNK = 500


class Member(NamedTuple):
    """One CSV file of an archive.

    header: the column names as written to the file
    rows: values as text, None for null
    """

    file_name: str
    header: Sequence[str]
    rows: Iterable[Sequence[str | None]]


def csv_chunks(member: Member, dialect: Dialect) -> Iterator[bytes]:
    """Yields a CSV file in chunks: UTF-8 with a byte order mark, lines ending in `\\n`.

    Every value is quoted, numbers too, as in real exports; null is an empty field.
    """
    format_row = _ROW_FORMATS[dialect]
    yield f"{_BOM}{format_row(member.header)}\n".encode()
    rows = iter(member.rows)
    while chunk := [format_row(row) for row in islice(rows, _ROWS_PER_CHUNK)]:
        yield ("\n".join(chunk) + "\n").encode()


def write_archive(path: Path, members: Iterable[Member], dialect: Dialect, level: int = 1) -> None:
    """Writes a ZIP archive in constant memory; the same members always give the same bytes.

    level: compression level, 1 (fast) to 9
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for member in members:
            _write_member(archive, member, dialect)


def _write_member(archive: zipfile.ZipFile, member: Member, dialect: Dialect) -> None:
    # opened by name, a member is dated 1980 and has the compression level of the archive
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
    return ",".join([_backslash_escaped(v) if v is not None else "" for v in row])


def _backslash_escaped(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "").replace("\r", "") + '"'


_ROW_FORMATS: dict[Dialect, Callable[[Sequence[str | None]], str]] = {
    "rfc4180": _rfc4180,
    "excel_backslash": _excel_backslash,
    "no_newline": _no_newline,
}
