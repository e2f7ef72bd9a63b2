import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.reader.csv_reader import read_csv
from tests.support.csv_builders import (
    KEYWORDS,
    TIME,
    accepted_rows,
    csv_file,
    read_back,
    read_column,
    rejected_rows,
)

WHOLE_NUMBER = "is not a whole number like 12, 12.0 or 1.2E1"


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("numberOfResults", "9223372036854775808", WHOLE_NUMBER),
        ("numberOfResults", "1.5", WHOLE_NUMBER),
        ("numberOfResults", "1,234", WHOLE_NUMBER),
        ("numberOfResults", "1e-3", WHOLE_NUMBER),
        ("responseTimeMs", "fast", WHOLE_NUMBER),
        ("isInternal", "yes", "is not t, f, true, false, 1 or 0"),
        ("mobile", "2", "is not t, f, true, false, 1 or 0"),
    ],
)
def test_a_value_of_the_wrong_type_is_rejected_and_its_row_stays(
    own_folder: Path, name: str, raw: str, reason: str
) -> None:
    batches = read_column(own_folder, name, ["", raw, ""])
    assert [row[name] for row in accepted_rows(batches)] == [None, None, None]
    assert [row["id"] for row in accepted_rows(batches)] == ["0", "1", "2"]
    assert rejected_rows(batches) == [
        {"record": 2, "column": name, "raw": raw, "reason": reason, "key": "1"}
    ]


def test_a_record_without_its_key_is_rejected_with_all_its_cells(own_folder: Path) -> None:
    header = ("queryExpression", "id", "datetime", "numberOfResults")
    batches = read_back(own_folder, [header, ('say "é"', "", TIME, "3"), ("x", "b", TIME, "4")])
    assert [row["id"] for row in accepted_rows(batches)] == ["b"]
    [rejection] = rejected_rows(batches)
    assert (rejection["record"], rejection["column"]) == (1, "*")
    cells = json.loads(rejection["raw"])
    assert list(cells) == list(header)
    assert cells["queryExpression"] == 'say "é"'
    assert cells["id"] is None
    assert rejection["reason"] == "has no id, so the row is left out"
    assert batches[0].records == 2


UNCERTAIN = "has a datetime that cannot be read for certain, {!r}, so the row is left out"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "has no datetime, so the row is left out"),
        *((raw, UNCERTAIN.format(raw)) for raw in ("yesterday", "2026-02-30 00:00", "2026-01-01")),
    ],
)
def test_a_record_without_a_valid_time_is_rejected_with_all_its_cells(
    own_folder: Path, raw: str, reason: str
) -> None:
    batches = read_back(own_folder, [("id", "datetime"), ("a", raw), ("b", TIME)])
    assert [row["id"] for row in accepted_rows(batches)] == ["b"]
    [rejection] = rejected_rows(batches)
    assert (rejection["record"], rejection["column"]) == (1, "*")
    assert json.loads(rejection["raw"]) == {"id": "a", "datetime": raw or None}
    assert rejection["reason"] == reason


def test_a_record_with_two_faults_is_rejected_for_both(own_folder: Path) -> None:
    [rejection] = rejected_rows(read_back(own_folder, [("id", "datetime"), ("", "never")]))
    assert rejection["reason"] == "has no id and " + UNCERTAIN.format("never")


def test_what_does_not_fit_is_summed_up_by_column(own_folder: Path) -> None:
    header = ("id", "datetime", "numberOfResults", "mobile")
    rows = [(str(number), TIME, f"{number},5", "t") for number in range(5)]
    [batch] = read_back(own_folder, [header, *rows, ("", TIME, "1", "yes"), ("a", "x", "", "")])
    assert batch.misfits == {
        "id": (1, ("",)),
        "datetime": (1, ("x",)),
        "numberOfResults": (5, ("0,5", "1,5", "2,5")),
        "mobile": (1, ("yes",)),
    }


def test_a_rejected_record_keeps_the_text_of_every_cell(own_folder: Path) -> None:
    header = ("id", "datetime", "numberOfResults", "mobile", "c_x")
    record = ("", "2026-01-31T23:59:59.999Z", "many", "T", "x")
    [rejection] = rejected_rows(read_back(own_folder, [header, record]))
    assert json.loads(rejection["raw"]) == {**dict(zip(header, record, strict=True)), "id": None}


def test_no_two_rejections_have_the_same_record_and_column(own_folder: Path) -> None:
    # both are part of the key of rejected_rows, so the second one would replace the first
    header = ("id", "datetime", "numberOfResults")
    bad = [("", "", ""), ("a", "yesterday", "x"), ("", "yesterday", "x"), ("b", TIME, "x")]
    rejections = rejected_rows(read_back(own_folder, [header, *bad]))
    keys = [(rejection["record"], rejection["column"]) for rejection in rejections]
    assert len(keys) == len(set(keys))
    assert {record for record, _ in keys} == {1, 2, 3, 4}


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", ""]),
            st.sampled_from(["k", ""]),
            st.sampled_from([TIME, "", "never"]),
        ),
        max_size=12,
    )
)
def test_every_record_becomes_a_row_or_is_rejected(records: list[tuple[str, str, str]]) -> None:
    with TemporaryDirectory() as folder:
        rows = [KEYWORDS.columns, *records]
        path = csv_file(Path(folder) / "x.csv", rows)
        batches = list(read_csv(path, KEYWORDS, "EXCEL"))
    good = [record for record in records if record[0] and record[1] and record[2] == TIME]
    keys = [(row["searchId"], row["keyword"]) for row in accepted_rows(batches)]
    assert keys == [record[:2] for record in good]
    assert sum(batch.records for batch in batches) == len(records)
    rejected = {rejection["record"] for rejection in rejected_rows(batches)}
    assert rejected == {n for n, record in enumerate(records, 1) if record not in good}
