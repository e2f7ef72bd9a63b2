"""Export requests, export objects and clients for the tests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer
from coveo_source.exports.job import ExportOwner, ExportRequest
from coveo_source.exports.window import Window
from coveo_source.settings import CoveoConfiguration, Settings, check_settings
from tests.support.clock import ANY_TIME, ANY_TIME_MINUTES

START = datetime(2026, 3, 3, tzinfo=timezone.utc)
WINDOW = Window(START, START + timedelta(days=1))
OWNER = ExportOwner("coveo", "coveo_ua")

Serve = Callable[..., DemoServer]

ANSWER: dict[str, Any] = {
    "id": "e1",
    "status": "available",
    "from": 1772496000000,
    "to": 1772582399999,
    "startDate": 1773230400123,
    "tables": ["SEARCHES", "clicks"],
    "description": None,
    "size": 17,
}
"""An export object of the API, for WINDOW."""


def settings_of(server: DemoServer | None = None, **changes: Any) -> Settings:
    configuration = CoveoConfiguration()
    configuration.api_key = server.api_key if server else "key"
    configuration.org = server.org if server else "acme"
    configuration.base_url = server.base_url if server else "https://platform.cloud.coveo.com"
    configuration.clock_tolerance_minutes = ANY_TIME_MINUTES
    return replace(check_settings(configuration), **changes)


def request_of(server: DemoServer | None = None, **changes: Any) -> ExportRequest:
    request = ExportRequest(WINDOW, ("searches", "clicks"), OWNER, settings_of(server))
    return replace(request, **changes)


def client_of(server: DemoServer) -> CoveoClient:
    return CoveoClient(server.base_url, server.org, server.api_key, clock_tolerance=ANY_TIME)


_SETTINGS: dict[str, dict[str, Any]] = {
    "organization": {"org": "acme2"},
    "host": {"base_url": "https://platform-eu.cloud.coveo.com"},
    "format": {"export_format": "NO_NEWLINE"},
    "filter": {"filters": ("(a=='b')",)},
    "filter of searches": {"search_filters": ("(a=='b')",)},
    "filter of custom events": {"custom_event_filters": ("(a=='b')",)},
    "two filters": {"filters": ("(a=='b')", "(c=='d')")},
}
REQUESTS: dict[str, ExportRequest] = {
    "plain": request_of(),
    **{name: request_of(settings=settings_of(**changes)) for name, changes in _SETTINGS.items()},
    "start": request_of(
        window=Window(START - timedelta(minutes=1), WINDOW.end), tables=("searches",)
    ),
    "end": request_of(
        window=Window(START, WINDOW.end + timedelta(minutes=1)), tables=("searches",)
    ),
    "tables": request_of(tables=("searches",)),
    "dimensions": request_of(dimensions=("id",)),
    "other dimensions": request_of(dimensions=("id", "datetime")),
    "pipeline": request_of(owner=ExportOwner("coveo2", "coveo_ua")),
    "dataset": request_of(owner=ExportOwner("coveo", "coveo_ua2")),
}
"""Requests for different exports, by the difference from the plain one."""
