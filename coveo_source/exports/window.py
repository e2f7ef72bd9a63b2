"""Which `[start, end)` is due, for which tables.

Pure functions on UTC instants: they know no clock, no server and no state.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

SMALLEST = timedelta(minutes=1)
"""The grain of all windows: starts and ends are whole minutes unless a user says otherwise."""

LAST_INSTANT = timedelta(milliseconds=1)
"""Coveo's `to` is inclusive to the millisecond (inferred), so a window ends this much earlier."""


class Window(NamedTuple):
    """A half-open interval `[start, end)` in UTC; never empty."""

    start: datetime
    end: datetime

    @property
    def wire(self) -> dict[str, str]:
        """`from` and `to` as the API wants them."""
        return {"from": wire_time(self.start), "to": wire_time(self.end - LAST_INSTANT)}

    def __str__(self) -> str:
        return f"{short_time(self.start)} to {short_time(self.end)}"


class WindowTables(NamedTuple):
    """A window and the tables that one export of it has to hold."""

    window: Window
    tables: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.window} ({', '.join(self.tables)})"


class Span(NamedTuple):
    """What bounds the windows of one run.

    end: where the range ends; never later than now minus the settle margin
    backfill_from: the start of an explicit range, which cursors have no say in; else None
    first: where a table without a cursor begins, unless `history` begins earlier
    lookback: how far behind its cursor a table is read again
    history: what former runs have loaded, which a table without a cursor has to catch up with
    """

    end: datetime
    backfill_from: datetime | None
    first: datetime
    lookback: timedelta
    history: Sequence[Window] = ()


def wire_time(instant: datetime) -> str:
    """`YYYY-MM-DDThh:mm:ss.sssZ`."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def short_time(instant: datetime) -> str:
    """As people write it: no time of day at midnight, no seconds where there are none."""
    if instant.second or instant.microsecond:
        return f"{instant:%Y-%m-%d %H:%M:%S}.{instant.microsecond // 1000:03d}"
    return f"{instant:%Y-%m-%d %H:%M}" if instant.hour or instant.minute else f"{instant:%Y-%m-%d}"


def floor_to(instant: datetime, grain: timedelta) -> datetime:
    """The last multiple of `grain` since midnight that is not after `instant`."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return instant - (instant - midnight) % grain


def windows_due(
    cursors: dict[str, datetime | None], span: Span, order: Iterable[str]
) -> list[WindowTables]:
    """The windows that a run has to load, oldest first, each with the tables it is due for.

    cursors: up to where each wanted table is loaded; None for a table that never was
    order: the order in which tables are named

    Windows never overlap; together they cover what is due for each table, and nothing else. They
    are as long as their tables stay the same: `tiled` cuts them.
    """
    ranges = {table: ranges_due(cursor, span) for table, cursor in cursors.items()}
    return list(split_by_tables(ranges, [table for table in order if table in ranges]))


def tiled(parts: Iterable[WindowTables], length: timedelta) -> list[WindowTables]:
    """The same in windows of at most `length`."""
    return [
        WindowTables(window, part.tables) for part in parts for window in tile(part.window, length)
    ]


def ranges_due(cursor: datetime | None, span: Span) -> list[Window]:
    """What is due for one table, as disjoint windows, oldest first."""
    if span.backfill_from is not None:
        return window_between(span.backfill_from, span.end)
    if cursor is None:
        known = [part for past in span.history for part in clip(past, span.end)]
        return union([*known, *window_between(span.first, span.end)])
    earliest = min((past.start for past in span.history), default=cursor)
    return window_between(max(cursor - span.lookback, min(earliest, cursor)), span.end)


def window_between(start: datetime, end: datetime) -> list[Window]:
    """`[start, end)` as a list, which is empty where nothing lies between them."""
    return [Window(start, end)] if start < end else []


def clip(window: Window, end: datetime) -> list[Window]:
    """The part of a window before `end`."""
    return window_between(window.start, min(window.end, end))


def union(windows: Iterable[Window]) -> list[Window]:
    """The same instants as disjoint windows that do not touch, oldest first."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def split_by_tables(
    ranges: dict[str, list[Window]], order: Sequence[str]
) -> Iterator[WindowTables]:
    """Cuts the ranges of all tables where the set of tables changes."""
    cuts = sorted(
        {instant for windows in ranges.values() for window in windows for instant in window}
    )
    for start, end in pairwise(cuts):
        tables = tuple(
            table
            for table in order
            if any(window.start <= start < window.end for window in ranges[table])
        )
        if tables:
            yield WindowTables(Window(start, end), tables)


def tile(window: Window, length: timedelta) -> Iterator[Window]:
    """Cuts a window into pieces of at most `length`."""
    start = window.start
    while start < window.end:
        end = min(start + length, window.end)
        yield Window(start, end)
        start = end


def halves(window: Window) -> tuple[Window, Window] | None:
    """Two windows of about the same length; None if that would be smaller than SMALLEST."""
    middle = floor_to(window.start + (window.end - window.start) / 2, SMALLEST)
    if middle - window.start < SMALLEST or window.end - middle < SMALLEST:
        return None
    return Window(window.start, middle), Window(middle, window.end)


def fit(
    part: WindowTables, rows: Callable[[WindowTables], int], limit: int | None
) -> Iterator[tuple[WindowTables, int]]:
    """Halves a window until each piece is estimated at `limit` rows or fewer.

    rows: the estimate for a window and its tables
    Yields each piece with its estimate. A piece of the smallest size passes whatever its
    estimate: an estimate may be wrong, and only the export tells.
    """
    estimate = rows(part)
    pieces = halves(part.window) if limit is not None and estimate > limit else None
    if pieces is None:
        yield part, estimate
        return
    for piece in pieces:
        yield from fit(WindowTables(piece, part.tables), rows, limit)


def split_after_export(
    part: WindowTables, end: datetime, made: datetime, lookback: timedelta
) -> list[WindowTables]:
    """Cuts a due window where an export that was made earlier ends.

    end: where that export's window ends, inside of `part`
    made: when it was made; what arrived within the look-back before that may still be missing
        from it, so the next window reads that stretch again

    Returns the window of that export and, if anything is left, the window after it.
    """
    first = WindowTables(Window(part.window.start, end), part.tables)
    again_from = max(part.window.start, min(end, made - lookback))
    rest = WindowTables(Window(again_from, part.window.end), part.tables)
    return [first, rest] if end < part.window.end else [first]
