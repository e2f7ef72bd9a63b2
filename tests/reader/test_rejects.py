import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.reader.csv_reader import read
from tests.support.csv_builders import (
    KEYWORDS,
    TIME,
    accepted_rows,
    csv_file,
    read_back,
    read_column,
    rejected_rows,
)


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("numberOfResults", "9223372036854775808", "is not a bigint"),
        ("numberOfResults", "1.5", "is not a bigint"),
        ("numberOfResults", "1e3", "is not a bigint"),
        ("numberOfResults", " 7", "is not a bigint"),
        ("responseTimeMs", "fast", "is not a bigint"),
        ("isInternal", "yes", "is not a bool"),
        ("mobile", "2", "is not a bool"),
    ],
)
def test_a_value_that_does_not_fit_is_kept_aside_and_its_row_stays(
    own_folder: Path, name: str, raw: str, reason: str
) -> None:
    batches = read_column(own_folder, name, ["", raw, ""])
    assert [row[name] for row in accepted_rows(batches)] == [None, None, None]
    assert [row["id"] for row in accepted_rows(batches)] == ["0", "1", "2"]
    assert rejected_rows(batches) == [{"record": 2, "column": name, "raw": raw, "reason": reason}]


def test_a_record_without_its_key_is_left_out_and_kept_whole(own_folder: Path) -> None:
    header = ("queryExpression", "id", "datetime", "numberOfResults")
    batches = read_back(own_folder, [header, ('say "é"', "", TIME, "3"), ("x", "b", TIME, "4")])
    assert [row["id"] for row in accepted_rows(batches)] == ["b"]
    [kept] = rejected_rows(batches)
    assert (kept["record"], kept["column"]) == (1, "*")
    cells = json.loads(kept["raw"])
    assert list(cells) == list(header)
    assert cells["queryExpression"] == 'say "é"'
    assert cells["id"] is None
    assert kept["reason"] == "needs id and datetime, so the row is left out"
    assert batches[0].records == 2


@pytest.mark.parametrize(
    "raw", ["", "yesterday", "2026-02-30 00:00:00", "2026-01-01", "1769000000"]
)
def test_a_record_without_a_readable_time_is_left_out_and_kept_whole(
    own_folder: Path, raw: str
) -> None:
    batches = read_back(own_folder, [("id", "datetime"), ("a", raw), ("b", TIME)])
    assert [row["id"] for row in accepted_rows(batches)] == ["b"]
    [kept] = rejected_rows(batches)
    assert (kept["record"], kept["column"]) == (1, "*")
    assert json.loads(kept["raw"]) == {"id": "a", "datetime": raw or None}


def test_a_record_that_is_left_out_keeps_the_text_of_every_cell(own_folder: Path) -> None:
    header = ("id", "datetime", "numberOfResults", "mobile", "c_x")
    record = ("", "2026-01-31T23:59:59.999Z", "many", "T", "x")
    [kept] = rejected_rows(read_back(own_folder, [header, record]))
    assert json.loads(kept["raw"]) == {**dict(zip(header, record, strict=True)), "id": None}


def test_nothing_is_kept_aside_twice_under_one_record_and_column(own_folder: Path) -> None:
    # the two are the key of rejected_rows, so the second would replace the first
    header = ("id", "datetime", "numberOfResults")
    bad = [("", "", ""), ("a", "yesterday", "x"), ("", "yesterday", "x"), ("b", TIME, "x")]
    places = [
        (cell["record"], cell["column"])
        for cell in rejected_rows(read_back(own_folder, [header, *bad]))
    ]
    assert len(places) == len(set(places))
    assert {record for record, _ in places} == {1, 2, 3, 4}


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
def test_every_record_is_a_row_or_is_left_out_and_kept(records: list[tuple[str, str, str]]) -> None:
    with TemporaryDirectory() as folder:
        rows = [KEYWORDS.columns, *records]
        path = csv_file(Path(folder) / "x.csv", rows)
        batches = list(read(path, KEYWORDS, "EXCEL"))
    good = [record for record in records if record[0] and record[1] and record[2] == TIME]
    assert [(row["searchId"], row["keyword"]) for row in accepted_rows(batches)] == [
        r[:2] for r in good
    ]
    assert sum(batch.records for batch in batches) == len(records)
    left_out = {cell["record"] for cell in rejected_rows(batches)}
    assert left_out == {n for n, record in enumerate(records, 1) if record not in good}
