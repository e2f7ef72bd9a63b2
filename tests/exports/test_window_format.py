"""Windows and times in the formats of the API and for people."""

from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given

from coveo_source.exports.window import Window, short_time, tile, wire_time
from tests.exports.window_strategies import MINUTE, ZERO, at, instants, relaxed, windows


@pytest.mark.parametrize(
    ("start", "end", "wire"),
    [
        (
            datetime(2024, 2, 29, tzinfo=timezone.utc),
            datetime(2024, 3, 1, tzinfo=timezone.utc),
            {"from": "2024-02-29T00:00:00.000Z", "to": "2024-02-29T23:59:59.999Z"},
        ),
        (
            datetime(2025, 12, 31, 23, 59, tzinfo=timezone.utc),
            datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=timezone.utc),
            {"from": "2025-12-31T23:59:00.000Z", "to": "2026-01-01T00:00:00.000Z"},
        ),
        (
            datetime(2026, 3, 29, 1, 30, 7, 45_000, tzinfo=timezone.utc),
            datetime(2026, 3, 29, 3, tzinfo=timezone.utc),
            {"from": "2026-03-29T01:30:07.045Z", "to": "2026-03-29T02:59:59.999Z"},
        ),
    ],
)
def test_the_api_gets_the_last_millisecond_of_a_window_as_its_end(
    start: datetime, end: datetime, wire: dict[str, str]
) -> None:
    assert Window(start, end).wire == wire


@relaxed
@given(windows, instants)
def test_adjacent_windows_neither_share_nor_skip_a_millisecond(
    window: Window, cut: datetime
) -> None:
    pieces = list(tile(window, max(cut - ZERO, MINUTE)))
    for before, after in pairwise(pieces):
        last = datetime.fromisoformat(before.wire["to"].replace("Z", "+00:00"))
        first = datetime.fromisoformat(after.wire["from"].replace("Z", "+00:00"))
        assert first - last == timedelta(milliseconds=1)


@given(instants)
def test_wire_time_is_exact(instant: datetime) -> None:
    assert datetime.fromisoformat(wire_time(instant).replace("Z", "+00:00")) == instant


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 13, 5), "2026-01-31 13:05"),
        (datetime(2026, 1, 31, 13, 5, 9), "2026-01-31 13:05:09.000"),
        (datetime(2026, 1, 31, 0, 0, 0, 7000), "2026-01-31 00:00:00.007"),
    ],
)
def test_short_time_omits_what_is_zero(instant: datetime, text: str) -> None:
    assert short_time(instant.replace(tzinfo=timezone.utc)) == text


def test_a_window_prints_its_ends() -> None:
    assert str(Window(at(0), at(121))) == "2024-02-28 22:00 to 2024-02-29 00:01"
