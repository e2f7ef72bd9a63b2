import zipfile
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from coveo_source.reader.csv_reader import read_csv
from coveo_source.tables import TABLES, column_type
from tests.support.csv_builders import accepted_rows, rejected_rows, without_newlines
from tests.support.golden import EXPORT_FORMATS, golden_archive, golden_rows


def expected_value(name: str, value: Any, dialect: str) -> Any:
    if value is not None and column_type(name) == "timestamp":
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return without_newlines(value) if dialect == "no_newline" and isinstance(value, str) else value


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("dialect", EXPORT_FORMATS)
def test_every_cell_of_the_reference_export_is_read_in_every_dialect(
    own_folder: Path, dialect: str, table: str
) -> None:
    with zipfile.ZipFile(BytesIO(golden_archive(dialect))) as archive:
        path = Path(archive.extract(f"{table}.csv", own_folder))
    batches = list(read_csv(path, TABLES[table], EXPORT_FORMATS[dialect]))
    assert rejected_rows(batches) == []
    rows, expected = accepted_rows(batches), golden_rows(table)
    assert len(rows) == len(expected) > 0
    for row, golden in zip(rows, expected, strict=True):
        assert row == {name: expected_value(name, golden[name], dialect) for name in golden}
