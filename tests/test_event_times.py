"""All events that tests make have times that no database may cut off or round."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.incremental.random_rows import EVENING, RowsByTable, large_load, loads
from tests.sql.event_rows import click, custom, search
from tests.sql.export_rows import edge_cases
from tests.sql.typed_rows import storable, typed
from tests.support.csv_builders import INSTANT
from tests.support.event_times import has_odd_milliseconds


def times_of(rows: RowsByTable) -> list[datetime]:
    return [row["datetime"] for listed in rows.values() for row in listed]


def test_the_edge_cases_have_odd_milliseconds() -> None:
    rows = {table: list(map(typed, listed)) for table, listed in storable(edge_cases()).items()}
    assert all(rows.values())
    assert all(map(has_odd_milliseconds, times_of(rows)))


@given(st.integers(0, 1000).map(large_load) | loads())
def test_random_rows_have_odd_milliseconds(rows: RowsByTable) -> None:
    assert all(map(has_odd_milliseconds, times_of(rows)))


@pytest.mark.parametrize("time", [EVENING, INSTANT])
def test_times_that_tests_share_have_odd_milliseconds(time: datetime) -> None:
    assert has_odd_milliseconds(time)


@pytest.mark.parametrize("time", ["10:00:00.000", "2026-03-09 10:00:00.500"])
def test_an_event_with_a_round_time_is_refused(time: str) -> None:
    for event in (search, click, custom):
        with pytest.raises(ValueError, match=r"00 has no odd milliseconds"):
            event("e1", time, "s1")
