from pathlib import Path

import pyarrow as pa
import pytest

from coveo_source.exceptions import TableError
from coveo_source.reader import chunks as chunks_module
from coveo_source.reader import grammar
from coveo_source.reader.casting import empty_batch
from coveo_source.reader.csv_reader import read_csv
from coveo_source.tables import TABLES, Table
from tests.support.csv_builders import (
    SEARCHES,
    TIME,
    accepted_rows,
    column_values,
    raw_file,
    read_back,
    rejected_rows,
)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of some 50,000 bytes."""
    monkeypatch.setattr(chunks_module, "CHUNK_BYTES", 50_000)
    monkeypatch.setattr(chunks_module, "BLOCK_BYTES", 10_000)


def test_a_record_of_many_megabytes_is_read(own_folder: Path) -> None:
    long_text = "long, \\ text\n" * 300_000
    assert column_values(own_folder, "c_long", ["a", long_text, "b"]) == ["a", long_text, "b"]


def test_a_last_record_without_a_line_end_is_read(own_folder: Path) -> None:
    path = raw_file(own_folder, f'id,datetime,c\na,{TIME},x\nb,{TIME},"y"')
    assert [row["c"] for row in accepted_rows(list(read_csv(path, SEARCHES, "EXCEL")))] == [
        "x",
        "y",
    ]


@pytest.mark.usefixtures("small_chunks")
def test_rows_and_record_numbers_run_on_from_batch_to_batch(own_folder: Path) -> None:
    count = 10_000
    rows = [
        (str(n), TIME, "bad" if n % 1000 == 999 else str(n), f'a "{n}"\nb') for n in range(count)
    ]
    batches = read_back(own_folder, [("id", "datetime", "numberOfResults", "c_text"), *rows])
    assert len(batches) > 1
    assert [row["id"] for row in accepted_rows(batches)] == [row[0] for row in rows]
    assert [row["c_text"] for row in accepted_rows(batches)] == [row[3] for row in rows]
    numbers = [rejection["record"] for rejection in rejected_rows(batches)]
    assert numbers == list(range(1000, count + 1, 1000))
    assert all(batch.records == batch.rows.num_rows for batch in batches)


@pytest.mark.usefixtures("small_chunks")
def test_all_batches_have_the_same_schema_in_which_the_key_is_not_nullable(
    own_folder: Path,
) -> None:
    rows = [(str(n) if n % 3 else "", TIME, "x" * (n % 2)) for n in range(5000)]
    batches = read_back(own_folder, [("id", "datetime", "c_text"), *rows])
    assert len({batch.rows.schema for batch in batches}) == 1
    assert not batches[0].rows.schema.field("id").nullable
    assert batches[0].rows.schema.field("c_text").nullable


@pytest.mark.parametrize("content", ["id,datetime,mobile,c_x\n", '\ufeff"id",datetime,mobile,c_x'])
def test_a_file_without_records_yields_one_empty_batch_with_typed_columns(
    own_folder: Path, content: str
) -> None:
    [batch] = read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL")
    assert (batch.records, batch.rows.num_rows, batch.rejected.num_rows) == (0, 0, 0)
    types = {field.name: field.type for field in batch.rows.schema}
    assert types == {
        "id": pa.string(),
        "datetime": pa.timestamp("us", tz="UTC"),
        "mobile": pa.bool_(),
        "c_x": pa.string(),
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_an_empty_batch_without_a_header_has_the_known_columns_of_its_table(table: Table) -> None:
    batch = empty_batch(table)
    assert batch.rows.column_names == list(table.columns)
    assert batch.records == batch.rows.num_rows == 0


def test_a_record_that_arrow_loses_is_an_error(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no such record is known, so a grammar that accepts too much stands in for a parser that
    # loses records
    monkeypatch.setitem(grammar.QUOTED_CELL, "EXCEL", rb'"[^"\n]*')
    content = f'id,datetime,c\na,{TIME},"open\nb,{TIME},"x\n'
    with pytest.raises(TableError, match=r"holds 2 records after record 0, but pyarrow read 1"):
        list(read_csv(raw_file(own_folder, content), SEARCHES, "EXCEL"))
