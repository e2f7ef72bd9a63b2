"""A scheduler's intervals, loaded by a run each: all rows arrive, whatever happens."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from coveo_source.exceptions import TooEarly
from tests.support.cli_user import load, query
from tests.support.clock import Clock
from tests.support.minutely import MinutelyTraffic

MINUTES = 24 * 60
DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 2, tzinfo=timezone.utc)


@pytest.fixture
def server(serve: Any) -> DemoServer:
    server: DemoServer = serve(MinutelyTraffic(seed=1))
    return server


@pytest.fixture
def interval(monkeypatch: pytest.MonkeyPatch) -> Any:
    def assign(start: datetime, end: datetime) -> None:
        monkeypatch.setenv("DLT_INTERVAL_START", start.isoformat())
        monkeypatch.setenv("DLT_INTERVAL_END", end.isoformat())

    return assign


def searches_by_day() -> dict[datetime, int]:
    sql = "select date_trunc('day', datetime), count(*) from searches group by 1 order by 1"
    return {day.replace(tzinfo=timezone.utc): count for day, count in query(sql)}


def all_days(*numbers: int) -> dict[datetime, int]:
    return {FIRST + number * DAY: MINUTES for number in sorted(numbers)}


def test_a_day_is_loaded_whole_right_after_midnight(
    server: DemoServer, clock: Clock, interval: Any
) -> None:
    for number in range(3):
        interval(FIRST + number * DAY, FIRST + (number + 1) * DAY)
        clock.now = FIRST + (number + 1) * DAY + timedelta(minutes=14, seconds=58)
        load(server, tables=["searches"])
        assert searches_by_day() == all_days(*range(number + 1))


def test_a_range_that_is_not_settled_in_time_is_refused(
    server: DemoServer, clock: Clock, interval: Any
) -> None:
    interval(FIRST, FIRST + DAY)
    clock.now = FIRST + DAY
    with pytest.raises(TooEarly, match=r"until 2026-03-03 00:15 .* wait_minutes is 10"):
        load(server, tables=["searches"], wait_minutes=10)
    clock.now = FIRST + DAY - timedelta(hours=1)
    with pytest.raises(TooEarly, match="2026-03-03 00:15"):
        load(server, tables=["searches"])
    assert not server.exports


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1), (0, 0, 1, 1, 2)])
def test_days_are_whole_in_any_order_and_twice(
    server: DemoServer, clock: Clock, interval: Any, order: tuple[int, ...]
) -> None:
    clock.now = FIRST + 4 * DAY
    for number in order:
        interval(FIRST + number * DAY, FIRST + (number + 1) * DAY)
        load(server, tables=["searches"])
    assert searches_by_day() == all_days(0, 1, 2)
