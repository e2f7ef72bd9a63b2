"""A backfill that is interrupted goes on; one that is complete begins anew."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from coveo_source.demo import DemoServer, Response
from coveo_source.demo.faults import Fault, at, inject
from tests.cli.commands import run_verb
from tests.support.assertions import run_against, speed_up_retries
from tests.support.cli_user import create_requests, load, query, tables

Serve = Callable[..., DemoServer]
RANGE: dict[str, Any] = {"from_date": "2026-03-05", "to_date": "2026-03-09"}
WORDS = ("--from", "2026-03-05", "--to", "2026-03-09", "--window-days", "1")

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


def starts(server: DemoServer) -> list[str]:
    return [request["from"][0][:10] for request in create_requests(server)]


def interrupt_after(demo: DemoServer, windows: int, words: Sequence[str] = WORDS) -> None:
    """Runs the backfill until the export of a later window can no longer be created."""
    inject(demo, Fault(at("create"), close, times=None, skip=windows))
    assert run_against(demo, *words, exports_ahead=0).code == 1
    inject(demo)


def close(*_: object) -> Response:
    raise ConnectionAbortedError


def test_it_goes_on_with_the_windows_that_are_left_and_says_so(demo: DemoServer) -> None:
    interrupt_after(demo, 2)
    demo.requests.clear()
    completed = run_against(demo, *WORDS, exports_ahead=0)
    assert completed.code == 0, completed.err
    assert "Going on with this range, begun on" in completed.err
    assert "2 windows are loaded already" in completed.err
    assert starts(demo) == ["2026-03-07", "2026-03-08"]


@pytest.mark.thorough
def test_its_rows_are_those_of_one_that_was_not_interrupted(demo: DemoServer, serve: Serve) -> None:
    interrupt_after(demo, 1)
    assert run_against(demo, *WORDS).code == 0
    interrupted = tables(("clicks", "keywords"))
    load(serve(), **RANGE, tables=["clicks", "keywords"], dataset="whole")
    assert interrupted["clicks"]
    for table, found in interrupted.items():
        assert query(f"select * exclude (_dlt_load_id) from whole.{table} order by all") == found


def test_the_plan_shows_what_is_left(demo: DemoServer) -> None:
    interrupt_after(demo, 1)
    completed = run_verb(demo, "plan", *WORDS, "--tables", "clicks", "keywords")
    assert "Going on with this range" in completed.stdout
    assert completed.stdout.count("\n2026-03-0") == 3


def test_a_complete_one_loads_anew(demo: DemoServer) -> None:
    assert run_against(demo, *WORDS).code == 0
    demo.requests.clear()
    completed = run_against(demo, *WORDS)
    assert "Going on" not in completed.err
    assert len(starts(demo)) == 4


@pytest.mark.thorough
def test_another_range_or_other_tables_or_filters_are_another_backfill(demo: DemoServer) -> None:
    two_windows = (*WORDS[:4], "--window-days", "2")
    interrupt_after(demo, 1, two_windows)
    others: list[dict[str, Any]] = [
        {"words": ("--from", "2026-03-06", *two_windows[2:])},
        {"words": (*two_windows, "--tables", "clicks")},
        {"words": two_windows, "filters": "deviceCategory!='Bot'"},
        {"words": (*two_windows, "--replace")},
    ]
    for changed in others:
        demo.requests.clear()
        words = changed.pop("words")
        completed = run_against(demo, *words, **changed)
        assert completed.code == 0, completed.err
        assert len(starts(demo)) == 2


def test_an_export_of_before_it_began_is_not_used(demo: DemoServer) -> None:
    load(demo, **RANGE, keep_exports=True)
    load(demo, **RANGE, keep_exports=True)
    assert len(demo.exports) == 2


def test_an_export_that_was_built_for_it_is_used(demo: DemoServer) -> None:
    inject(demo, Fault(at("file"), close, times=None))
    assert run_against(demo, *WORDS[:4]).code == 1
    inject(demo)
    assert run_against(demo, *WORDS[:4]).code == 0
    assert len(starts(demo)) == 1


@pytest.mark.parametrize(
    ("verb", "says"), [("run", "Nothing new was due"), ("plan", "Nothing is due")]
)
def test_a_range_without_length_loads_nothing_and_says_so(
    demo: DemoServer, verb: str, says: str
) -> None:
    completed = run_verb(demo, verb, "--from", "2026-03-02", "--to", "2026-03-02")
    assert completed.returncode == 0, completed.stderr
    assert says in completed.stdout
    assert create_requests(demo) == []
