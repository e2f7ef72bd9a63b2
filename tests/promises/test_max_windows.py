"""A long history in bounded steps: each run loads some windows, and the next one goes on."""

import pytest

from coveo_source.demo import DemoServer, Response
from coveo_source.demo.faults import Fault, at, inject
from tests.support.assertions import Completed, clean_run_tables, invoke, run_against
from tests.support.cli_user import PIPELINE, create_requests, environment, tables

pytestmark = pytest.mark.slow

STEPS = ("--window-days", "3", "--max-windows", "1")
START = ("--from", "2026-03-01")
TABLES = ("clicks", "keywords")


def starts(server: DemoServer) -> list[str]:
    found = [request["from"][0][:10] for request in create_requests(server)]
    server.requests.clear()
    return found


def plan(server: DemoServer, *words: str) -> Completed:
    return invoke(PIPELINE, "plan", "--tables", *TABLES, *words, env=environment(server))


def test_runs_of_one_window_load_what_one_run_loads(demo: DemoServer) -> None:
    found, last = [], ""
    for _ in range(4):
        completed = run_against(demo, *START, *STEPS, lookback_days=0)
        assert completed.code == 0, completed.err
        found += starts(demo)
        last = completed.out
        assert demo.exports == []
    assert found == ["2026-03-01", "2026-03-04", "2026-03-07", "2026-03-10"]
    assert "more" not in last
    assert tables(TABLES) == clean_run_tables(from_date="2026-03-01")
    assert "Nothing new was due" in run_against(demo, *START, *STEPS, lookback_days=0).out


def test_run_and_plan_say_how_many_windows_are_left(demo: DemoServer) -> None:
    planned = plan(demo, *START, *STEPS)
    assert "3 windows more are due: run again." in planned.out
    assert planned.out.count(" new") == 1
    assert "3 windows more are due: run again." in run_against(demo, *START, *STEPS).out


def test_a_backfill_in_steps_goes_on_and_then_begins_anew(demo: DemoServer) -> None:
    words = (*START, "--to", "2026-03-07", *STEPS)
    for _ in range(2):
        assert run_against(demo, *words).code == 0
    assert starts(demo) == ["2026-03-01", "2026-03-04"]
    # it is complete, so the same range is another backfill
    assert run_against(demo, *words).code == 0
    assert starts(demo) == ["2026-03-01"]


def test_exports_of_later_windows_are_kept_for_the_next_runs(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), break_off, times=None))
    assert run_against(demo, *START, "--window-days", "3").code == 1
    made = starts(demo)
    assert made == ["2026-03-01", "2026-03-04", "2026-03-07"]
    inject(demo)
    for left in (2, 1, 0):
        assert run_against(demo, *START, *STEPS, lookback_days=0).code == 0
        assert len(demo.exports) == left
    assert starts(demo) == []


def break_off(*_: object) -> Response:
    raise ConnectionAbortedError


@pytest.mark.parametrize("number", ["0", "-1"])
def test_a_number_of_windows_is_at_least_one(demo: DemoServer, number: str) -> None:
    completed = run_against(demo, *START, "--max-windows", number)
    assert completed.code == 2
    assert "max_windows" in completed.err
