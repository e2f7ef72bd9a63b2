"""How the rows of a file that lacks columns get the values that these have in the destination."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pytest

from coveo_source.exports import Window
from coveo_source.extract.kept import KeptColumns
from coveo_source.extract.state import PipelineState
from coveo_source.extract.stored import StoredTables
from coveo_source.tables import TABLES
from tests.support.cli_user import DATASET, PIPELINE

START = datetime(2026, 3, 10, tzinfo=timezone.utc)
FIRST = START + timedelta(milliseconds=123)
DAY = Window(START, START + timedelta(days=1))
ROWS = 12_000
"""Searches in the destination, one every four seconds; the last ones are after the day."""


def pipeline(dataset: str = DATASET, destination: Any = "duckdb") -> dlt.Pipeline:
    return dlt.pipeline(PIPELINE, destination=destination, dataset_name=dataset)


@pytest.fixture
def searches() -> dlt.Pipeline:
    """A pipeline that has loaded searches."""
    numbers = range(2 * ROWS)
    rows = pa.table(
        {
            "id": [f"id-{number}" for number in numbers],
            "datetime": [FIRST + timedelta(seconds=4 * number) for number in numbers],
            "country": [f"country {number}" if number % 3 else None for number in numbers],
            "numberOfResults": [number << 40 for number in numbers],
            "withClicks": [number % 2 == 0 for number in numbers],
            "c_product": ["product"] * len(numbers),
            "language": ["en"] * len(numbers),
        }
    )
    return loaded("searches", rows)


def loaded(table: str, rows: pa.Table) -> dlt.Pipeline:
    used = pipeline()
    used.run(rows, table_name=table, primary_key=TABLES[table].key)
    return used


def completed(
    used: dlt.Pipeline, folder: Path, batches: Iterable[pa.Table], table: str = "searches"
) -> Iterator[pa.Table]:
    """Yields the rows of a file of the day, completed from a pipeline's destination."""
    stored = StoredTables(used, pipeline().default_schema, PipelineState({}))
    with closing(KeptColumns(stored, TABLES[table], DAY, folder)) as kept:
        for batch in batches:
            yield from kept.completed(batch)


def test_rows_get_their_values_in_whatever_order_they_come(
    searches: dlt.Pipeline, tmp_path: Path
) -> None:
    numbers = [7 * number % ROWS for number in range(ROWS)] + [5, -1]
    ids = [f"id-{number}" for number in numbers]
    batches = [pa.table({"id": part, "language": part}) for part in ([], ids[:3], ids[3:])]
    pieces = list(completed(searches, tmp_path, batches))
    rows = pa.concat_tables(pieces[1:])
    assert rows.to_pydict() == {
        "id": ids,
        "language": ids,
        "country": [f"country {n}" if n % 3 and n >= 0 else None for n in numbers],
        "number_of_results": [n << 40 if n >= 0 else None for n in numbers],
        "with_clicks": [n % 2 == 0 if n >= 0 else None for n in numbers],
        "c_product": ["product" if n >= 0 else None for n in numbers],
    }
    assert rows.schema.types[2:] == [pa.string(), pa.int64(), pa.bool_(), pa.string()]
    # memory does not depend on the rows of a batch, nor on those of the window
    assert len(pieces) > 3


def test_only_the_window_is_read(searches: dlt.Pipeline, tmp_path: Path) -> None:
    inside, outside = f"id-{ROWS - 1}", f"id-{int(timedelta(days=1).total_seconds() / 4)}"
    [rows] = completed(searches, tmp_path, [pa.table({"id": [inside, outside]})])
    assert rows["c_product"].to_pylist() == ["product", None]


def test_a_key_of_two_columns_is_compared_as_a_whole(tmp_path: Path) -> None:
    keys = {"searchId": ["a", "a", "b"], "keyword": ["x", "y", "x"]}
    used = loaded(
        "keywords", pa.table({**keys, "datetime": [FIRST] * 3, "c_rank": ["1", "2", "3"]})
    )
    wanted = {"searchId": ["b", "a", "b"], "keyword": ["x", "y", "y"]}
    [rows] = completed(used, tmp_path, [pa.table(wanted)], "keywords")
    assert rows["c_rank"].to_pylist() == ["3", "2", None]


def test_without_absent_columns_the_destination_is_left_alone(
    searches: dlt.Pipeline, tmp_path: Path
) -> None:
    other = pipeline(destination=dlt.destinations.duckdb("other.duckdb"))
    header = {name: ["id-1"] for name in pipeline().default_schema.get_table_columns("searches")}
    whole, narrow = pa.table(header), pa.table({"id": ["id-1"]})
    assert list(completed(other, tmp_path, [whole])) == [whole]
    assert list(completed(other, tmp_path, [narrow.slice(0, 0)])) == [narrow.slice(0, 0)]
    assert not Path("other.duckdb").exists()
    # DuckDB creates the file when somebody connects
    list(completed(other, tmp_path, [narrow]))
    assert Path("other.duckdb").exists()


def test_a_table_that_is_not_there_has_no_values(searches: dlt.Pipeline, tmp_path: Path) -> None:
    [rows] = completed(pipeline("other"), tmp_path, [pa.table({"id": ["id-1"]})])
    assert rows["c_product"].to_pylist() == [None]


def test_only_columns_that_exports_have_carried_are_kept(searches: dlt.Pipeline) -> None:
    state = PipelineState({})
    stored = StoredTables(searches, searches.default_schema, state)
    table = TABLES["searches"]
    # early versions did not remember them
    assert set(stored.absent(table, ["id", "datetime", "language", "withClicks"])) == {
        "country",
        "number_of_results",
        "c_product",
    }
    state.set_columns("searches", {"id", "country"})
    assert set(stored.absent(table, ["id", "withClicks"])) == {"country"}
    assert set(stored.absent(table, ["id"])) == {"country", "with_clicks"}


def test_a_column_under_a_reserved_name_is_kept_but_dlts_own_are_not(tmp_path: Path) -> None:
    # an early version took a dimension of this name for dlt's column
    columns = {name: ["a"] for name in ("id", "event_id", "c__x", "_dlt_load_id")}
    used = loaded("searches", pa.table(columns))
    state = PipelineState({})
    state.set_columns("searches", columns)
    stored = StoredTables(used, used.default_schema, state)
    absent = stored.absent(TABLES["searches"], ["id", "event_id_2"])
    assert set(absent) == {"event_id", "c__x"}
    assert set(stored.absent(TABLES["searches"], ["id", "event_id", "c__x"])) == set()
