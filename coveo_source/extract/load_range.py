"""From when to when a run loads: by the settings, the scheduler, and what is loaded already."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from ..exceptions import SettingError
from ..exports import SHORTEST_WINDOW, LoadRange, Window, floor_to, short_time
from ..scheduler import assigned_interval
from ..settings import Settings
from ..tables import TABLES
from .state import PipelineState

_FIRST_RUN = timedelta(days=30)
"""How far back a first run reaches if no start is given."""


class RangeDue(NamedTuple):
    """What a run loads.

    settles_at: from when on all of its events are expected to be there, but for late ones; None
        if the range ends where they are
    notices: what a user has to know about it
    """

    load_range: LoadRange
    settles_at: datetime | None
    notices: list[str]


def range_due(settings: Settings, state: PipelineState, now: datetime) -> RangeDue:
    """Returns what a run loads.

    now: the time at Coveo

    Raises:
        SettingError: if a scheduler assigns an interval that cannot be read, or not loaded whole
    """
    interval = interval_of(settings)
    if interval is None:
        return _of_settings(settings, state, now)
    if settings.max_windows:
        raise SettingError(
            "max_windows",
            settings.max_windows,
            f"A scheduler assigns the interval {interval}, which is loaded whole: leave it out, or"
            " set allow_external_schedulers to false.",
        )
    if interval.start == interval.end:
        return _nothing(interval)
    return _of_interval(interval, settings, state, now)


def interval_of(settings: Settings) -> Window | None:
    """Returns the interval that decides what a run loads, maybe an empty one; None without one."""
    if settings.is_backfill or not settings.allow_external_schedulers:
        return None
    interval = assigned_interval()
    return Window(*interval) if interval else None


def ignored_bounds(
    settings: Settings, state: PipelineState, typed: Collection[str]
) -> Iterator[str]:
    """Yields what of a range on the command line does not apply.

    typed: the settings that the command line gives
    """
    bounds = {"from_date": settings.from_date, "to_date": settings.to_date}
    given = {name: bound for name, bound in bounds.items() if name in typed and bound}
    if not given or settings.is_backfill:
        return
    if interval := interval_of(settings):
        options = " and ".join(f"--{name.removesuffix('_date')}" for name in given)
        yield (
            f"The interval that the scheduler assigns decides what is loaded, {interval}; {options}"
            " alone cannot change it. To load another range, give --from and --to."
        )
        return
    known = [cursor for cursor in state.cursors(settings.tables).values() if cursor]
    if known and "from_date" in given:
        yield (
            f"Loading continues where it ended, at {short_time(min(known))}; the start"
            f" {short_time(given['from_date'])} applies only to tables that were never loaded. To"
            " load an older range, give --from and --to."
        )


def _nothing(interval: Window) -> RangeDue:
    return RangeDue(
        LoadRange(interval.end, interval.end, interval.end, timedelta()),
        None,
        [
            "The scheduler assigns an interval without length, at"
            f" {short_time(interval.start)}, so nothing is loaded. Have it assign intervals (in"
            " Airflow, by a CronDataIntervalTimetable), or set allow_external_schedulers to false:"
            " then each run loads what is due."
        ],
    )


def _of_interval(
    interval: Window, settings: Settings, state: PipelineState, now: datetime
) -> RangeDue:
    begun = _resume_point(state)
    load_range = LoadRange(
        end=interval.end,
        backfill_from=None,
        first=min(interval.start, begun or interval.start),
        lookback=settings.lookback,
        interval_from=interval.start,
        history=state.history,
        gaps={table: state.gaps(table) for table in settings.tables},
    )
    return RangeDue(load_range, _settles_at(interval.end, settings, now), [])


def _of_settings(settings: Settings, state: PipelineState, now: datetime) -> RangeDue:
    start, end = settings.from_date, settings.to_date
    settled = floor_to(now - settings.settle, SHORTEST_WINDOW)
    settles_at = None
    notices = []
    if end and settings.is_backfill and end <= now:
        settles_at = _settles_at(end, settings, now)
    elif end and end > settled:
        notices.append(
            f"Events of the last {settings.settle.total_seconds() / 60:g} minutes may still"
            f" change, so the range ends at {short_time(settled)} and not at {short_time(end)}."
        )
        end = settled
    first = start or _resume_point(state)
    if first is None:
        # rounded up to midnight, so that the whole range fits into one window
        first = floor_to(settled - _FIRST_RUN, timedelta(days=1)) + timedelta(days=1)
        notices.append(
            "Nothing was loaded before and no start is given: beginning"
            f" {_FIRST_RUN.days} days back, at {short_time(first)}. To begin earlier, give --from."
        )
    load_range = LoadRange(
        end=end or settled,
        backfill_from=start if settings.is_backfill else None,
        first=first,
        lookback=settings.lookback,
        history=state.history,
        gaps={table: state.gaps(table) for table in settings.tables},
    )
    return RangeDue(load_range, settles_at, notices)


def _settles_at(end: datetime, settings: Settings, now: datetime) -> datetime | None:
    settled = end + settings.settle
    return settled if settled > now else None


def _resume_point(state: PipelineState) -> datetime | None:
    # at the earliest cursor or at the end of the history; gaps in it before that stay gaps
    ends = [window.end for window in state.history][-1:]
    return min([*ends, *filter(None, state.cursors(TABLES).values())], default=None)
