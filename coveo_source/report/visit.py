"""The timeline of one visit, event by event."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from ..dataset import utc
from ..exceptions import SettingError
from .formats import duration, long_day, number, plural
from .parts import Cell, Section, Source, Table, shortened
from .queries import Answer, Queries, Record

_TYPES = {"Search": "Search", "Click": "Click", "Custom": "Event"}
_HIDDEN = "(only in this visit)"


def visit_section(queries: Queries, zone: ZoneInfo, visit: str | None) -> Section | None:
    """Returns the timeline of a visit, or of an example; None if there is none to show.

    Raises:
        SettingError: if no event has the visit that was asked for
    """
    chosen = visit or next((row["visit_id"] for row in queries.ask("example_visit").rows), None)
    if chosen is None:
        return None
    answer = queries.ask("visit_timeline", chosen)
    if not answer.rows:
        raise SettingError("visit", visit, "No event that is loaded has this visit.")
    section = Section("visit", "One visit" if visit else "One visit, as an example")
    first, last = utc(answer.rows[0]["datetime"]), utc(answer.rows[-1]["datetime"])
    took = duration((last - first).total_seconds() * 1000)
    section.text = (
        f"{long_day(first.astimezone(zone).date())}, {took} from the first to the last event."
    )
    if queries.with_names:
        section.facts = list(_names(chosen, answer.rows))
    else:
        section.text += " What nobody did in another visit is left out, as are names."
    section.tables = [_timeline(answer, zone, queries.with_names)]
    return section


def _names(visit: str, rows: list[Record]) -> Iterator[tuple[str, str]]:
    yield "Visit", shortened(visit)
    for title, column in (("User", "event_user_name"), ("Visitor", "event_visitor_id")):
        found = dict.fromkeys(row[column] for row in rows if row[column])
        if found:
            yield title, shortened(", ".join(found))


def _timeline(answer: Answer, zone: ZoneInfo, with_names: bool) -> Table:
    rows = [
        [
            Cell(number(row["event_number"]), row["event_number"]),
            Cell(f"{utc(row['datetime']).astimezone(zone):%H:%M:%S}", row["event_number"]),
            _since(row["ms_since_previous_event"]),
            Cell(_TYPES[row["c_event_type"]], None, row["c_event_type"].lower()),
            Cell(_what(row, with_names)),
            Cell(_details(row)),
        ]
        for row in answer.rows
    ]
    columns = ("No.", "Time", "After", "Type", "What", "Details")
    return Table("Timeline", columns, rows, Source.of(answer), numbers=frozenset((0, 2)))


def _since(milliseconds: int | None) -> Cell:
    return Cell("", -1) if milliseconds is None else Cell(duration(milliseconds), milliseconds)


def _what(row: Record, with_names: bool) -> str:
    """Returns what was asked, opened or logged, if others did so too."""
    if not row["what"]:
        return "(blank)" if row["c_event_type"] == "Search" else ""
    return shortened(row["what"]) if with_names or row["visits"] > 1 else _HIDDEN


def _details(row: Record) -> str:
    parts = [shortened(row["cause"])]
    if row["number_of_results"] is not None:
        parts.append(plural(row["number_of_results"], "result"))
    if row["event_result_rank"] is not None:
        parts.append(f"rank {row['event_result_rank']}")
    if row["c_event_type"] == "Click" and row["source_name"]:
        parts.append(shortened(row["source_name"]))
    return ", ".join(filter(None, parts))
