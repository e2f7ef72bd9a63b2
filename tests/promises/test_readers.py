"""Readers of the database and runs get along: a run waits until they close it."""

import os
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, at, inject
from tests.support.assertions import RUN_AGAIN, assert_loaded, invoke, run_against
from tests.support.cli_user import (
    PIPELINE,
    environment,
)
from tests.support.processes import start_run, wait_for_exit
from tests.support.readers import Reader, asking, holding

FILE = Path(f"{PIPELINE}.duckdb")


def told_line(process: "subprocess.Popen[str]") -> str:
    """Returns the line with which a run says that it waits."""
    assert process.stderr
    return next(line for line in process.stderr if "waiting until it is closed" in line)


def test_a_run_waits_for_a_reader_says_who_it_is_and_ends_well(demo: DemoServer) -> None:
    assert_loaded(run_against(demo))
    with holding(FILE) as reader, start_run(demo) as process:
        assert reader.name in told_line(process)
        reader.stop()
        completed = wait_for_exit(process)
    assert_loaded(completed)
    assert "waiting until" not in completed.err


def test_a_reader_that_comes_during_the_run_is_waited_for_too(demo: DemoServer) -> None:
    assert_loaded(run_against(demo))
    with ExitStack() as stack:
        readers: list[Reader] = []

        def let_in(server: DemoServer, request: Request) -> Response:
            readers.append(stack.enter_context(holding(FILE)))
            return server.answer(request)

        inject(demo, Fault(at("file"), let_in))
        process = stack.enter_context(start_run(demo))
        line = told_line(process)
        [reader] = readers
        assert reader.name in line
        reader.stop()
        completed = wait_for_exit(process)
    assert_loaded(completed)


def test_a_reader_that_never_closes_ends_the_run_with_its_name_and_nothing_is_lost(
    demo: DemoServer,
) -> None:
    assert_loaded(run_against(demo))
    with holding(FILE) as reader:
        refused = run_against(demo, wait_minutes=0.001)
    assert refused.code == 1
    assert reader.name in refused.message
    assert RUN_AGAIN in refused.message
    assert_loaded(run_against(demo))


def test_readers_that_come_and_go_do_not_stop_a_run(demo: DemoServer) -> None:
    assert_loaded(run_against(demo))
    with asking(FILE, "select 1") as reader:
        assert_loaded(run_against(demo))
        assert reader.stop()["rounds"] > 1


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM")
def test_a_run_that_waits_for_a_reader_stops_on_sigterm(demo: DemoServer) -> None:
    assert_loaded(run_against(demo))
    with holding(FILE), start_run(demo) as process:
        told_line(process)
        process.send_signal(signal.SIGTERM)
        completed = wait_for_exit(process)
    assert completed.code == 1
    assert "Stopped by SIGTERM" in completed.err


@pytest.mark.parametrize("verb", ["models", "erase --visit-id nobody --yes"])
def test_verbs_without_settings_wait_as_long_as_the_setting_says(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    assert_loaded(run_against(demo))
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__WAIT_MINUTES", "0.001")
    with holding(FILE) as reader:
        refused = invoke(PIPELINE, *verb.split())
    assert refused.code == 1
    assert reader.name in refused.message


def test_a_plan_reads_beside_other_readers(demo: DemoServer) -> None:
    assert_loaded(run_against(demo))
    with holding(FILE):
        planned = invoke(
            PIPELINE, "plan", env={**environment(demo), "SOURCES__COVEO_SOURCE__WAIT_MINUTES": "0"}
        )
    assert planned.code == 0, planned.err
    assert "Nothing was created." in planned.out


def test_freshness_looks_beside_other_readers_and_waits_for_who_writes(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_loaded(run_against(demo))
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__WAIT_MINUTES", "0.001")
    years = ("--max-hours", "1000000")
    with holding(FILE):
        looked = invoke(PIPELINE, "freshness", *years)
    assert looked.code == 0, looked.err
    assert "2026-03-11 11:45" in looked.out
    with holding(FILE, "writes") as writer:
        refused = invoke(PIPELINE, "freshness", *years)
    assert refused.code == 1
    assert writer.name in refused.message
