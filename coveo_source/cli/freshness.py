"""The verb `freshness`: how new the data is, for whoever is to be woken up if it is not.

It changes nothing, needs no settings and asks nothing of Coveo.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ..dataset import HOUR, TableFreshness, is_leased, measure_freshness, open_dataset, read_ledger
from ..exceptions import NothingLoaded
from ..exports import short_time
from ..extract import PipelineState
from ..setting_values import between, iso_time, table_names
from ..tables import TABLES
from .grids import grid
from .json_output import as_bounds, json_object
from .pipeline import Options, looking
from .progress import ConsoleProgress

_MOST_HOURS = 1_000_000
"""A century: nobody waits longer."""


@dataclass(frozen=True)
class Freshness:
    """How new a dataset was when somebody looked.

    now: when that was
    most: the age above which a table is stale
    tables: those that were asked for, or that were ever loaded
    """

    now: datetime
    most: timedelta
    tables: Sequence[TableFreshness]

    @property
    def alarms(self) -> list[str]:
        """What somebody has to look after, as sentences; none if all is fresh."""
        if not self.tables:
            return ["Nothing is loaded."]
        return [text for each in self.tables for text in each.alarms(self.now, self.most)]


def check_freshness(options: Options, hours: float, tables: Sequence[str] | None) -> Freshness:
    """Looks how new the data is.

    hours: the age above which a table is stale
    tables: those that have to be loaded; None for all that ever were

    Raises:
        SettingError: if a table is unknown or the hours are not accepted
        PipelineMismatch: if the pipeline holds another source's data
    """
    most = timedelta(hours=between("max_hours", hours, 0, _MOST_HOURS))
    wanted = table_names(tables) if tables else ()
    found = _look(options, wanted)
    return Freshness(datetime.now(timezone.utc), most, found)


def _look(options: Options, wanted: Sequence[str]) -> list[TableFreshness]:
    try:
        with looking(options, ConsoleProgress()) as pipeline:
            # the copy in which this looks may be older than what another machine has loaded
            pipeline.sync_destination()
            state = PipelineState.of_pipeline(pipeline.state)
            with open_dataset(pipeline) as dataset:
                gaps = {table: state.gaps(table) for table in TABLES}
                is_loading = dataset is not None and is_leased(dataset)
                return measure_freshness(read_ledger(dataset), wanted, gaps, is_loading)
    except NothingLoaded:
        return [TableFreshness(table, None) for table in wanted]


def freshness_text(found: Freshness) -> str:
    """Returns up to when each table is loaded, and how long ago that is."""
    lines = [["table", "loaded up to", "hours ago"]]
    for each in found.tables:
        age = each.age(found.now)
        ago = "" if age is None else f"{age / HOUR:,.1f}"
        lines.append([each.table, short_time(each.until) if each.until else "never", ago])
    return "\n".join(
        [
            *([grid(lines, rule_before=1, left=(0, 1))] if found.tables else []),
            *_gap_lines(found.tables),
        ]
    )


def freshness_json(found: Freshness) -> dict[str, Any]:
    """Returns the same as an object; docs/json.md says what each field means."""
    return json_object(
        "freshness",
        is_fresh=not found.alarms,
        max_hours=found.most / HOUR,
        checked_at=iso_time(found.now),
        tables={each.table: _table_json(each, found.now) for each in found.tables},
        alarms=found.alarms,
    )


def _table_json(table: TableFreshness, now: datetime) -> dict[str, Any]:
    age = table.age(now)
    return {
        "loaded_until": iso_time(table.until) if table.until else None,
        "hours": None if age is None else round(age / HOUR, 3),
        "unreconciled": [as_bounds(window) for window in table.unreconciled],
        "gaps": [as_bounds(gap) for gap in table.gaps],
    }


def _gap_lines(tables: Sequence[TableFreshness]) -> Iterator[str]:
    """Yields the gaps that the next run fills; those that stay too long are alarms too."""
    for each in tables:
        for gap in each.gaps:
            yield f"{each.table}: not loaded yet: {gap}"
