"""How long a backfill will still take."""

import pytest

from coveo_source.cli.remaining import remaining_seconds, remaining_text
from coveo_source.extract import PlannedExport
from tests.exports.builders import request_of


def step(rows: int | None) -> PlannedExport:
    """Returns a step whose export has about so many rows."""
    return PlannedExport(request_of(), None if rows is None else {"searches": rows}, None)


def test_nobody_knows_before_the_first_window_is_loaded() -> None:
    assert remaining_seconds([], [step(100)], 5) is None
    assert remaining_text(None) == ""


def test_windows_count_by_the_rows_that_are_expected() -> None:
    assert remaining_seconds([step(1_000)], [step(3_000), step(2_000)], 10) == pytest.approx(50)


def test_windows_count_the_same_if_nothing_is_known_of_them() -> None:
    assert remaining_seconds([step(None)] * 2, [step(None)] * 3, 10) == pytest.approx(15)


def test_one_of_which_nothing_is_known_counts_like_the_average() -> None:
    assert remaining_seconds([step(1_000)], [step(None), step(3_000)], 10) == pytest.approx(50)


def test_one_without_rows_takes_its_time_too() -> None:
    assert remaining_seconds([step(0)], [step(0)], 10) == pytest.approx(10)
    left = remaining_seconds([step(1_000)], [step(0)], 10)
    assert left is not None
    assert 0 < left < 10


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (89, "89 s"), (720, "12 min"), (5_399, "90 min"), (9_000, "2.5 h")],
)
def test_the_time_is_told_as_people_would(seconds: float, text: str) -> None:
    assert remaining_text(seconds) == f", about {text} left"
