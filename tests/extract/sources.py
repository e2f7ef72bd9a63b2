"""The source against a demo server, with the keys that it should load."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from coveo_source import coveo_source
from coveo_source.demo import COLUMNS, DemoServer
from coveo_source.tables import TABLES
from tests.support.cli_user import connection_settings, query
from tests.support.clock import Clock

Serve = Callable[..., DemoServer]
MARCH = "2026-03-01"


def source(server: DemoServer, **settings: Any) -> Any:
    return coveo_source(**connection_settings(server), **settings)


def expected_keys(server: DemoServer, table: str, clock: Clock) -> set[Any]:
    """Returns the keys that the demo's events have from March 1 until the settle margin."""
    places = [COLUMNS[table].index(name) for name in TABLES[table].key]
    start = datetime(2026, 3, 1, tzinfo=timezone.utc)
    events = server.traffic.rows(table, start, clock.now - timedelta(minutes=15))
    return {tuple(row[place] for place in places) for row in events}


def loaded_keys(table: str) -> set[Any]:
    columns = {"searches": "id", "clicks": "click_id", "custom_events": "custom_event_id"}
    columns |= {"keywords": "search_id, keyword", "groups": "search_id, group_name"}
    return set(query(f"select {columns[table]} from {table}"))
