"""Plans against a demo server, from a state as an earlier run leaves it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer
from coveo_source.exports.job import ExportOwner, ExportRequest
from coveo_source.exports.window import Window, WindowTables
from coveo_source.extract.plan import Plan, make_plan
from coveo_source.extract.state import PipelineState
from coveo_source.settings import CoveoConfiguration, Settings, check_settings
from coveo_source.tables import TABLES
from tests.support.clock import ANY_TIME, ANY_TIME_MINUTES

ALL_TABLES = tuple(TABLES)
OWNER = ExportOwner("coveo", "coveo_ua")
SETTLED = datetime(2026, 3, 11, 11, 45, tzinfo=timezone.utc)
"""A quarter of an hour before the time of the tests' servers."""
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

Serve = Callable[..., DemoServer]


def day(number: int, hour: int = 0) -> datetime:
    """Returns a time in March 2026."""
    return datetime(2026, 3, number, hour, tzinfo=timezone.utc)


def state(
    cursors: dict[str, datetime] | None = None, history: Iterable[tuple[datetime, datetime]] = ()
) -> dict[str, Any]:
    """Returns the source's state as dlt stores it."""
    return {
        "resources": {
            table: {"incremental": {"datetime": {"last_value": cursor}}}
            for table, cursor in (cursors or {}).items()
        },
        "history": [[start.isoformat(), end.isoformat()] for start, end in history],
    }


def without_cursor(state: dict[str, Any], table: str) -> dict[str, Any]:
    """Returns a state as it is after a table was dropped."""
    resources = {name: slot for name, slot in state["resources"].items() if name != table}
    return {**state, "resources": resources}


LOADED = state(dict.fromkeys(ALL_TABLES, day(9)), [(day(1), day(9))])


def settings_of(server: DemoServer, **values: Any) -> Settings:
    configuration = CoveoConfiguration()
    configuration.api_key = server.api_key
    configuration.org = server.org
    configuration.base_url = server.base_url
    configuration.clock_tolerance_minutes = ANY_TIME_MINUTES
    for name, value in values.items():
        assert hasattr(configuration, name), name
        setattr(configuration, name, value)
    return check_settings(configuration)


def client_of(server: DemoServer) -> CoveoClient:
    return CoveoClient(server.base_url, server.org, server.api_key, clock_tolerance=ANY_TIME)


def plan_of(
    server: DemoServer,
    state: dict[str, Any] | None = None,
    tables: Iterable[str] = ALL_TABLES,
    **values: Any,
) -> Plan:
    """Makes a plan with these settings, and checks that the state does not change."""
    before = repr(state)
    settings = settings_of(server, **values)
    plan = make_plan(settings, PipelineState(state or {}), client_of(server), OWNER, tables)
    assert repr(state) == before
    return plan


def parts_of(plan: Plan) -> list[WindowTables]:
    return [WindowTables(step.window, step.tables) for step in plan.steps]


def windows_of(plan: Plan) -> list[tuple[datetime, datetime]]:
    return [(step.window.start, step.window.end) for step in plan.steps]


def notices_of(plan: Plan) -> str:
    return "\n".join(plan.notices)


def leave_export(
    server: DemoServer,
    start: datetime,
    end: datetime,
    tables: tuple[str, ...] = ALL_TABLES,
    owner: ExportOwner = OWNER,
    **values: Any,
) -> str:
    """Creates an export, as a run does that is killed after that; returns its id."""
    settings = settings_of(server, **values)
    request = ExportRequest(Window(start, end), tables, owner, settings)
    return request.create(client_of(server)).id


def write_requests(server: DemoServer) -> list[str]:
    """Returns the paths of all requests that create or delete something."""
    return [request.path for request in server.requests if request.method != "GET"]
