"""Makes a report of a dataset: chooses the days, asks the queries, and fills the page."""

from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..command_lines import verb_command
from ..dataset import DatasetSql, read_ledger, utc
from ..exceptions import PipelineMismatch
from ..exports import Window
from ..models import model_names
from ..tables import EVENT_TABLES
from .coverage import loaded_windows
from .loaded import Origin
from .notebook import Connection, notebook_code
from .page import render_page
from .period import DAY, Comparison, Period, compare, full_days, touched_days, unfinished
from .queries import Place, Queries
from .sections import make_sections
from .svg import Artist

_ANY = "select 1 from {} limit 1"
_ENDS = "select min(datetime) as oldest, max(datetime) as newest from {}"


class ReportRequest(NamedTuple):
    """What somebody wants to see.

    start, end: the first day, and the day after the last one; None for the usual
    with_names: whether who somebody is, and what only one visit did, may be shown
    visit: the visit whose timeline is shown; None for an example
    """

    start: date | None = None
    end: date | None = None
    with_names: bool = False
    visit: str | None = None


class Report(NamedTuple):
    """A report: the text of its HTML file, and what it is about."""

    html: str
    days: Comparison


def make_report(place: Place, origin: Origin, request: ReportRequest, artist: Artist) -> Report:
    """Makes a report.

    Raises:
        SettingError: if the days or the visit that are asked for are not there
        PipelineMismatch: if models are missing
        ReportError: if the database refuses a query
    """
    queries = _queries(place, origin, request)
    sections = make_sections(queries, artist, origin, request.visit)
    made = datetime.now(ZoneInfo(origin.settings.time_zone))
    title = f"Search analytics of {origin.name}"
    return Report(render_page(title, queries.days, sections, made), queries.days)


def make_notebook(
    place: Place, origin: Origin, request: ReportRequest, file: str, connection: Connection
) -> str:
    """Returns a marimo notebook with the queries and charts of a report, as text.

    file: its name

    Raises:
        SettingError, PipelineMismatch, ReportError: as for make_report
    """
    queries = _queries(place, origin, request)
    return notebook_code(queries, f"Search analytics of {origin.name}", file, connection)


def _queries(place: Place, origin: Origin, request: ReportRequest) -> Queries:
    check_models(place.dataset, origin.pipeline)
    zone = ZoneInfo(origin.settings.time_zone)
    days = choose_days(place.dataset, zone, request.start, request.end)
    return Queries(place, days, request.with_names)


def check_models(dataset: DatasetSql, pipeline: str) -> None:
    """Raises PipelineMismatch if events are loaded and models are missing."""
    columns = dataset.columns(*model_names(), *EVENT_TABLES)
    missing = [name for name in model_names() if not columns[name]]
    loaded = [name for name in EVENT_TABLES if columns[name]]
    if missing and any(dataset.rows(_ANY.format(dataset.table(name))) for name in loaded):
        raise PipelineMismatch(
            f"These models are not built: {', '.join(missing)}. Build them first:"
            f" {verb_command(pipeline, 'models')}"
        )


def choose_days(
    dataset: DatasetSql, zone: ZoneInfo, start: date | None, end: date | None
) -> Comparison:
    """Returns the days to report on, by what is loaded.

    Raises:
        SettingError: if nothing of the days that are asked for is loaded
    """
    windows = loaded_windows(read_ledger(dataset)) or _windows_of_events(dataset)
    if loaded := full_days(windows, zone):
        return compare(loaded, start, end)
    today = datetime.now(zone).date()
    touched = touched_days(windows, zone) or Period(today, today + DAY)
    return unfinished(touched)


def _windows_of_events(dataset: DatasetSql) -> list[Window]:
    """Returns the time from the first to the newest event, where `exports` does not say more."""
    found = dataset.records(_ENDS.format(dataset.table("all_events")))
    return [Window(utc(row["oldest"]), utc(row["newest"])) for row in found if row["oldest"]]
