"""Which days a report is about, and which days it compares them with."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from ..exceptions import SettingError
from ..exports import Window, merge_windows
from .formats import long_day

DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_WEEK_DAYS = _WEEK.days

USUAL_DAYS = 28
"""Days of a report, if nobody says otherwise: four weeks, so that weekdays do not matter."""

MOST_DAILY_DAYS = 62
"""Most days that a trend shows one by one; a longer one has weeks."""


@dataclass(frozen=True)
class Period:
    """Some days in a row, `[start, end)`."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last of them."""
        return self.end - DAY

    @property
    def before(self) -> "Period":
        """As many days right before."""
        return Period(self.start - (self.end - self.start), self.start)

    def __str__(self) -> str:
        if self.days == 1:
            return long_day(self.start)
        return f"{long_day(self.start)} to {long_day(self.last)} ({self.days} days)"

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=number) for number in range(self.days))

    @property
    def mondays(self) -> list[date]:
        """The Mondays of the weeks that are in it as a whole."""
        return [day for day in self if not day.weekday() and self.holds(Period(day, day + _WEEK))]

    def holds(self, other: "Period") -> bool:
        """Returns True if all days of another period are in this one."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True)
class Comparison:
    """A period and the one before it.

    before: None if not all of its days are loaded
    notes: what the reader has to know about the days
    """

    now: Period
    before: Period | None
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> date:
        """The first day that is looked at."""
        return (self.before or self.now).start

    @property
    def by_week(self) -> bool:
        """True if its trends are by week."""
        return self.now.days > MOST_DAILY_DAYS

    def __str__(self) -> str:
        return f"{self.now}, compared with {self.before}" if self.before else str(self.now)

    @property
    def points(self) -> list[tuple[date, date | None]]:
        """The days of a trend, or the Mondays of its full weeks, each with the former one."""
        if not self.by_week:
            shift = timedelta(days=self.now.days)
            return [(day, day - shift if self.before else None) for day in self.now]
        shift = timedelta(weeks=round(self.now.days / _WEEK_DAYS))
        before = {*(self.before.mondays if self.before else ())}
        return [
            (day, then if (then := day - shift) in before else None) for day in self.now.mondays
        ]

    @property
    def first_week(self) -> date:
        """The Monday on or before the first day."""
        return self.now.start - timedelta(days=self.now.start.weekday())


def full_days(windows: Iterable[Window], zone: ZoneInfo) -> list[Period]:
    """Returns the days of a time zone that windows cover in full, as periods, oldest first."""
    periods = []
    for window in merge_windows(windows):
        start, end = (moment.astimezone(zone).date() for moment in window)
        first = start if _begin(start, zone) >= window.start else start + DAY
        if first < end:
            periods.append(Period(first, end))
    return periods


def touched_days(windows: Sequence[Window], zone: ZoneInfo) -> Period | None:
    """Returns the days from the first to the last that windows touch; None without windows."""
    if not windows:
        return None
    last = max(window.end for window in windows) - timedelta(microseconds=1)
    start = min(window.start for window in windows)
    return Period(start.astimezone(zone).date(), last.astimezone(zone).date() + DAY)


def compare(loaded: Sequence[Period], start: date | None, end: date | None) -> Comparison:
    """Returns the days to report on, and those to compare them with.

    By default these are the last 28 full days, or as many weeks as there are twice; without two
    weeks, all days in a row up to 28, compared with none.

    loaded: the days that are loaded in full, not empty, oldest first
    start, end: the first day, and the day after the last one, if they are given

    Raises:
        SettingError: if the range is none, or nothing of it is loaded
    """
    if start and end and end <= start:
        raise SettingError("to", str(end), f"It is the day after the last one, after {start}.")
    last = _last_before(loaded, end or loaded[-1].end)
    if not last:
        problem = f"Nothing before it is loaded in full: the first full day is {loaded[0].start}."
        raise SettingError("to", str(end), problem)
    notes = []
    if end and end > last:
        notes.append(
            f"Days are loaded in full up to {long_day(last - DAY)}: the report ends there."
        )
    if start and start >= last:
        problem = f"Nothing from then on is loaded in full: the last full day is {last - DAY}."
        raise SettingError("from", str(start), problem)
    now = Period(start, last) if start else _usual(loaded, last)
    if not _covered(loaded, now):
        notes.append("Not all of these days are loaded, so counts are too low.")
    if _covered(loaded, now.before):
        return Comparison(now, now.before, tuple(notes))
    notes.append("The days before are not loaded in full, so nothing is compared.")
    return Comparison(now, None, tuple(notes))


def unfinished(days: Period) -> Comparison:
    """Returns the days to report on as long as none is loaded in full."""
    return Comparison(
        days, None, ("No day is loaded in full yet, so counts are too low, and will change.",)
    )


def _last_before(loaded: Sequence[Period], end: date) -> date | None:
    """Returns the day after the last full day before another one; None without one."""
    return max((min(each.end, end) for each in loaded if each.start < end), default=None)


def _usual(loaded: Sequence[Period], end: date) -> Period:
    for days in range(USUAL_DAYS, 0, -_WEEK_DAYS):
        now = Period(end - timedelta(days=days), end)
        if _covered(loaded, Period(now.before.start, end)):
            return now
    [around] = [each for each in loaded if each.start < end <= each.end]
    return Period(max(around.start, end - timedelta(days=USUAL_DAYS)), end)


def _covered(loaded: Iterable[Period], wanted: Period) -> bool:
    return any(each.holds(wanted) for each in loaded)


def _begin(day: date, zone: ZoneInfo) -> datetime:
    """Returns when a day begins; where clocks change at midnight, it has none, or two."""
    return datetime.combine(day, time(), zone).astimezone(timezone.utc)
