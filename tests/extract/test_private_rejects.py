"""What is kept and shown of rejects of files with private columns."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coveo_source.extract.private_columns import PrivateColumns
from coveo_source.keyed_hash import keyed_hash
from coveo_source.reader import Batch, Bounds
from coveo_source.reader.csv_reader import read_csv
from tests.support.csv_builders import SEARCHES, TIME, csv_file, raw_file, read_back
from tests.support.settings import HASH_KEY, settings_with

HEADER = ("id", "datetime", "username", "country", "numberOfResults")
NAME = "ann@example.com"
HASHED = keyed_hash(HASH_KEY, NAME)


def protected(batch: Batch, **settings: Any) -> Batch:
    settings = settings or {"hash_dimensions": "username", "exclude_dimensions": "country"}
    return PrivateColumns(settings_with(hash_key=HASH_KEY, **settings)).protected(SEARCHES, batch)


def batch_of(folder: Path, *rows: tuple[str, ...], **settings: Any) -> Batch:
    [batch] = read_back(folder, [HEADER, *rows])
    return protected(batch, **settings)


def test_a_parsed_record_is_kept_without_excluded_cells_and_with_hashes(own_folder: Path) -> None:
    batch = batch_of(own_folder, ("1", "never", NAME, "Canada", "3"), ("2", "never", "", "", "3"))
    first, second = batch.rejected.to_pylist()
    assert json.loads(first["raw"]) == {
        "id": "1",
        "datetime": "never",
        "username": HASHED,
        "numberOfResults": "3",
    }
    assert json.loads(second["raw"])["username"] is None
    assert "cannot be read for certain, 'never'" in first["reason"]
    assert batch.misfits["datetime"].samples == ("never", "never")


def test_of_a_record_that_does_not_parse_no_text_is_kept(own_folder: Path) -> None:
    lines = [",".join(HEADER), f"1,{TIME},{NAME},Canada", f"2,{TIME},{NAME},Canada,3"]
    [batch] = read_csv(raw_file(own_folder, "\n".join(lines)), SEARCHES, "EXCEL")
    assert NAME in batch.rejected.to_pylist()[0]["raw"]
    kept = protected(batch)
    [reject] = kept.rejected.to_pylist()
    assert reject["raw"] is None
    assert reject["reason"].startswith("has 4 cells where the header has 5; its text is not kept")
    assert kept.misfits["*"].samples == ()
    assert kept.misfits["*"].cells == batch.misfits["*"].cells


def test_a_cell_that_does_not_fit_is_kept_unless_it_holds_a_private_value_of_its_row(
    own_folder: Path,
) -> None:
    batch = batch_of(
        own_folder,
        ("1", TIME, NAME, "", "many"),
        ("2", TIME, NAME, "", f"{NAME}, many"),
        ("3", TIME, "a", "", "a few"),
        ("4", TIME, "", "few", "few"),
    )
    raw = [row["raw"] for row in batch.rejected.to_pylist()]
    assert raw == ["many", None, "a few", None]
    assert batch.misfits["numberOfResults"].cells == 4
    assert batch.misfits["numberOfResults"].samples == ("many", "a few")


def test_a_record_with_a_private_value_in_another_cell_is_kept_without_its_text(
    own_folder: Path,
) -> None:
    moved = ("1", NAME, NAME, "", "3"), ("2", "never", f'the "{NAME}', "", f'the "{NAME} too')
    batch = batch_of(own_folder, *moved)
    assert [row["raw"] for row in batch.rejected.to_pylist()] == [None, None]
    assert NAME not in f"{batch.rejected.to_pylist()} {batch.misfits}"


def test_rejected_cells_of_an_excluded_column_are_nobodys_business(own_folder: Path) -> None:
    rows = [("1", TIME, NAME, "CA", "many"), ("2", "never", NAME, "CA", "many")]
    batch = batch_of(own_folder, *rows, exclude_dimensions="numberOfResults")
    [reject] = batch.rejected.to_pylist()
    assert reject["column"] == "*"
    assert "numberOfResults" not in batch.misfits
    assert batch.misfit_records == 1


def test_a_text_that_the_destination_cannot_hold_is_noted_with_its_hash(own_folder: Path) -> None:
    path = csv_file(own_folder / "file.csv", [HEADER, ("1", TIME, f"{NAME}\0", "C\0", "3")])
    [batch] = read_csv(path, SEARCHES, "EXCEL", Bounds(holds_nul=False))
    [reject] = protected(batch).rejected.to_pylist()
    assert reject["column"] == "username"
    assert len(reject["raw"]) == 64


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=4)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.data())
def test_no_private_text_is_left_in_any_reject(
    tmp_path_factory: Any, rows: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("files")
    records = [
        (f"key {number}", data.draw(st.sampled_from([TIME, "never", name])), name, country, other)
        for number, (name, country, other) in enumerate(rows)
    ]
    [before] = read_back(folder, [HEADER, *records])
    after = protected(before)
    assert after.records == before.records
    assert after.rows.num_rows == before.rows.num_rows
    assert after.rejected["record"].to_pylist() == before.rejected["record"].to_pylist()
    for row in after.rejected.to_pylist():
        _, _, name, country, _ = records[row["record"] - 1]
        reason = row["reason"].partition("; its text is not kept")[0]
        cells = [row["raw"] or ""]
        if row["column"] == "*" and row["raw"]:
            cells = [text for key, text in json.loads(row["raw"]).items() if key != "username"]
        for text in (*cells, reason):
            assert name not in text
            assert country not in text
            assert repr(name)[1:-1] not in text
