"""The windows that are due, and for which tables.

All functions are pure: they compute with UTC datetimes and read no clock, server or state.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

SHORTEST_WINDOW = timedelta(minutes=1)
"""The shortest window; they start and end at whole minutes unless the user says otherwise."""

LAST_INSTANT = timedelta(milliseconds=1)
"""Subtracted from a window's end, because Coveo's `to` is inclusive (inferred)."""


class Window(NamedTuple):
    """A half-open interval `[start, end)` of UTC datetimes; never empty."""

    start: datetime
    end: datetime

    @property
    def wire(self) -> dict[str, str]:
        """The API's parameters `from` and `to`."""
        return {"from": wire_time(self.start), "to": wire_time(self.end - LAST_INSTANT)}

    def __str__(self) -> str:
        return f"{short_time(self.start)} to {short_time(self.end)}"


class WindowTables(NamedTuple):
    """A window, and the tables that one export of it has to contain."""

    window: Window
    tables: tuple[str, ...]


class LoadRange(NamedTuple):
    """The bounds of what one run loads.

    end: the end of all windows; never later than now minus the settle margin
    backfill_from: the start of an explicit range, for which cursors are ignored; else None
    first: where a table without a cursor starts, unless `history` starts earlier
    lookback: how far before its cursor a table is loaded again
    interval_from: the start of the interval that a scheduler assigned, which is loaded even if it
        is before the cursors; None without one
    history: the windows that earlier runs loaded; a table without a cursor catches up with these
    gaps: by table, what was left out by intervals that did not follow each other
    unproved: by table, windows that were loaded, but not proved to be complete
    done: by table, what a backfill has already loaded
    """

    end: datetime
    backfill_from: datetime | None
    first: datetime
    lookback: timedelta
    interval_from: datetime | None = None
    history: Sequence[Window] = ()
    gaps: Mapping[str, Sequence[Window]] = MappingProxyType({})
    unproved: Mapping[str, Sequence[Window]] = MappingProxyType({})
    done: Mapping[str, Sequence[Window]] = MappingProxyType({})


def wire_time(instant: datetime) -> str:
    """Formats a UTC datetime for the API: `YYYY-MM-DDThh:mm:ss.sssZ`."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def short_time(instant: datetime) -> str:
    """Formats a datetime for people: without a time at midnight, without seconds if they are 0."""
    if instant.second or instant.microsecond:
        return f"{instant:%Y-%m-%d %H:%M:%S}.{instant.microsecond // 1000:03d}"
    return f"{instant:%Y-%m-%d %H:%M}" if instant.hour or instant.minute else f"{instant:%Y-%m-%d}"


def floor_to(instant: datetime, grain: timedelta) -> datetime:
    """Rounds a datetime down to a multiple of `grain` since midnight."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return instant - (instant - midnight) % grain


def windows_due(
    cursors: dict[str, datetime | None], load_range: LoadRange, order: Iterable[str]
) -> list[WindowTables]:
    """Returns the windows that a run has to load, oldest first, and the tables of each.

    cursors: up to where each table is loaded; None for a table that never was
    order: the order in which to list tables

    Windows never overlap, and together they cover exactly what is due for each table. A window
    is as long as its tables stay the same; `split_by_length` cuts it.
    """
    ranges = {table: _ranges_due(table, cursor, load_range) for table, cursor in cursors.items()}
    return list(_split_by_tables(ranges, [table for table in order if table in ranges]))


def split_by_length(parts: Iterable[WindowTables], length: timedelta) -> list[WindowTables]:
    """Cuts windows into windows of at most `length`."""
    return [
        WindowTables(window, part.tables) for part in parts for window in tile(part.window, length)
    ]


def _ranges_due(table: str, cursor: datetime | None, load_range: LoadRange) -> list[Window]:
    """Returns what is due for one table, as disjoint windows, oldest first."""
    if load_range.backfill_from is not None:
        left = window_between(load_range.backfill_from, load_range.end)
        for window in load_range.done.get(table, ()):
            left = subtract_window(left, window)
        return left
    left_open = (*load_range.gaps.get(table, ()), *load_range.unproved.get(table, ()))
    wanted = [*_ranges_since(cursor, load_range), *left_open]
    return merge_windows(
        Window(start, min(end, load_range.end)) for start, end in wanted if start < load_range.end
    )


def _ranges_since(cursor: datetime | None, load_range: LoadRange) -> list[Window]:
    """Returns what is due after a cursor; without one, all that was ever loaded is due too."""
    if cursor is None:
        return [*load_range.history, *window_between(load_range.first, load_range.end)]
    start = min(cursor, load_range.interval_from or cursor)
    earliest = min([start, *(window.start for window in load_range.history)])
    return window_between(max(start - load_range.lookback, earliest), load_range.end)


def window_between(start: datetime, end: datetime) -> list[Window]:
    """Returns `[start, end)` as a list of one window, or of none if it is empty."""
    return [Window(start, end)] if start < end else []


def merge_windows(windows: Iterable[Window]) -> list[Window]:
    """Merges windows that overlap or touch; returns them oldest first."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def common_windows(windows: Iterable[Window], window: Window) -> list[Window]:
    """Returns what of some windows is inside of another one."""
    return [
        common
        for start, end in windows
        for common in window_between(max(start, window.start), min(end, window.end))
    ]


def subtract_window(windows: Iterable[Window], taken: Window) -> list[Window]:
    """Returns what is left of windows outside of another one."""
    return [
        left
        for start, end in windows
        for left in (
            *window_between(start, min(end, taken.start)),
            *window_between(max(start, taken.end), end),
        )
    ]


def _split_by_tables(
    ranges: dict[str, list[Window]], order: Sequence[str]
) -> Iterator[WindowTables]:
    """Yields the windows between all starts and ends, each with the tables due in it."""
    cuts = sorted({instant for windows in ranges.values() for pair in windows for instant in pair})
    for start, end in pairwise(cuts):
        tables = tuple(
            table
            for table in order
            if any(window.start <= start < window.end for window in ranges[table])
        )
        if tables:
            yield WindowTables(Window(start, end), tables)


def tile(window: Window, length: timedelta) -> Iterator[Window]:
    """Cuts a window into windows of at most `length`."""
    start = window.start
    while start < window.end:
        end = min(start + length, window.end)
        yield Window(start, end)
        start = end


def halves(window: Window) -> tuple[Window, Window] | None:
    """Cuts a window in two of about equal length; returns None if it is too short for that."""
    middle = floor_to(window.start + (window.end - window.start) / 2, SHORTEST_WINDOW)
    if middle - window.start < SHORTEST_WINDOW or window.end - middle < SHORTEST_WINDOW:
        return None
    return Window(window.start, middle), Window(middle, window.end)


def split_to_limit(
    part: WindowTables, rows: Callable[[WindowTables], int], limit: int | None
) -> Iterator[tuple[WindowTables, int]]:
    """Halves a window until `rows` estimates each piece at `limit` rows or fewer.

    Yields each piece with its estimate; one that is too short to be halved is yielded whatever
    its estimate, because an estimate may be wrong.
    """
    estimate = rows(part)
    both = halves(part.window) if limit is not None and estimate > limit else None
    if both is None:
        yield part, estimate
        return
    for half in both:
        yield from split_to_limit(WindowTables(half, part.tables), rows, limit)


def split_after_export(
    part: WindowTables, end: datetime, made: datetime, lookback: timedelta
) -> list[WindowTables]:
    """Cuts a window at the end of an export that an earlier run created.

    end: where the export ends, inside the window
    made: when the export was created; events from within the look-back before that may be
        missing from it, so the next window starts early enough to load them again

    Returns the window of the export, then the window after it unless nothing is left.
    """
    exported = WindowTables(Window(part.window.start, end), part.tables)
    rest_start = max(part.window.start, min(end, made - lookback))
    rest = WindowTables(Window(rest_start, part.window.end), part.tables)
    return [exported, rest] if end < part.window.end else [exported]
