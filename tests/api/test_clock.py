"""Coveo's clock: whose time counts, and what is said when the two clocks disagree."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from coveo_source.api.clock import Witness, newest_start, time_of, verdict
from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, Then, answer, at, dated, hang_up, inject
from coveo_source.demo.server import utc_now
from coveo_source.exceptions import AccessDenied, ClockMismatch
from tests.api.calls import CALLS, DAY, Serve, client_of, failure

UTC = timezone.utc
ONE_DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

OF_THE_COLLECTION = [action for action in CALLS if "e1" not in action]
"""Calls that need no export."""


@pytest.fixture
def server(serve: Serve) -> DemoServer:
    """A server with the real time."""
    return serve(clock=utc_now)


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is not UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def is_now(moment: datetime) -> bool:
    return abs(moment - utc_now()) < MINUTE


@pytest.mark.parametrize("action", OF_THE_COLLECTION)
@pytest.mark.parametrize("ahead", [5 * 365 * ONE_DAY, 62 * MINUTE, -62 * MINUTE, -3 * ONE_DAY])
def test_no_call_believes_a_time_beyond_the_tolerance(
    server: DemoServer, action: str, ahead: timedelta
) -> None:
    inject(server, Fault(at(), dated(ahead), None))
    client = client_of(server, clock_tolerance=HOUR)
    assert isinstance(failure(CALLS[action], client), ClockMismatch)
    assert is_now(client.now)


@pytest.mark.parametrize("ahead", [50 * MINUTE, -50 * MINUTE])
def test_a_time_within_the_tolerance_counts(server: DemoServer, ahead: timedelta) -> None:
    inject(server, Fault(at(), dated(ahead), None))
    client = client_of(server, clock_tolerance=HOUR)
    client.exports()
    assert is_now(client.now - ahead)


def test_without_a_tolerance_an_answer_may_still_take_a_while(server: DemoServer) -> None:
    client = client_of(server, clock_tolerance=timedelta())
    inject(server, Fault(at(), dated(timedelta(seconds=-20)), None))
    client.exports()


def test_a_wrong_time_leaves_the_last_good_one(server: DemoServer) -> None:
    client = client_of(server, clock_tolerance=HOUR)
    inject(server, Fault(at(), dated(20 * MINUTE)), Fault(at(), dated(ONE_DAY), None))
    client.exports()
    failure(CALLS["list the exports"], client)
    assert is_now(client.now - 20 * MINUTE)


UNREADABLE = [
    *("", " ", ",", "yesterday", "Mon,", "1, 2, 3", "2026-03-11T12:00:00Z", "1773230400"),
    *("Mon, 99 Foo 2026 00:00:00 GMT", "Wed, 11 Mar 2026 99:00:00 GMT"),
    *("Wed, 11 Mar 20311 12:00:00 GMT", f"Wed, 11 Mar {'9' * 20} 12:00:00 GMT"),
    *("Wed, 11 Mar 2026 12:00:00 +99999999", f"Wed, 11 Mar 2026 12:00:00 +{'9' * 20}"),
]


@pytest.mark.parametrize("date", UNREADABLE)
def test_without_a_readable_date_this_machine_s_clock_counts(server: DemoServer, date: str) -> None:
    inject(server, Fault(at(), dated(date), None))
    client = client_of(server, clock_tolerance=HOUR)
    assert client.exports() == []
    assert is_now(client.now)
    assert time_of(date) is None


@pytest.mark.usefixtures("far_from_utc")
@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Wed, 11 Mar 2026 12:00:00 GMT", datetime(2026, 3, 11, 12)),
        ("Wed, 11 Mar 2026 12:00:00 -0000", datetime(2026, 3, 11, 12)),
        ("Wed, 11 Mar 2026 12:00:00", datetime(2026, 3, 11, 12)),
        ("Wed, 11 Mar 2026 12:00:00 +0200", datetime(2026, 3, 11, 10)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37)),
        ("Mon, 01 Jan 0001 00:00:00 GMT", datetime(1, 1, 1)),
        ("Mon, 01 Jan 0001 00:00:00 +0500", datetime(1, 1, 1)),
        ("Fri, 31 Dec 9999 23:59:59 -0500", datetime(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_a_date_is_read_as_utc_whatever_its_zone_and_year(date: str, expected: datetime) -> None:
    assert time_of(date) == expected.replace(tzinfo=UTC)


@pytest.mark.parametrize("year", ["0001", "0000", "0070", "1969", "9999"])
@pytest.mark.parametrize("zone", ["GMT", "-0000", "+1400", "-1200"])
def test_an_absurd_year_is_a_mismatch_in_any_zone(server: DemoServer, year: str, zone: str) -> None:
    inject(server, Fault(at(), dated(f"Fri, 31 Dec {year} 23:59:59 {zone}"), None))
    client = client_of(server, clock_tolerance=HOUR)
    assert isinstance(failure(CALLS["list the exports"], client), ClockMismatch)
    assert is_now(client.now)


def test_a_refusal_is_reported_as_such_whatever_its_time(server: DemoServer) -> None:
    tomorrow = format_datetime(utc_now() + ONE_DAY, usegmt=True)
    inject(server, Fault(at(), answer(403, b"{}", "application/json", Date=tomorrow), None))
    client = client_of(server, clock_tolerance=HOUR)
    assert isinstance(failure(CALLS["list the exports"], client), AccessDenied)
    assert is_now(client.now)


def test_the_message_says_what_both_clocks_say_and_what_to_do(server: DemoServer) -> None:
    inject(server, Fault(at(), dated("Tue, 11 Mar 2031 12:00:00 GMT"), None))
    message = str(failure(CALLS["list the exports"], client_of(server, clock_tolerance=HOUR)))
    assert "2031-03-11 12:00:00 UTC" in message
    assert f"{utc_now():%Y-%m-%d %H:}" in message
    assert "they differ by " in message
    assert "Nothing was loaded" in message
    assert "run again" in message
    assert "clock_tolerance_minutes, which is 60." in message


@pytest.mark.parametrize(
    ("ahead", "text"),
    [(HOUR + MINUTE, "61 minutes"), (-5 * HOUR, "5 hours"), (ONE_DAY * 9, "9 days")],
)
def test_a_difference_is_said_in_a_unit_that_fits(
    server: DemoServer, ahead: timedelta, text: str
) -> None:
    # an answer takes a while
    inject(server, Fault(at(), dated(ahead + timedelta(seconds=2)), None))
    client = client_of(server, clock_tolerance=HOUR)
    assert f"differ by {text}." in str(failure(CALLS["list the exports"], client))


ANSWER_IS_WRONG = "The answer is probably wrong"
MACHINE_IS_WRONG = "This machine's clock is probably wrong"
EITHER = "Either this machine's clock is wrong (is it set by NTP?) or the answer is (did a proxy"


def march(day: int) -> datetime:
    return datetime(2027, 3, day, tzinfo=UTC)


def year(number: int) -> datetime:
    return datetime(number, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answered", "machine", "witness", "expected"),
    [
        # older than this program
        (year(1970), year(2027), Witness(), ANSWER_IS_WRONG),
        (year(1), year(2027), Witness(year(1), certified=True), ANSWER_IS_WRONG),
        (year(2027), year(2000), Witness(), MACHINE_IS_WRONG),
        # older than Coveo's newest export
        (march(5), march(2), Witness(None, march(4)), MACHINE_IS_WRONG),
        (march(2), march(5), Witness(None, march(4)), ANSWER_IS_WRONG),
        # which counts more than a second answer
        (march(2), march(5), Witness(march(2), march(4)), ANSWER_IS_WRONG),
        # an export of long ago, and one that nobody can have started yet, tell nothing
        (march(5), march(2), Witness(None, march(1)), EITHER),
        (march(5), march(2), Witness(None, year(1)), EITHER),
        (march(5), march(2), Witness(None, year(2099)), EITHER),
        # another answer
        (year(2031), year(2027), Witness(year(2027)), ANSWER_IS_WRONG),
        (march(5), march(2), Witness(march(5)), MACHINE_IS_WRONG),
        (march(5), march(2), Witness(march(9)), EITHER),
        # further off than a certificate lasts
        (year(2031), year(2027), Witness(year(2031), certified=True), ANSWER_IS_WRONG),
        (year(2028), year(2027), Witness(year(2028), certified=True), MACHINE_IS_WRONG),
        (march(5), march(2), Witness(), EITHER),
    ],
)
def test_it_says_which_clock_is_wrong_where_that_can_be_told(
    answered: datetime, machine: datetime, witness: Witness, expected: str
) -> None:
    assert verdict(answered, machine, witness, HOUR).startswith(expected)


def test_one_wrong_answer_is_found_out_by_another(server: DemoServer) -> None:
    inject(server, Fault(at(), dated(ONE_DAY)))
    error = failure(CALLS["list the exports"], client_of(server, clock_tolerance=HOUR))
    assert ANSWER_IS_WRONG in str(error)


def test_answers_that_agree_speak_against_this_machine(server: DemoServer) -> None:
    inject(server, Fault(at(), dated(ONE_DAY), None))
    error = failure(CALLS["list the exports"], client_of(server, clock_tolerance=HOUR))
    assert MACHINE_IS_WRONG in str(error)


def test_an_export_of_coveo_speaks_against_an_older_answer(server: DemoServer) -> None:
    client_of(server, clock_tolerance=HOUR).create_export(DAY)
    inject(server, Fault(at(), dated(-ONE_DAY), None))
    error = failure(CALLS["list the exports"], client_of(server, clock_tolerance=HOUR))
    assert ANSWER_IS_WRONG in str(error)
    assert "Coveo has started an export later" in str(error)


@pytest.mark.parametrize("then", [hang_up, answer(500), answer(200, b"no JSON"), answer(200, b"7")])
def test_without_another_answer_either_may_be_wrong(server: DemoServer, then: Then) -> None:
    inject(server, Fault(at(), dated(ONE_DAY)), Fault(at(), undated(then), None))
    error = failure(CALLS["list the exports"], client_of(server, clock_tolerance=HOUR))
    assert EITHER in str(error)


def undated(then: Then) -> Then:
    """Takes the `Date` from an answer."""

    def undated(server: DemoServer, request: Request) -> Response:
        response = then(server, request)
        return replace(response, headers={**response.headers, "Date": ""})

    return undated


@pytest.mark.parametrize(
    "exports",
    [
        *(None, 7, "exports", {}, [], [None], [{}], [{"startDate": None}], [{"startDate": "x"}]),
        *([{"startDate": 1e300}], [{"startDate": float("nan")}], [{"startDate": -1e300}]),
    ],
)
def test_exports_that_tell_no_time_are_passed_over(exports: Any) -> None:
    assert newest_start(exports) is None
