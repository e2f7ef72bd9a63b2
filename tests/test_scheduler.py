"""The interval of a scheduler, as dlt finds it."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import dlt
import pendulum
import pytest

from coveo_source.exceptions import SettingError
from coveo_source.scheduler import assigned_interval

Assign = Callable[[str, str], None]


@pytest.fixture
def assign(monkeypatch: pytest.MonkeyPatch) -> Assign:
    def bounds(start: str, end: str) -> None:
        monkeypatch.setenv("DLT_INTERVAL_START", start)
        monkeypatch.setenv("DLT_INTERVAL_END", end)

    return bounds


def test_there_is_none_without_a_scheduler() -> None:
    assert assigned_interval() is None


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-02", "2026-03-03"),
        ("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"),
        ("2026-03-02T02:00:00+02:00", "2026-03-02T19:00:00-05:00"),
    ],
)
def test_it_is_in_utc(assign: Assign, start: str, end: str) -> None:
    assign(start, end)
    expected = (datetime(2026, 3, day, tzinfo=timezone.utc) for day in (2, 3))
    assert assigned_interval() == tuple(expected)


def test_airflows_is_as_plain_as_any_other() -> None:
    # a time of pendulum's that something is added to may lose its zone
    start = pendulum.datetime(2026, 3, 2, 1, tz="Europe/Paris")
    dlt.current.interval.set((start, start.add(days=1)))
    try:
        found = assigned_interval() or ()
    finally:
        dlt.current.interval.set(None)
    monday = datetime(2026, 3, 2, tzinfo=timezone.utc)
    assert found == (monday, monday + timedelta(days=1))
    assert [type(bound) for bound in found] == [datetime, datetime]


def test_it_may_be_empty(assign: Assign) -> None:
    assign("2026-03-02T10:11:12Z", "2026-03-02T10:11:12Z")
    found = assigned_interval()
    assert found is not None
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("start", "end", "setting"),
    [
        ("", "2026-03-03", "DLT_INTERVAL_START is missing"),
        ("2026-03-02", "", "DLT_INTERVAL_END is missing"),
        ("soon", "2026-03-03", "DLT_INTERVAL_START is 'soon'"),
        ("2026-03-02", "later", "DLT_INTERVAL_END is 'later'"),
        ("2026-03-04", "2026-03-03", "DLT_INTERVAL_START is '2026-03-04T00:00:00Z'"),
    ],
)
def test_what_cannot_be_an_interval_is_refused(
    assign: Assign, start: str, end: str, setting: str
) -> None:
    assign(start, end)
    with pytest.raises(SettingError, match=setting):
        assigned_interval()
