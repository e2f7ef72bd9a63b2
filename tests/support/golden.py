"""The export in tests/golden and the rows that must come out of it."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "golden"
EXPORT_FORMATS = {"excel": "EXCEL", "excel_backslash": "EXCEL", "no_newline": "NO_NEWLINE"}
"""The export format to which each dialect belongs."""


def golden_archive(dialect: str) -> bytes:
    """Returns the export as a ZIP."""
    return (_FOLDER / f"{dialect}.zip").read_bytes()


def golden_rows(table: str) -> list[dict[str, Any]]:
    """Returns a table's rows in the order of its file, by Coveo's column names."""
    with gzip.open(_FOLDER / f"{table}.jsonl.gz", "rt", encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def golden_timeline() -> list[dict[str, str]]:
    """Returns the rows of Coveo's documented join, sorted by visit and time."""
    with gzip.open(_FOLDER / "all_events.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
