from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.reader import grammar
from coveo_source.reader.csv_reader import empty, read
from coveo_source.tables import TABLES
from tests.support.csv_builders import (
    SEARCHES,
    TIME,
    accepted_rows,
    column_values,
    raw_file,
    read_back,
    rejected_rows,
)


def test_an_empty_cell_is_null_with_quotes_and_without(own_folder: Path) -> None:
    path = raw_file(own_folder, f'id,datetime,c_a,c_b\na,{TIME},"",\n')
    [row] = accepted_rows(list(read(path, SEARCHES, "EXCEL")))
    assert (row["c_a"], row["c_b"]) == (None, None)


@pytest.mark.parametrize("name", ["queryExpression", "c_unknown", "clientId", "searchFacetState"])
def test_text_that_looks_like_something_else_stays_text(own_folder: Path, name: str) -> None:
    texts = ["0012", "NA", "NULL", "null", "\\N", "NaN", "1.0", "t", "2026-01-01", " x ", "#", "-"]
    assert column_values(own_folder, name, texts) == texts


def test_a_record_of_many_megabytes_is_read(own_folder: Path) -> None:
    long = "long, \\ text\n" * 300_000
    assert column_values(own_folder, "c_long", ["a", long, "b"]) == ["a", long, "b"]


def test_a_file_without_a_line_end_at_its_end_is_read_whole(own_folder: Path) -> None:
    path = raw_file(own_folder, f'id,datetime,c\na,{TIME},x\nb,{TIME},"y"')
    assert [row["c"] for row in accepted_rows(list(read(path, SEARCHES, "EXCEL")))] == ["x", "y"]


# --- types ---


def test_booleans_are_read_in_every_spelling(own_folder: Path) -> None:
    spellings = ["t", "f", "T", "F", "true", "FALSE", "True", "1", "0", ""]
    expected = [True, False, True, False, True, False, True, True, False, None]
    assert column_values(own_folder, "withClicks", spellings) == expected


def test_times_are_read_in_every_spelling_as_utc(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/Toronto")
    spellings = {
        "2026-03-29 02:30:17.797": datetime(2026, 3, 29, 2, 30, 17, 797_000),
        "2026-03-29T02:30:17.797Z": datetime(2026, 3, 29, 2, 30, 17, 797_000),
        "2024-02-29 23:59:59": datetime(2024, 2, 29, 23, 59, 59),
        "2024-02-29T00:00:00Z": datetime(2024, 2, 29),
        # as some databases write it: without the noughts at the end
        "2026-03-29 02:30:17.7": datetime(2026, 3, 29, 2, 30, 17, 700_000),
        "2026-03-29 02:30:17.79": datetime(2026, 3, 29, 2, 30, 17, 790_000),
    }
    rows = [(str(number), text) for number, text in enumerate(spellings)]
    batches = read_back(own_folder, [("id", "datetime"), *rows])
    assert [row["datetime"] for row in accepted_rows(batches)] == [
        moment.replace(tzinfo=timezone.utc) for moment in spellings.values()
    ]
    assert str(batches[0].rows.schema.field("datetime").type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize(
    "text",
    ["26-01-31 23:59:59", "2026-1-3 4:5:6", f" {TIME}", f"{TIME} ", "0000-01-31 23:59:59"],
)
def test_a_time_that_is_not_written_out_is_not_guessed(own_folder: Path, text: str) -> None:
    batches = read_back(own_folder, [("id", "datetime"), ("a", text)])
    assert accepted_rows(batches) == []
    assert [cell["column"] for cell in rejected_rows(batches)] == ["*"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_every_integer_of_64_bits_comes_back(numbers: list[int]) -> None:
    with TemporaryDirectory() as folder:
        assert column_values(Path(folder), "clickRank", list(map(str, numbers))) == numbers


def test_times_are_whole_milliseconds_after_reading(own_folder: Path) -> None:
    rows = [(str(ms), f"2026-01-01 00:00:00.{ms:03d}") for ms in range(1000)]
    batches = read_back(own_folder, [("id", "datetime"), *rows])
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert [row["datetime"] - start for row in accepted_rows(batches)] == [
        timedelta(milliseconds=ms) for ms in range(1000)
    ]


# --- batches ---


def test_batches_are_consecutive_and_number_their_records_through(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grammar, "PIECE", 50_000)
    monkeypatch.setattr(grammar, "BLOCK", 10_000)
    count = 10_000
    rows = [
        (str(n), TIME, "bad" if n % 1000 == 999 else str(n), f'a "{n}"\nb') for n in range(count)
    ]
    batches = read_back(own_folder, [("id", "datetime", "numberOfResults", "c_text"), *rows])
    assert len(batches) > 1
    assert [row["id"] for row in accepted_rows(batches)] == [row[0] for row in rows]
    assert [row["c_text"] for row in accepted_rows(batches)] == [row[3] for row in rows]
    assert [cell["record"] for cell in rejected_rows(batches)] == list(range(1000, count + 1, 1000))
    assert all(batch.records == batch.rows.num_rows for batch in batches)


def test_all_batches_have_one_schema_with_the_key_never_null(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grammar, "PIECE", 50_000)
    monkeypatch.setattr(grammar, "BLOCK", 10_000)
    rows = [(str(n) if n % 3 else "", TIME, "x" * (n % 2)) for n in range(5000)]
    batches = read_back(own_folder, [("id", "datetime", "c_text"), *rows])
    assert len({batch.rows.schema for batch in batches}) == 1
    assert not batches[0].rows.schema.field("id").nullable
    assert batches[0].rows.schema.field("c_text").nullable


@pytest.mark.parametrize("content", ["id,datetime,mobile,c_x\n", '\ufeff"id",datetime,mobile,c_x'])
def test_a_file_without_records_gives_one_empty_batch_with_typed_columns(
    own_folder: Path, content: str
) -> None:
    [batch] = read(raw_file(own_folder, content), SEARCHES, "EXCEL")
    assert (batch.records, batch.rows.num_rows, batch.rejected.num_rows) == (0, 0, 0)
    types = {field.name: field.type for field in batch.rows.schema}
    assert types == {
        "id": pa.string(),
        "datetime": pa.timestamp("us", tz="UTC"),
        "mobile": pa.bool_(),
        "c_x": pa.string(),
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_a_table_without_a_file_has_the_columns_of_the_catalogue(table: Any) -> None:
    batch = empty(table)
    assert batch.rows.column_names == list(table.columns)
    assert batch.records == batch.rows.num_rows == 0
