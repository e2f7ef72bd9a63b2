"""Dimensions whose names are ours, dlt's, a database's or each other's, and files that have them."""

from collections.abc import Iterable, Mapping

from coveo_source.demo.faults import Then, all_of, changed_file, with_records
from coveo_source.demo.faults.tables import Cells, Change

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

EVENT_TABLES = ("searches", "clicks", "custom_events")


def with_dimensions(names: Mapping[str, Iterable[str]]) -> Then:
    """Sends files with further dimensions, whose values begin with their names.

    names: API names by table
    """
    return changed_file(all_of(*(_adding(table, list(added)) for table, added in names.items())))


def of_all_events(names: Iterable[str]) -> Then:
    """Sends files of events with these further dimensions."""
    return with_dimensions(dict.fromkeys(EVENT_TABLES, list(names)))


def without_values(table: str, count: int) -> Then:
    """Sends a file with so many further dimensions, in which no event has a value."""

    def edit(cells: Cells) -> Cells:
        header, *records = cells
        names = [f"c_{table}_{number}" for number in range(count)]
        return [[*header, *names], *([*record, *[""] * count] for record in records)]

    return changed_file(with_records(table, edit))


def _adding(table: str, names: list[str]) -> Change:
    def edit(cells: Cells) -> Cells:
        header, *records = cells
        values = [f"{name}:" for name in names]
        rows = ([*record, *(text + record[0] for text in values)] for record in records)
        return [[*header, *names], *rows]

    return with_records(table, edit)
