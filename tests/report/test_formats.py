"""Numbers and days as people read them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.report.formats import (
    NBSP,
    decimal,
    duration,
    long_day,
    number,
    percent,
    short_day,
    signed,
)


def test_counts_have_separators_and_no_fraction() -> None:
    assert [number(0), number(999), number(13_084), number(1_234_567.4)] == [
        "0",
        "999",
        "13,084",
        "1,234,567",
    ]


def test_shares_are_percentages_that_stay_on_one_line() -> None:
    assert [percent(share) for share in (0, 0.385, 0.9999, 1)] == [
        f"{text}{NBSP}%" for text in ("0.0", "38.5", "100.0", "100.0")
    ]


def test_averages_have_two_decimals() -> None:
    assert [decimal(2.416), decimal(0), decimal(11)] == ["2.42", "0.00", "11.00"]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0.0 s"),
        (40, "0.0 s"),
        (19_400, "19.4 s"),
        (59_940, "59.9 s"),
        (59_950, "1 min 0 s"),
        (60_000, "1 min 0 s"),
        (65_400, "1 min 5 s"),
        (119_600, "2 min 0 s"),
        (3_599_400, "59 min 59 s"),
        (3_599_600, "1 h 0 min"),
        (5_400_000, "1 h 30 min"),
        (90_000_000, "25 h 0 min"),
    ],
)
def test_a_time_has_its_two_largest_units(milliseconds: float, text: str) -> None:
    assert duration(milliseconds).replace(NBSP, " ") == text


@given(st.floats(0, 1e9))
def test_seconds_and_minutes_of_a_time_stay_below_sixty(milliseconds: float) -> None:
    words = duration(milliseconds).replace(NBSP, " ").split()
    assert all(
        float(value) < 60
        for value, unit in zip(words[::2], words[1::2], strict=True)
        if unit != "h"
    )


@pytest.mark.parametrize(
    ("change", "style", "text"),
    [
        (12, ",.0f", "+12"),
        (1200, ",.0f", "+1,200"),
        (-0.5, ".1f", "\N{MINUS SIGN}0.5"),
        (0.004, ".2f", "±0.00"),
        (-0.004, ".2f", "±0.00"),
        (0, ",.0f", "±0"),
        (-10, ",.0f", "\N{MINUS SIGN}10"),
        (100, ",.0f", "+100"),
    ],
)
def test_a_change_has_a_sign_unless_it_rounds_to_nothing(
    change: float, style: str, text: str
) -> None:
    assert signed(change, style) == text


def test_days_are_written_without_leading_zeros() -> None:
    assert short_day(date(2026, 11, 3)) == "Tue 3 Nov"
    assert long_day(date(2026, 11, 3)) == "3 November 2026"
