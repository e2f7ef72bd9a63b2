"""A wrong time in an answer of Coveo loads nothing and moves no cursor."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from coveo_source import coveo_source
from coveo_source.api.client import CoveoClient
from coveo_source.causes import find_cause
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import NAMED, Fault, at, dated, inject, rewritten
from coveo_source.demo.server import utc_now
from coveo_source.exceptions import ClockMismatch
from tests.support.assertions import Completed, assert_failed_with, run_against
from tests.support.cases import some_of
from tests.support.cli_user import PIPELINE, connection_settings, open_pipeline, rows
from tests.support.clock import Clock

Serve = Callable[..., DemoServer]

FIVE_YEARS = dated(timedelta(days=5 * 365))


@pytest.fixture
def clock() -> Clock:
    """The real time, a little while ago."""
    return Clock(utc_now() - timedelta(minutes=50))


def run(server: DemoServer, *words: str) -> Completed:
    start = f"{utc_now() - timedelta(days=2):%Y-%m-%d}"
    return run_against(server, "--from", start, *words, clock_tolerance_minutes=60)


def cursors() -> dict[str, Any]:
    state = dlt.attach(PIPELINE).state["sources"]["coveo_source"]
    return {"resources": state["resources"], "history": state["history"]}


@pytest.mark.slow
@pytest.mark.parametrize("name", some_of(["clock-year-ahead", "clock-year-1"], "clock-year-1"))
def test_no_cursor_follows_a_wrong_answer(serve: Serve, clock: Clock, name: str) -> None:
    server = serve()
    assert run(server).code == 0
    before, loaded = cursors(), rows("clicks")
    clock.advance(minutes=50)
    inject(server, *NAMED[name]())
    assert_failed_with(run(server), "The answer is probably wrong", "clock_tolerance_minutes")
    assert (cursors(), rows("clicks")) == (before, loaded)
    assert run(server).code == 0
    assert cursors() != before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clock-malformed", "clock-missing"])
def test_a_run_goes_by_this_machine_s_clock_without_a_readable_answer(
    serve: Serve, clock: Clock, name: str
) -> None:
    server = serve()
    inject(server, *NAMED[name]())
    completed = run(server)
    assert completed.code == 0, completed.err
    clock.advance(minutes=50)
    inject(server)
    assert run(server).code == 0


@pytest.mark.parametrize("where", ["list", "row limit", "estimate", "create", "status"])
def test_a_wrong_time_in_any_answer_before_the_load_loads_nothing(serve: Serve, where: Any) -> None:
    server = serve(export_seconds=0.3)
    inject(server, Fault(at(where), FIVE_YEARS, None))
    assert_failed_with(run(server), "clock_tolerance_minutes")
    inject(server)
    assert run(server).code == 0
    assert server.exports == []


def test_a_plan_by_a_wrong_time_is_not_shown(serve: Serve) -> None:
    server = serve()
    inject(server, Fault(at("list"), FIVE_YEARS))
    assert run_against(server, clock_tolerance_minutes=60).code == 1


@pytest.mark.slow
def test_a_library_user_s_cursors_stay_too(serve: Serve, clock: Clock) -> None:
    server = serve()

    def load() -> None:
        settings = connection_settings(server)
        source = coveo_source(tables=["clicks"], clock_tolerance_minutes=60, **settings)
        open_pipeline().run(source)

    load()
    before = cursors()
    clock.advance(minutes=50)
    inject(server, Fault(at("list"), FIVE_YEARS))
    with pytest.raises(PipelineStepFailed) as raised:
        load()
    assert find_cause(raised.value, ClockMismatch)
    assert cursors() == before
    load()
    assert cursors() != before


@pytest.mark.parametrize("epoch", [-(10**15), 1e300])
def test_another_s_export_of_an_absurd_time_does_not_stop_a_run(serve: Serve, epoch: float) -> None:
    server = serve()
    times = {"startDate": epoch, "from": epoch, "to": epoch}
    client = CoveoClient(server.base_url, server.org, server.api_key)
    client.create_export({"from": "2026-01-01T00:00:00.000Z", "to": "2026-01-02T00:00:00.000Z"})
    absurd = rewritten(lambda exports: [{**export, **times} for export in exports])
    inject(server, Fault(at("list"), absurd, None))
    completed = run(server)
    assert completed.code == 0, completed.err
