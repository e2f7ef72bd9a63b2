"""A scheduler's intervals, loaded by a run each: all rows arrive, whatever happens."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.exceptions import TooEarly
from tests.support.assertions import Completed, invoke
from tests.support.cli_user import PIPELINE, create_requests, environment, load, query
from tests.support.clock import Clock
from tests.support.faults import stall_halfway
from tests.support.minutely import MinutelyTraffic
from tests.support.processes import start_run

MINUTES = 24 * 60
DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 2, tzinfo=timezone.utc)
SEARCHES: dict[str, Any] = {"tables": ["searches"]}
WORDS = ("--no-models", "--tables", "searches")

Assign = Callable[[datetime, datetime], None]


@pytest.fixture
def server(serve: Any) -> DemoServer:
    server: DemoServer = serve(MinutelyTraffic(seed=1))
    return server


@pytest.fixture
def interval(monkeypatch: pytest.MonkeyPatch) -> Assign:
    def assign(start: datetime, end: datetime) -> None:
        monkeypatch.setenv("DLT_INTERVAL_START", start.isoformat())
        monkeypatch.setenv("DLT_INTERVAL_END", end.isoformat())

    return assign


def day(number: int) -> tuple[datetime, datetime]:
    return FIRST + number * DAY, FIRST + (number + 1) * DAY


def searches_by_day() -> dict[datetime, int]:
    sql = "select date_trunc('day', datetime), count(*) from searches group by 1 order by 1"
    return {day.replace(tzinfo=timezone.utc): count for day, count in query(sql)}


def all_days(numbers: Iterable[int]) -> dict[datetime, int]:
    return {FIRST + number * DAY: MINUTES for number in sorted(set(numbers))}


def run_verb(server: DemoServer, verb: str, *words: str, **settings: object) -> Completed:
    variables = {f"SOURCES__COVEO_SOURCE__{name.upper()}": str(v) for name, v in settings.items()}
    return invoke(PIPELINE, verb, *words, env={**environment(server), **variables})


def test_a_day_is_loaded_whole_right_after_midnight(
    server: DemoServer, clock: Clock, interval: Assign
) -> None:
    for number in range(3):
        interval(*day(number))
        clock.now = FIRST + (number + 1) * DAY + timedelta(minutes=14, seconds=58)
        load(server, **SEARCHES)
        assert searches_by_day() == all_days(range(number + 1))


@pytest.mark.parametrize("length", [timedelta(hours=1), timedelta(minutes=10)])
def test_short_intervals_one_after_the_other_load_every_minute(
    server: DemoServer, clock: Clock, interval: Assign, length: timedelta
) -> None:
    for number in range(4):
        start = FIRST + number * length
        interval(start, start + length)
        clock.now = start + length + timedelta(minutes=15)
        load(server, **SEARCHES, lookback_days=0)
    minutes = 4 * length // timedelta(minutes=1)
    assert query("select count(*), count(distinct id) from searches") == [(minutes, minutes)]


def test_a_range_that_is_not_settled_in_time_is_refused(
    server: DemoServer, clock: Clock, interval: Assign
) -> None:
    interval(*day(0))
    clock.now = FIRST + DAY
    with pytest.raises(TooEarly, match=r"until 2026-03-03 00:15 .* wait_minutes is 10"):
        load(server, **SEARCHES, wait_minutes=10)
    clock.now = FIRST + DAY - timedelta(hours=1)
    with pytest.raises(TooEarly, match="2026-03-03 00:15"):
        load(server, **SEARCHES)
    assert not server.exports


def test_too_early_is_a_reason_to_run_again(
    server: DemoServer, clock: Clock, interval: Assign
) -> None:
    interval(*day(0))
    clock.now = FIRST + DAY
    early = run_verb(server, "run", *WORDS, wait_minutes=1)
    assert early.code == 1
    assert "too early" in early.message
    assert create_requests(server) == []
    clock.advance(minutes=15)
    assert run_verb(server, "run", *WORDS, wait_minutes=1).code == 0
    assert searches_by_day() == all_days([0])


@pytest.mark.slow
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1), (0, 0, 1, 1, 2)])
def test_days_are_whole_in_any_order_and_twice(
    server: DemoServer, clock: Clock, interval: Assign, order: tuple[int, ...]
) -> None:
    clock.now = FIRST + 4 * DAY
    for number in order:
        interval(*day(number))
        load(server, **SEARCHES)
    assert searches_by_day() == all_days(order)


def stall(reached: Callable[[], object]) -> Callable[[DemoServer, Request], Response]:
    """Answers nothing any more, and calls `reached`."""

    def then(server: DemoServer, request: Request) -> Response:
        reached()
        time.sleep(60)
        raise ConnectionAbortedError

    return then


KILLED_AT: dict[str, Any] = {"create": stall, "file": stall_halfway, "delete": stall}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason=f"{sys.platform} has no SIGKILL")
@pytest.mark.parametrize("place", KILLED_AT)
def test_days_are_whole_although_each_run_is_killed_once(
    server: DemoServer, clock: Clock, interval: Assign, place: Any
) -> None:
    for number in (0, 1, 2):
        interval(*day(number))
        clock.now = FIRST + (number + 1) * DAY + timedelta(minutes=16)
        reached = threading.Event()
        inject(server, Fault(at(place), KILLED_AT[place](reached.set)))
        with start_run(server, words=WORDS) as process:
            assert reached.wait(60)
            process.send_signal(signal.SIGKILL)
        inject(server)
        assert run_verb(server, "run", *WORDS).code == 0
    assert searches_by_day() == all_days(range(3))
    assert server.exports == []


def test_late_events_of_the_day_before_come_with_the_next_interval(
    serve: Any, clock: Clock, interval: Assign
) -> None:
    server = serve(MinutelyTraffic(seed=1, late_share=0.2))
    for number in (0, 1):
        interval(*day(number))
        clock.now = FIRST + (number + 1) * DAY + timedelta(minutes=16)
        load(server, **SEARCHES)
        if number == 0:
            assert searches_by_day()[FIRST] < MINUTES
    assert searches_by_day()[FIRST] == MINUTES


@pytest.mark.slow
def test_a_day_that_no_run_has_loaded_is_seen_and_filled(
    server: DemoServer, clock: Clock, interval: Assign
) -> None:
    clock.now = FIRST + 6 * DAY
    for number in (0, 4):
        interval(*day(number))
        completed = run_verb(server, "run", *WORDS)
        assert completed.code == 0
    assert "No run has loaded 2026-03-03 to 2026-03-06 yet (searches)" in completed.err
    assert searches_by_day() == all_days(range(5))


@pytest.mark.slow
def test_what_lies_between_an_older_interval_and_the_rest_is_filled_by_the_next_run(
    server: DemoServer, clock: Clock, interval: Assign, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now = FIRST + 6 * DAY
    for number in (4, 1):
        interval(*day(number))
        load(server, **SEARCHES, lookback_days=0)
    assert searches_by_day() == all_days((1, 4))
    monkeypatch.delenv("DLT_INTERVAL_START")
    monkeypatch.delenv("DLT_INTERVAL_END")
    planned = run_verb(server, "plan", "--tables", "searches")
    assert "No run has loaded 2026-03-04 to 2026-03-06 yet (searches)" in planned.out
    assert run_verb(server, "run", *WORDS).code == 0
    assert all_days((1, 2, 3, 4)).items() <= searches_by_day().items()
    planned = run_verb(server, "plan", "--tables", "searches")
    assert "No run has loaded" not in planned.out


def test_runs_without_an_interval_go_on_where_intervals_ended(
    server: DemoServer, clock: Clock, interval: Assign, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now = FIRST + 2 * DAY + timedelta(minutes=15)
    interval(*day(0))
    load(server, **SEARCHES)
    monkeypatch.delenv("DLT_INTERVAL_START")
    monkeypatch.delenv("DLT_INTERVAL_END")
    load(server, **SEARCHES)
    assert create_requests(server)[1]["from"] == ["2026-03-02T00:00:00.000Z"]
    assert searches_by_day() == all_days((0, 1))


@pytest.mark.parametrize("verb", ["run", "plan"])
def test_an_empty_interval_loads_nothing_and_says_so(
    server: DemoServer, interval: Assign, verb: str
) -> None:
    interval(FIRST, FIRST)
    completed = run_verb(server, verb, *(WORDS if verb == "run" else WORDS[1:]))
    assert completed.code == 0
    text = completed.out + completed.err
    assert "an interval without length, at 2026-03-02, so nothing is loaded" in text
    assert "CronDataIntervalTimetable" in text
    assert "allow_external_schedulers" in text
    assert create_requests(server) == []


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("yesterday", "2026-03-03", "DLT_INTERVAL_START is 'yesterday'"),
        ("2026-03-03", "tomorrow", "DLT_INTERVAL_END is 'tomorrow'"),
        ("2026-03-03", "", "DLT_INTERVAL_END is missing"),
        ("", "2026-03-03", "DLT_INTERVAL_START is missing"),
        ("2026-03-04", "2026-03-03", "must not be after the end"),
    ],
)
def test_an_interval_that_cannot_be_read_is_wrong_use(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch, start: str, end: str, words: str
) -> None:
    monkeypatch.setenv("DLT_INTERVAL_START", start)
    monkeypatch.setenv("DLT_INTERVAL_END", end)
    completed = run_verb(server, "run", *WORDS)
    assert completed.code == 2
    assert words in completed.err
    assert "Traceback" not in completed.err


def test_a_start_on_the_command_line_that_an_interval_overrules_is_named(
    server: DemoServer, clock: Clock, interval: Assign
) -> None:
    clock.now = FIRST + 2 * DAY
    interval(*day(0))
    completed = run_verb(server, "run", *WORDS, "--from", "2026-02-01")
    assert completed.code == 0
    assert "--from alone cannot change it" in completed.err
    assert searches_by_day() == all_days([0])


def test_a_range_on_the_command_line_overrules_an_interval(
    server: DemoServer, clock: Clock, interval: Assign
) -> None:
    clock.now = FIRST + 4 * DAY
    interval(*day(0))
    words = ("--from", "2026-03-03", "--to", "2026-03-04")
    assert run_verb(server, "run", *WORDS, *words).code == 0
    assert searches_by_day() == all_days([1])


def test_an_interval_can_be_left_aside(server: DemoServer, clock: Clock, interval: Assign) -> None:
    clock.now = FIRST + 2 * DAY
    interval(*day(0))
    words = ("--from", "2026-03-03")
    completed = run_verb(server, "run", *WORDS, *words, allow_external_schedulers="false")
    assert completed.code == 0
    assert create_requests(server)[0]["from"] == ["2026-03-03T00:00:00.000Z"]


def test_an_interval_and_a_number_of_windows_contradict_each_other(
    server: DemoServer, interval: Assign
) -> None:
    interval(*day(0))
    completed = run_verb(server, "run", *WORDS, "--max-windows", "1")
    assert completed.code == 2
    assert "max_windows is 1" in completed.err
