from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.reader.bounds import Bounds
from coveo_source.reader.csv_reader import read_csv
from tests.support.csv_builders import (
    SEARCHES,
    TIME,
    accepted_rows,
    column_values,
    csv_file,
    raw_file,
    read_back,
    rejected_rows,
)


def test_an_empty_cell_is_null_with_and_without_quotes(own_folder: Path) -> None:
    path = raw_file(own_folder, f'id,datetime,c_a,c_b\na,{TIME},"",\n')
    [row] = accepted_rows(list(read_csv(path, SEARCHES, "EXCEL")))
    assert (row["c_a"], row["c_b"]) == (None, None)


@pytest.mark.parametrize("name", ["queryExpression", "c_unknown", "clientId", "searchFacetState"])
def test_text_that_looks_like_another_type_stays_text(own_folder: Path, name: str) -> None:
    texts = ["0012", "NA", "NULL", "null", "\\N", "NaN", "1.0", "t", "2026-01-01", " x ", "#", "-"]
    assert column_values(own_folder, name, texts) == texts


def test_booleans_are_read_in_every_spelling(own_folder: Path) -> None:
    spellings = ["t", "f", "T", "F", "true", "FALSE", "True", "1", "0", ""]
    expected = [True, False, True, False, True, False, True, True, False, None]
    assert column_values(own_folder, "withClicks", spellings) == expected


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_every_64_bit_integer_is_read_exactly(numbers: list[int]) -> None:
    with TemporaryDirectory() as folder:
        assert column_values(Path(folder), "clickRank", list(map(str, numbers))) == numbers


def test_times_are_read_in_every_spelling_as_utc(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/Toronto")
    spellings = {
        "2026-03-29 02:30:17.797": datetime(2026, 3, 29, 2, 30, 17, 797_000),
        "2026-03-29T02:30:17.797Z": datetime(2026, 3, 29, 2, 30, 17, 797_000),
        "2024-02-29 23:59:59": datetime(2024, 2, 29, 23, 59, 59),
        "2024-02-29T00:00:00Z": datetime(2024, 2, 29),
        # as some databases write it, without trailing zeros
        "2026-03-29 02:30:17.7": datetime(2026, 3, 29, 2, 30, 17, 700_000),
        "2026-03-29 02:30:17.79": datetime(2026, 3, 29, 2, 30, 17, 790_000),
    }
    rows = [(str(number), text) for number, text in enumerate(spellings)]
    batches = read_back(own_folder, [("id", "datetime"), *rows])
    assert [row["datetime"] for row in accepted_rows(batches)] == [
        moment.replace(tzinfo=timezone.utc) for moment in spellings.values()
    ]
    assert str(batches[0].rows.schema.field("datetime").type) == "timestamp[us, tz=UTC]"


def test_times_are_exact_to_the_millisecond(own_folder: Path) -> None:
    rows = [(str(ms), f"2026-01-01 00:00:00.{ms:03d}") for ms in range(1000)]
    batches = read_back(own_folder, [("id", "datetime"), *rows])
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert [row["datetime"] - start for row in accepted_rows(batches)] == [
        timedelta(milliseconds=ms) for ms in range(1000)
    ]


@pytest.mark.parametrize(
    "text", ["26-01-31 23:59:59", "2026-1-3 4:5:6", "0000-01-31 23:59:59", "03/04/2026 10:00"]
)
def test_a_malformed_time_is_rejected_rather_than_guessed(own_folder: Path, text: str) -> None:
    batches = read_back(own_folder, [("id", "datetime"), ("a", text)])
    assert accepted_rows(batches) == []
    assert [rejection["column"] for rejection in rejected_rows(batches)] == ["*"]


PERIOD = (datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 2, 1, tzinfo=timezone.utc))


def test_a_record_from_outside_of_the_period_is_rejected_and_says_so(own_folder: Path) -> None:
    times = ["1970-01-01 00:00:00", "2025-12-31 23:59:59.999", "2026-02-01 00:00:00"]
    inside = ["2026-01-01 00:00:00", "1769903999999"]
    rows = [(time, time) for time in [*times, *inside, "2126-01-31 00:00:00"]]
    path = csv_file(own_folder / "x.csv", [("id", "datetime"), *rows])
    batches = list(read_csv(path, SEARCHES, "EXCEL", Bounds(PERIOD)))
    assert [row["id"] for row in accepted_rows(batches)] == inside
    for rejection in rejected_rows(batches):
        assert rejection["reason"] == (
            f"has a datetime far outside of the window, '{rejection['key']}',"
            " so the row is left out"
        )
    assert batches[0].misfits == {"datetime": (4, tuple(times))}
