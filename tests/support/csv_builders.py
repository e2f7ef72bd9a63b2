"""CSV files in Coveo's dialects, and what the reader makes of them."""

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from coveo_source.reader.casting import Batch
from coveo_source.reader.csv_reader import read_csv
from coveo_source.tables import TABLES

SEARCHES = TABLES["searches"]
KEYWORDS = TABLES["keywords"]
TIME = "2026-01-31 23:59:59.999"
INSTANT = datetime(2026, 1, 31, 23, 59, 59, 999_000, tzinfo=timezone.utc)
"""`TIME` as the reader returns it."""

FORMATS = {"rfc4180": "EXCEL", "excel_backslash": "EXCEL", "no_newline": "NO_NEWLINE"}
"""The export format to which each dialect belongs."""

Rows = Sequence[Sequence[str]]


def rfc4180(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if cell else ""


def excel_backslash(cell: str) -> str:
    return '"' + cell.replace('"', '""').replace("\\", '"\\') + '"' if cell else ""


def no_newline(cell: str) -> str:
    return '"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"' if cell else ""


CELL_WRITERS = {"rfc4180": rfc4180, "excel_backslash": excel_backslash, "no_newline": no_newline}


def without_newlines(cell: str) -> str:
    return cell.replace("\r", "").replace("\n", "")


def csv_file(
    path: Path, rows: Rows, dialect: str = "rfc4180", end: str = "\n", bom: bool = True
) -> Path:
    """Writes rows, header first, as a CSV file."""
    write = CELL_WRITERS[dialect]
    text = "".join(",".join(map(write, row)) + end for row in rows)
    path.write_bytes(("\ufeff" if bom else "").encode() + text.encode())
    return path


def raw_file(folder: Path, content: str | bytes) -> Path:
    path = folder / "file.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def accepted_rows(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.rows.to_pylist()]


def rejected_rows(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.rejected.to_pylist()]


def read_back(folder: Path, rows: Rows, table: str = "searches") -> list[Batch]:
    """Writes rows, header first, to a file and reads it."""
    return list(read_csv(csv_file(folder / "file.csv", rows), TABLES[table], "EXCEL"))


def read_column(folder: Path, name: str, cells: Sequence[str]) -> list[Batch]:
    """Writes a search for each cell of a column and reads the file."""
    rows = [(str(number), TIME, cell) for number, cell in enumerate(cells)]
    return read_back(folder, [("id", "datetime", name), *rows])


def column_values(folder: Path, name: str, cells: Sequence[str]) -> list[Any]:
    """Returns what the reader makes of the cells of a column, none of which it may reject."""
    batches = read_column(folder, name, cells)
    assert rejected_rows(batches) == []
    return [row[name] for row in accepted_rows(batches)]
