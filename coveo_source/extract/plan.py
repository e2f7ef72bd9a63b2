"""What a run will do: the windows, each with its export if that is already there.

Reads the pipeline's state, the server's clock, its list of exports and its estimates; creates
and changes nothing.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..api.client import CoveoClient
from ..exceptions import ExportFailed, RowLimitReached, SettingError
from ..exports.export import Export
from ..exports.job import ExportOwner, ExportRequest, ours
from ..exports.window import (
    SMALLEST,
    Span,
    Window,
    WindowTables,
    fit,
    floor_to,
    halves,
    short_time,
    split_after_export,
    tiled,
    windows_due,
)
from ..settings import Settings, assigned_interval
from ..tables import CURSOR, TABLES
from .state import PipelineState

FIRST_RUN = timedelta(days=30)
"""How far back a first run reaches that was told no start."""


@dataclass(frozen=True)
class PlannedExport:
    """One window of a plan.

    estimate: the rows that Coveo expects in all tables; None where an export is already there
    export: the export that a former run left, if there is one
    """

    request: ExportRequest
    estimate: int | None
    export: Export | None

    @property
    def window(self) -> Window:
        """The window that the export covers."""
        return self.request.window

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it holds."""
        return self.request.tables


@dataclass(frozen=True)
class Plan:
    """What a run will do, in this order.

    stale: exports of ours that nothing needs any more, to be deleted
    notices: what the user may not expect
    row_limit: the most rows that one export may hold, if there is a limit
    """

    steps: list[PlannedExport]
    stale: list[Export]
    notices: list[str] = field(default_factory=list)
    row_limit: int | None = None


def make_plan(
    settings: Settings,
    state: PipelineState,
    client: CoveoClient,
    owner: ExportOwner,
    tables: Iterable[str],
) -> Plan:
    """Decides what is due for some tables.

    Raises:
        SettingError: if a dimension does not exist
        ApiError, ServiceUnreachable: if Coveo does not answer as it should
    """
    found = ours(map(Export.parse, client.exports()), owner)
    notices: list[str] = []
    span = span_of(settings, state, client.now, notices)
    cursors = state.cursors(tables)
    notices.extend(ignored_start(settings, cursors))
    parts = windows_due(cursors, span, TABLES)
    dimensions = wanted_dimensions(settings, client) if parts else ()

    def request(part: WindowTables) -> ExportRequest:
        return ExportRequest(part, owner, settings, dimensions)

    def rows(part: WindowTables) -> int:
        return sum(client.estimate(request(part).estimate_query).values())

    row_limit = client.row_limit() if parts else None
    if row_limit == 0:
        # halving would never end before the smallest windows
        raise RowLimitReached(str(parts[0].window), rows(parts[0]), 0)

    steps: list[PlannedExport] = []
    for part, export in match_exports(parts, found, request, settings.lookback):
        if export:
            steps.append(PlannedExport(request(part), None, export))
        else:
            for tile in tiled([part], settings.window):
                pieces = fit(tile, rows, row_limit)
                steps += [PlannedExport(request(piece), size, None) for piece, size in pieces]
    used = {step.export.id for step in steps if step.export}
    stale = [export for export in found if export.id not in used]
    return Plan(steps, [] if settings.keep_exports else stale, notices, row_limit)


def smaller(step: PlannedExport, client: CoveoClient, failure: ExportFailed) -> list[PlannedExport]:
    """The halves of a window whose export failed; Coveo does not say why, so it may be the size.

    Raises:
        RowLimitReached: if it is too large for the limit and cannot be halved
        ExportFailed: if it is not, and cannot be halved
    """

    def rows(part: WindowTables) -> int:
        return sum(client.estimate(replace(step.request, part=part).estimate_query).values())

    due = step.request.part
    pieces = halves(due.window)
    if pieces:
        parts = [WindowTables(window, due.tables) for window in pieces]
        return [PlannedExport(replace(step.request, part=part), rows(part), None) for part in parts]
    expected, limit = rows(due), client.row_limit()
    if limit is not None and expected > limit:
        raise RowLimitReached(str(due.window), expected, limit) from failure
    raise failure


def span_of(settings: Settings, state: PipelineState, now: datetime, notices: list[str]) -> Span:
    """The range of this run; appends what it had to decide to `notices`."""
    settled = floor_to(now - settings.settle, SMALLEST)
    assigned = assigned_interval() if not settings.is_backfill else None
    start, end = assigned or (settings.from_date, settings.to_date)
    if end and end > settled:
        notices.append(
            f"Events of the last {settings.settle.total_seconds() / 60:g} minutes may still"
            f" change, so the range ends at {short_time(settled)} and not at {short_time(end)}."
        )
    history = state.history
    first = start or resume_point(state)
    if first is None:
        # the first midnight in that time, so that it is one window
        first = floor_to(settled - FIRST_RUN, timedelta(days=1)) + timedelta(days=1)
        notices.append(
            f"Nothing was loaded before and no start is given: beginning {FIRST_RUN.days} days"
            f" back, at {short_time(first)}. For more, give --from."
        )
    return Span(
        end=min(end, settled) if end else settled,
        backfill_from=start if assigned or settings.is_backfill else None,
        first=first,
        lookback=settings.lookback,
        history=history,
    )


def resume_point(state: PipelineState) -> datetime | None:
    """Where the loading goes on for a table that has caught up with the history.

    That is at the first cursor, or where the history ends; what was a gap in the history before
    that stays one.
    """
    ends = [past.end for past in state.history][-1:]
    return min([*ends, *filter(None, state.cursors(TABLES).values())], default=None)


def ignored_start(settings: Settings, cursors: dict[str, datetime | None]) -> Iterator[str]:
    """Says so if a start is given that cursors overrule."""
    known = [cursor for cursor in cursors.values() if cursor]
    if settings.from_date and not settings.to_date and known:
        yield (
            f"Loading goes on where it ended, at {short_time(min(known))}; the start"
            f" {short_time(settings.from_date)} counts for tables that were never loaded. To load"
            " an older range, give --from and --to."
        )


def match_exports(
    parts: Iterable[WindowTables],
    found: Sequence[Export],
    request: Callable[[WindowTables], ExportRequest],
    lookback: timedelta,
) -> Iterator[tuple[WindowTables, Export | None]]:
    """Pairs each window with the export that a former run left for it, if it left one.

    That run may have asked for less than is due now: since then the clock has gone on, and what
    was loaded is read again for the look-back. So a window is cut where its export begins and
    where it ends.
    """
    waiting = list(parts)[::-1]
    unused = list(found)
    while waiting:
        part = waiting.pop()
        export = reusable_export(part, unused, request)
        if export is None:
            yield part, None
            continue
        unused.remove(export)
        start, end = export.window
        if part.window.start < start:
            yield WindowTables(Window(part.window.start, start), part.tables), None
        fitting = WindowTables(Window(start, part.window.end), part.tables)
        first, *rest = split_after_export(fitting, end, export.made, lookback)
        waiting.extend(rest)
        yield first, export


def reusable_export(
    part: WindowTables, found: Iterable[Export], request: Callable[[WindowTables], ExportRequest]
) -> Export | None:
    """The first export in a window; of several that begin together the longest."""
    fitting = [
        export
        for export in found
        if part.window.start <= export.window.start
        and export.window.end <= part.window.end
        and request(WindowTables(export.window, part.tables)).made_by(export)
    ]
    latest = sorted(fitting, key=lambda export: (export.window.end, export.made), reverse=True)
    return min(latest, key=lambda export: export.window.start, default=None)


def wanted_dimensions(settings: Settings, client: CoveoClient) -> tuple[str, ...]:
    """The dimensions to ask for: those that are set and what we cannot do without.

    Raises:
        SettingError: if one that is set does not exist in the organization
    """
    if not settings.dimensions:
        return ()
    # a custom dimension's name was seen with its table in front: custom_events.c_facetvalue
    known = {
        str(entry["returnName"]).rpartition(".")[2] for entry in client.exportable_dimensions()
    }
    for name in settings.dimensions:
        if name not in known:
            close = difflib.get_close_matches(name, known, 5) or sorted(known)[:20]
            raise SettingError(
                "dimensions", name, f"This organization has, among others: {', '.join(close)}."
            )
    keys = [name for table in TABLES.values() for name in (*table.key, CURSOR)]
    links = ["visitId", "searchId", "lastSearchId"]
    needed = [name for name in (*keys, *links) if name in known]
    return tuple(dict.fromkeys([*settings.dimensions, *needed]))
