"""The section about the data itself: how new it is, if it is whole, and what does not count."""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ..dataset import utc
from ..model_settings import ModelSettings
from .formats import NBSP, long_day, number, percent
from .parts import Cell, Section, Source, Table, shortened
from .queries import Queries, Record
from .tables import count, make_table, text


class Origin(NamedTuple):
    """Where the data of a report is, and by what settings its models are built.

    organization: its id at Coveo; None if the dataset does not say
    """

    pipeline: str
    destination: str
    dataset: str
    organization: str | None
    settings: ModelSettings
    version: str

    @property
    def name(self) -> str:
        """What a reader knows it by."""
        return self.organization or self.pipeline


def loaded_section(queries: Queries, origin: Origin) -> Section:
    """Returns the section about what is loaded."""
    zone = ZoneInfo(origin.settings.time_zone)
    section = Section("data", "The data itself", "Whether these numbers can be trusted.")
    section.facts = [*_facts(queries, zone), *_settings(origin)]
    section.tables = [
        _exports(queries, zone),
        make_table(
            "Cells and records that did not fit",
            queries.ask("rejected_rows"),
            {
                "Table": lambda row: text(row["table_name"]),
                "Column": lambda row: text(row["column_name"]),
                "Reason": lambda row: text(row["reason"], ""),
                "Entries": lambda row: count(row["entries"]),
            },
            texts=3,
            empty="Every cell of every file fitted.",
        ),
        make_table(
            "Causes that no list knows",
            queries.ask("unknown_causes"),
            {
                "Type": lambda row: text(row["c_event_type"]),
                "Cause": lambda row: text(row["cause"], "(none)"),
                "Events": lambda row: count(row["events"]),
            },
            texts=2,
            empty="The lists of causes know all causes of these days.",
        ),
    ]
    return section


def _facts(queries: Queries, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    for row in queries.ask("newest_events").rows:
        kind = {"Custom": "custom event"}.get(row["c_event_type"], row["c_event_type"].lower())
        newest = _moment(row["newest"], zone)
        yield f"Newest {kind}", f"{newest} ({number(row['events'])} since {_day(row, zone)})"
    for row in queries.ask("exports_total").rows:
        if row["windows"]:
            yield (
                "Loaded",
                f"{_moment(row['window_start'], zone)} to {_moment(row['window_end'], zone)}",
            )
            yield "Exports", _reconciled(row)
            yield "Rows", _rows(row)
    for row in queries.ask("traffic").rows:
        yield "Robots", f"{number(row['bot_events'])} events of these days, left out"
        yield "Internal traffic", f"{number(row['internal_events'])} events of these days, left out"
        yield "Clicks without their search", _of(row["clicks_without_search"], row["clicks"])
        yield "Events without a visit", number(row["events_without_visit"])
    for row in queries.ask("models_built").rows:
        if row["load_id"]:
            built = datetime.fromtimestamp(float(row["load_id"]), timezone.utc)
            yield "Models built", _moment(built, zone)


def _settings(origin: Origin) -> Iterator[tuple[str, str]]:
    settings = origin.settings
    yield "Time zone", settings.time_zone
    yield "Visits that make a gap", f"at least {settings.gap_visits} in a week"
    if settings.model_dimensions:
        yield "Dimensions of the models", ", ".join(settings.model_dimensions)
    for seed, causes in settings.causes:
        yield f"Own {seed.replace('_', ' ')}", number(len(causes))
    yield "Pipeline", f"{origin.pipeline}, dataset {origin.dataset} ({origin.destination})"
    yield "Version", f"coveo_source {origin.version}"


def _reconciled(row: Record) -> str:
    if row["windows"] == row["reconciled"]:
        return f"{number(row['windows'])}, all counted after the load"
    counted = number(row["reconciled"])
    return f"{number(row['windows'])}, of which {counted} were counted after the load"


def _rows(row: Record) -> str:
    parts = [f"{number(row['records'] or 0)} records in the files"]
    parts.append(f"{number(row['loaded'] or 0)} rows loaded")
    parts += [
        f"{number(row[name])} {words}"
        for name, words in (
            ("rejected", "cells or records that did not fit"),
            ("late", "late"),
            ("gone", "no longer with Coveo"),
        )
        if row[name]
    ]
    return ", ".join(parts)


def _of(part: int, whole: int) -> str:
    return f"{number(part)} ({percent(part / whole)})" if whole else number(part)


def _exports(queries: Queries, zone: ZoneInfo) -> Table:
    answer = queries.ask("exports")
    columns = ("From", "To", "Records", "Loaded", "Late", "Gone", "Did not fit", "Counted")
    rows = [
        [
            _when(row["window_start"], zone),
            _when(row["window_end"], zone),
            _number(row["records"]),
            _number(row["loaded"]),
            _number(row["late"]),
            _number(row["gone"]),
            _number(row["rejected"]),
            _counted(row),
        ]
        for row in answer.rows
    ]
    empty = "The dataset does not say what was exported."
    numbers = frozenset(range(2, 7))
    return Table("Newest exports", columns, rows, Source.of(answer), empty, numbers)


def _counted(row: Record) -> Cell:
    if row["reconciled_at"] is None:
        return Cell("not yet", 0, "bad")
    return Cell("all there", 2) if row["loaded"] == row["row_keys"] else Cell("differs", 1, "bad")


def _number(value: Any) -> Cell:
    return Cell("unknown", -1) if value is None else count(value)


def _when(moment: datetime, zone: ZoneInfo) -> Cell:
    return Cell(_moment(moment, zone), utc(moment).timestamp())


def _day(row: Record, zone: ZoneInfo) -> str:
    return long_day(utc(row["oldest"]).astimezone(zone).date())


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = utc(moment).astimezone(zone)
    return shortened(f"{long_day(local.date())}, {local:%H:%M}").replace(" ", NBSP)
