"""Dimensions with names that are ours, dlt's, a database's or each other's; files with them."""

from collections.abc import Iterable, Mapping

from coveo_source.demo.faults import Then, all_of, changed_file, with_records
from coveo_source.demo.faults.tables import Cells, Change
from coveo_source.tables import EVENT_TABLES

_LONG = "c_" + "long" * 20

NAMES = (
    # ours
    *("c_event_type", "c_eventType", "event_id", "eventId", "EVENT_ID", "event_number"),
    *("event_search_id", "event_is_bot", "event_day", "event_of_a_model_to_come", "type_order"),
    *("ms_since_previous_event", "msSincePreviousEvent", "event-query", "event_id_2"),
    # dlt's
    *("_dltLoadId", "_dlt_load_id", "_dlt_id", "_dlt-parent-id", "_dlt", "dlt_id"),
    # Coveo's, in this table or another
    *("event_type", "event_value", "user_name", "visit-id", "Mobile", "client_id", "clientId"),
    # each other's
    *("c_pagetype", "c_page_type", "c_pageType", "c_PAGE_TYPE", "c_page_type_2", "c-page-type"),
    *("c__x", "c_x", "é", "ü", "_", "__", "2fa", "_2fa"),
    # a database's, and keywords of SQL
    *("ctid", "xmin", "oid", "select", "order", "user", "group", "from", "desc", "table"),
    # names that the models use
    *("events", "joined", "final", "searches", "positions", "value", "unit", "load_id"),
    # too long for some databases, and for a number at their end
    *(f"{_LONG}PageType", f"{_LONG}Page_Type", f"{_LONG}_page_type"),
    *("event_" + "q" * 57, "event_" + "Q" * 57, "event_" + "q" * 70),
)
"""API names of dimensions; all of their columns differ."""


def with_dimensions(names: Mapping[str, Iterable[str]]) -> Then:
    """Sends files with further dimensions, whose values begin with their names.

    names: API names by table
    """
    return changed_file(all_of(*(_adding(table, list(added)) for table, added in names.items())))


def of_all_events(names: Iterable[str]) -> Then:
    """Sends files of events with these further dimensions."""
    added = tuple(names)
    return with_dimensions(dict.fromkeys(EVENT_TABLES, added))


def without_values(count: int, *tables: str) -> Then:
    """Sends files with so many further dimensions each, in which no event has a value."""
    return changed_file(all_of(*(_widening(table, count) for table in tables)))


def _widening(table: str, count: int) -> Change:
    def edit(cells: Cells) -> Cells:
        header, *records = cells
        names = [f"c_{table}_{number}" for number in range(count)]
        return [[*header, *names], *([*record, *[""] * count] for record in records)]

    return with_records(table, edit)


def _adding(table: str, names: list[str]) -> Change:
    def edit(cells: Cells) -> Cells:
        header, *records = cells
        values = [f"{name}:" for name in names]
        kept = [place for place, name in enumerate(header) if name not in names]
        rows = (
            [*(record[place] for place in kept), *(text + record[0] for text in values)]
            for record in records
        )
        return [[*(header[place] for place in kept), *names], *rows]

    return with_records(table, edit)
