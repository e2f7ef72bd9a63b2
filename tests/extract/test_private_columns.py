"""Columns that are not loaded, or only as hashes."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.extract.private_columns import PrivateColumns, hashed_texts
from coveo_source.keyed_hash import keyed_hash
from tests.support.csv_builders import SEARCHES, TIME, read_back
from tests.support.settings import HASH_KEY, settings_with

KINDS = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
CELLS = st.none() | st.sampled_from(["ann", "bob"]) | st.text(st.characters(codec="utf-8"))


@given(
    st.lists(st.lists(CELLS, max_size=8), max_size=4),
    st.sampled_from(KINDS),
    st.integers(0, 5),
)
def test_every_text_becomes_its_own_hash_and_null_stays_null(
    chunks: list[list[str | None]], kind: Any, offset: int
) -> None:
    # dictionaries that differ from chunk to chunk, and slices of chunks
    texts = pa.chunked_array([pa.array(chunk, kind) for chunk in chunks], kind).slice(offset)
    hashed = hashed_texts(texts, HASH_KEY)
    assert hashed.type == pa.string()
    assert hashed.to_pylist() == [
        None if text is None else keyed_hash(HASH_KEY, text) for text in texts.to_pylist()
    ]


def private(**settings: Any) -> PrivateColumns:
    return PrivateColumns(settings_with(hash_key=HASH_KEY, **settings))


def read(tmp_path: Any, *rows: tuple[str, ...]) -> Any:
    [batch] = read_back(tmp_path, [("id", "datetime", "userName", "country", "c_Role"), *rows])
    return batch


def test_columns_are_dropped_and_hashed_whatever_their_capitals(own_folder: Any) -> None:
    batch = read(own_folder, ("1", TIME, "ann", "CA", "admin"), ("2", TIME, "", "FR", "admin"))
    columns = private(exclude_dimensions="COUNTRY", hash_dimensions=["username", "c_role"])
    rows = columns.protected(SEARCHES, batch).rows
    assert rows.column_names == ["id", "datetime", "userName", "c_Role"]
    assert rows.schema.field("c_Role") == batch.rows.schema.field("c_Role")
    assert rows["userName"].to_pylist() == [keyed_hash(HASH_KEY, "ann"), None]
    assert rows["c_Role"].to_pylist() == [keyed_hash(HASH_KEY, "admin")] * 2
    assert rows.num_rows == batch.rows.num_rows


def test_a_batch_without_such_columns_is_left_as_it_is(own_folder: Any) -> None:
    batch = read(own_folder, ("1", TIME, "ann", "CA", "admin"))
    assert private().protected(SEARCHES, batch) is batch
    assert private(hash_dimensions="city").protected(SEARCHES, batch) is batch


@pytest.mark.parametrize("setting", ["exclude_dimensions", "hash_dimensions"])
def test_a_file_without_rows_has_the_same_columns(own_folder: Any, setting: str) -> None:
    columns = private(**{setting: "country"})
    kept = columns.protected(SEARCHES, read(own_folder)).rows.column_names
    assert ("country" in kept) is (setting == "hash_dimensions")
    assert columns.loaded(["id", "Country"]) == kept[:1] + ["Country"] * (kept.count("country"))
