import json
import zipfile
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from coveo_source.reader.csv_reader import read
from coveo_source.tables import TABLES, column_type
from tests.support.csv_builders import accepted_rows, rejected_rows, without_newlines

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
"""Beside the checkout, where the project's own machines keep it."""


def golden_value(name: str, value: Any) -> Any:
    if value is not None and column_type(name) == "timestamp":
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="there is no ../shared/golden beside the checkout")
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("dialect", ["excel", "excel_backslash", "no_newline"])
def test_every_cell_of_the_reference_export_is_read_in_every_dialect(
    own_folder: Path, dialect: str, table: str
) -> None:
    lines = (GOLDEN / f"{table}.jsonl").read_text(encoding="utf-8").split("\n")
    expected = [json.loads(line) for line in lines if line]
    with zipfile.ZipFile(BytesIO((GOLDEN / f"{dialect}.zip").read_bytes())) as archive:
        path = Path(archive.extract(f"{table}.csv", own_folder))
    export_format = "NO_NEWLINE" if dialect == "no_newline" else "EXCEL"
    batches = list(read(path, TABLES[table], export_format))
    assert rejected_rows(batches) == []
    found = accepted_rows(batches)
    assert len(found) == len(expected) > 0
    for row, golden in zip(found, expected, strict=True):
        wanted = {name: golden_value(name, value) for name, value in golden.items()}
        if dialect == "no_newline":
            wanted = {
                name: without_newlines(value) if isinstance(value, str) else value
                for name, value in wanted.items()
            }
        assert row == wanted
