"""Spellings of values that Coveo is not known to write."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coveo_source.reader.values import integer_of, time_of
from tests.support.csv_builders import accepted_rows, column_values, read_back, rejected_rows

MOMENT = datetime(2026, 3, 2, 10, 0, 0, 123_000)
MINUTE = datetime(2026, 3, 2, 10)

TIMES = {
    "2026-03-02T10:00:00.123+00:00": MOMENT,
    "2026-03-02T12:00:00.123+02:00": MOMENT,
    "2026-03-02 15:45:00.123+0545": MOMENT,
    "2026-03-01 23:00:00.123-11": MOMENT,
    "2026-03-02 10:00:00.123 +00:00": MOMENT,
    "2026-03-02T10:00:00.123000Z": MOMENT,
    "2026-03-02T10:00:00.123000000Z": MOMENT,
    "2026-03-02 10:00:00.123456": MOMENT.replace(microsecond=123_456),
    "2026-03-02 10:00:00.123456789": MOMENT.replace(microsecond=123_456),
    "2026-03-02 10:00:00,123": MOMENT,
    "2026-03-02 10:00:00.123 UTC": MOMENT,
    "2026-03-02 10:00:00.123 GMT": MOMENT,
    "2026-03-02 10:00:00.123UTC": MOMENT,
    "2026-03-02t10:00:00.123z": MOMENT,
    "2026-03-02 10:00:00.123 ": MOMENT,
    " 2026-03-02 10:00:00.123": MOMENT,
    "1772445600123": MOMENT,
    "1772445600123.0": MOMENT,
    "1772445600123000": MOMENT,
    "1772445600": MINUTE,
    "2026-03-02 10:00": MINUTE,
    "2026-03-02T10:00": MINUTE,
    "2026-03-02T10:00Z": MINUTE,
    "2026-03-02T12:00+02:00": MINUTE,
    "2026-03-02 10:00 UTC": MINUTE,
}
UNCERTAIN_TIMES = [
    *("03/02/2026 10:00", "02.03.2026 10:00:00", "2026/03/02 10:00", "20260302T100000"),
    *("2026-03-02", "10:00:00", "Mon Mar  2 10:00:00 2026", "2 March 2026 10:00"),
    *("2026-03-02 10:00:00 EST", "2026-03-02 10:00:00 PM", "2026-03-02 10:00:00+15:00"),
    *("2026-03-02 10:00:00+02:60", "2026-02-29 10:00:00", "2026-13-01 10:00:00"),
    *("2026-03-02 24:00:00", "2026-03-02 23:59:60", "2026-03-02 10:00.5", "2026-03-02 10"),
    *("1.772445600123E12", "177244560012", "17724456001234567", "-1772445600123", "46083.4"),
    *("0", "never", "NULL", "\u0662026-03-02 10:00:00", "9999-12-31 23:59:59-01:00"),
]
INTEGERS = {
    **{"12.0": 12, "12.": 12, "12.000": 12, "-12.0": -12, "+5": 5, "+5.0": 5, "1.5E3": 1500},
    **{"1e3": 1000, "1E+3": 1000, "100E-2": 1, "-0": 0, "007": 7, " 7": 7, "7 ": 7},
    **{"9223372036854775807.0": 2**63 - 1, "-9223372036854775808.0": -(2**63), "0.0E0": 0},
}
UNCERTAIN_INTEGERS = [
    *("1,234", "1.234,0", "1 234", "1_234", "1'234", "1.5", "1e-3", "1.0000000000000000001"),
    *("9223372036854775808", "9223372036854775808.0", "1e19", "1e400", "0x1F", "1f", "\u0661"),
    *("yes", "NaN", "inf", "-", "+", ".", ".5", "--1", "1-", "null", "12px", "1/2"),
]


def test_a_time_in_an_unusual_but_certain_spelling_is_read(own_folder: Path) -> None:
    rows = [(text, text) for text in TIMES]
    batches = read_back(own_folder, [("id", "datetime"), *rows])
    assert rejected_rows(batches) == []
    read = {row["id"]: row["datetime"].replace(tzinfo=None) for row in accepted_rows(batches)}
    assert read == TIMES


def test_a_time_that_could_be_another_one_is_rejected(own_folder: Path) -> None:
    batches = read_back(
        own_folder, [("id", "datetime"), *((text, text) for text in UNCERTAIN_TIMES)]
    )
    assert accepted_rows(batches) == []
    assert [rejection["key"] for rejection in rejected_rows(batches)] == UNCERTAIN_TIMES


def test_a_whole_number_in_an_unusual_but_certain_spelling_is_read(own_folder: Path) -> None:
    assert column_values(own_folder, "clickRank", list(INTEGERS)) == list(INTEGERS.values())


@pytest.mark.parametrize("text", UNCERTAIN_INTEGERS)
def test_a_number_that_could_be_another_one_is_rejected(text: str) -> None:
    assert integer_of(text) is None


SPELLINGS: dict[str, Callable[[datetime], str]] = {
    "ISO with an offset": lambda moment: moment.isoformat(),
    "ISO in another zone": lambda moment: moment.astimezone(
        timezone(timedelta(hours=-9, minutes=-30))
    ).isoformat(" ", "microseconds"),
    "a suffix": lambda moment: f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC",
    "microseconds since 1970": lambda moment: str(
        (moment - datetime.fromtimestamp(0, timezone.utc)) // timedelta(microseconds=1)
    ),
}


@settings(deadline=None, max_examples=200)
@given(
    st.datetimes(datetime(2001, 9, 10), datetime(2286, 1, 1), timezones=st.just(timezone.utc)),
    st.sampled_from(list(SPELLINGS)),
)
def test_every_moment_is_read_exactly_in_every_spelling(moment: datetime, spelling: str) -> None:
    assert time_of(SPELLINGS[spelling](moment)) == moment.replace(tzinfo=None)


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from([*"0123456789+-:.,TZ eE"]), max_size=30) | st.text(max_size=20))
def test_any_text_is_a_value_or_none(text: str) -> None:
    number, moment = integer_of(text), time_of(text)
    assert number is None or (Decimal(text.strip()) == number and -(2**63) <= number < 2**63)
    assert moment is None or moment.tzinfo is None


spellings = st.sampled_from(
    [*TIMES, *UNCERTAIN_TIMES, "1970-01-01 00:00:00", "2126-01-01 00:00:00"]
)
numbers = st.sampled_from([*INTEGERS, *UNCERTAIN_INTEGERS, "12", "", "yes", "t"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(spellings, numbers, numbers), min_size=1, max_size=20))
def test_every_value_of_a_file_is_loaded_or_in_the_rejects(
    records: list[tuple[str, str, str]],
) -> None:
    header = ("id", "datetime", "clickRank", "mobile")
    rows = [(str(number), *record) for number, record in enumerate(records, 1)]
    with TemporaryDirectory() as folder:
        batches = read_back(Path(folder), [header, *rows])
    loaded = {row["id"]: row for row in accepted_rows(batches)}
    rejected = {(each["record"], each["column"]): each["raw"] for each in rejected_rows(batches)}
    for number, (time, rank, mobile) in enumerate(records, 1):
        row = loaded.get(str(number))
        if row is None:
            assert time in rejected[number, "*"]
            continue
        for column, text in (("clickRank", rank), ("mobile", mobile)):
            assert rejected.get((number, column)) == (
                text if row[column] is None and text else None
            )
