"""What a run will do: its windows, each with its export if that exists. Changes nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from ..api import CoveoClient
from ..dataset import Ledger
from ..exceptions import RowLimitReached
from ..exports import (
    Export,
    ExportOwner,
    ExportRequest,
    LoadRange,
    Window,
    WindowTables,
    common_windows,
    owned_by,
    short_time,
    split_after_export,
    split_by_length,
    split_to_limit,
    window_between,
    windows_due,
)
from ..settings import Settings
from ..tables import TABLES
from .column_names import called_otherwise
from .load_range import range_due
from .privacy_changes import check_hash_key, privacy_changes
from .state import PipelineState
from .task import NO_TASK, Task
from .wanted_dimensions import wanted_dimensions

_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class PlannedExport:
    """One step of a plan: a window, and the export that covers it.

    estimates: the rows that Coveo expects, by table; None if the export already exists
    export: the export that an earlier run left, if there is one
    """

    request: ExportRequest
    estimates: Mapping[str, int] | None
    export: Export | None
    task: Task = NO_TASK

    @property
    def estimate(self) -> int | None:
        """The rows that Coveo expects in all tables; None if nobody has asked for them."""
        return None if self.estimates is None else sum(self.estimates.values())

    @property
    def window(self) -> Window:
        """The window that the export covers."""
        return self.request.window

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the export holds."""
        return self.request.tables


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    steps: in the order in which they are loaded
    stale: our own exports that are no longer needed and are to be deleted
    notices: messages about what the user may not expect
    row_limit: the most rows that one export may hold, if there is a limit
    task: what was asked for, beside what is due
    renamed: the columns of known dimensions that are called otherwise in the dataset, by API name
    settles_at: when the last events of the range are expected to be there; None if they are
    left: number of further windows, which another run is to load
    """

    steps: list[PlannedExport]
    stale: list[Export]
    notices: list[str] = field(default_factory=list)
    row_limit: int | None = None
    task: Task = NO_TASK
    renamed: Mapping[str, str] = field(default_factory=dict)
    settles_at: datetime | None = None
    left: int = 0


def make_plan(
    settings: Settings,
    state: PipelineState,
    client: CoveoClient,
    owner: ExportOwner,
    tables: Iterable[str],
    ledger: Ledger | None = None,
    task: Task = NO_TASK,
) -> Plan:
    """Plans everything that is due for some tables.

    ledger: what the dataset holds; None for nothing
    task: what is asked for, beside what is due

    Raises:
        SettingError: if a dimension does not exist, hashes would be others than before, or an
            interval is not to be loaded whole
        RowLimitReached: if the organization may export no rows at all
    """
    check_hash_key(settings, state)
    ledger = ledger or Ledger()
    owned = owned_by(map(Export.parse, client.exports()), owner)
    existing = [export.started_by(client.now) for export in owned]
    outdated = task.outdated(existing, ledger)
    proved = state.as_proved(ledger)
    cursors = proved.cursors(tables)
    due = range_due(settings, proved, client.now)
    notices = due.notices
    load_range = due.load_range._replace(
        unproved=task.unproved(ledger, cursors), done=task.done(ledger, cursors)
    )
    notices.extend(_gaps(cursors, load_range))
    notices.extend(_disagreements(state, cursors, load_range))
    notices.extend(task.notices(ledger))
    notices.extend(privacy_changes(settings, state, [name for name in cursors if cursors[name]]))
    parts = windows_due(cursors, load_range, TABLES)
    dimensions = wanted_dimensions(settings, client) if parts else ()
    row_limit = client.row_limit() if parts else None

    def request(part: WindowTables) -> ExportRequest:
        return ExportRequest(*part, owner, settings, dimensions, outdated)

    if row_limit == 0:
        # otherwise every window would be halved down to the smallest size
        expected = sum(estimates_of(request(parts[0]), client).values())
        raise RowLimitReached(str(parts[0].window), expected, 0)
    steps: list[PlannedExport] = []
    for part, export in _match_exports(parts, existing, request, settings.lookback):
        if export:
            steps.append(PlannedExport(request(part), None, export, task))
        else:
            steps.extend(_new_exports(request(part), client, row_limit, task))
    used = {step.export.id for step in steps if step.export}
    stale = [export for export in existing if export.id not in used]
    unneeded = [] if settings.keep_exports else stale
    renamed = called_otherwise(state.column_names)
    now = steps[: settings.max_windows]
    left = len(steps) - len(now)
    return Plan(now, unneeded, notices, row_limit, task, renamed, due.settles_at, left)


def _disagreements(
    state: PipelineState, cursors: Mapping[str, datetime | None], load_range: LoadRange
) -> Iterator[str]:
    if load_range.backfill_from:
        return
    claimed = state.cursors(cursors)
    for table, cursor in cursors.items():
        if claimed[table] != cursor:
            held = f"holds it only up to {short_time(cursor)}" if cursor else "holds nothing of it"
            yield f"{table}: the pipeline's state is ahead of the dataset, which {held}."
        for window in load_range.unproved.get(table, ()):
            yield (
                f"{table} of {window} is loaded again: it was not proved that all rows had arrived."
            )


def _gaps(cursors: Mapping[str, datetime | None], load_range: LoadRange) -> Iterator[str]:
    """Yields what intervals left out, and this run loads."""
    missed: dict[Window, list[str]] = {}
    for table, cursor in cursors.items():
        gaps = list(load_range.gaps.get(table, ()))
        if cursor and load_range.interval_from:
            gaps += window_between(cursor, load_range.interval_from)
        for gap in common_windows(gaps, Window(_NEVER, load_range.end)):
            missed.setdefault(gap, []).append(table)
    for gap, tables in sorted(missed.items()):
        yield f"No run has loaded {gap} yet ({', '.join(tables)}): it is loaded now."


def estimates_of(request: ExportRequest, client: CoveoClient) -> dict[str, int]:
    """Returns the rows that Coveo expects in an export, by table."""
    return client.estimate(request.estimate_query)


def _match_exports(
    parts: Iterable[WindowTables],
    existing: Sequence[Export],
    request: Callable[[WindowTables], ExportRequest],
    lookback: timedelta,
) -> Iterator[tuple[WindowTables, Export | None]]:
    """Yields each window with the export that an earlier run left for it, or None.

    The earlier run may have asked for less than is due now: time has passed, and the look-back
    reads again what was loaded. So a window is cut where its export begins and where it ends.
    """
    waiting = list(parts)[::-1]
    unused = list(existing)
    while waiting:
        part = waiting.pop()
        export = _reusable_export(part, unused, request)
        if export is None:
            yield part, None
            continue
        unused.remove(export)
        start, end = export.window
        if part.window.start < start:
            yield WindowTables(Window(part.window.start, start), part.tables), None
        from_start = WindowTables(Window(start, part.window.end), part.tables)
        first, *rest = split_after_export(from_start, end, export.created, lookback)
        waiting.extend(rest)
        yield first, export


def _reusable_export(
    part: WindowTables, unused: Iterable[Export], request: Callable[[WindowTables], ExportRequest]
) -> Export | None:
    """Returns the earliest export inside a window; of several with one start, the longest."""
    fitting = [
        export
        for export in unused
        if part.window.start <= export.window.start
        and export.window.end <= part.window.end
        and request(WindowTables(export.window, part.tables)).matches(export)
    ]
    latest = sorted(fitting, key=lambda export: (export.window.end, export.created), reverse=True)
    return min(latest, key=lambda export: export.window.start, default=None)


def _new_exports(
    request: ExportRequest, client: CoveoClient, row_limit: int | None, task: Task
) -> Iterator[PlannedExport]:
    """Yields the exports to create for a window, within `window_days` and the row limit."""
    estimates: dict[Window, dict[str, int]] = {}

    def rows(part: WindowTables) -> int:
        found = estimates_of(replace(request, window=part.window), client)
        estimates[part.window] = found
        return sum(found.values())

    whole = WindowTables(request.window, request.tables)
    for tile in split_by_length([whole], request.settings.window):
        for piece, _ in split_to_limit(tile, rows, row_limit):
            piece_request = replace(request, window=piece.window)
            yield PlannedExport(piece_request, estimates[piece.window], None, task)
