"""Runs that are interrupted or killed during a prefetch."""

import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, Then, content_of, cut_off, inject, reported
from tests.exports.prefetching import (
    TIMEOUT,
    TWO_WINDOWS,
    Watch,
    about_second_window,
    downloads_second,
    happens,
)
from tests.support.assertions import assert_failed_with, assert_loaded, run_against
from tests.support.cases import some_of
from tests.support.cli_user import create_requests
from tests.support.processes import start_run, wait_for_exit

pytestmark = [pytest.mark.usefixtures("hurried", "nothing_left"), pytest.mark.slow]


def half_then_silence(reached: Callable[[], object]) -> Then:
    """Sends half of the file, calls `reached`, then sends nothing more."""

    def then(server: DemoServer, request: Request) -> Response:
        answer = cut_off(0.5)(server, request)

        def pieces() -> Iterator[bytes]:
            yield content_of(answer)
            reached()
            time.sleep(TIMEOUT * 2)

        return Response(answer.status, answer.headers, pieces())

    return then


SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", some_of(SIGNALS, signal.SIGTERM), ids=lambda n: n.name)
@pytest.mark.parametrize(
    "phase", some_of(["waiting", "downloading", "downloading when needed"], "downloading")
)
def test_a_signal_ends_the_run_within_seconds_and_leaves_no_file(
    demo: DemoServer, number: signal.Signals, phase: str
) -> None:
    sent: list[float] = []

    def send_signal() -> None:
        sent.append(time.monotonic())
        process.send_signal(number)

    def while_waiting(server: DemoServer, request: Request) -> Response:
        send_signal()
        return reported("PENDING")(server, request)

    def turn_begins(watch: Watch) -> bool:
        if downloads_second(watch) and phase == "downloading when needed":
            # after the answer to the request that is being handled now
            threading.Timer(1, send_signal).start()
        return downloads_second(watch) or bool(sent)

    if phase == "waiting":
        inject(demo, Fault(about_second_window(demo, "status"), while_waiting))
    else:
        when_half = send_signal if phase == "downloading" else lambda: None
        inject(demo, Fault(about_second_window(demo, "file"), half_then_silence(when_half)))
    Watch(demo, turn_begins)
    with start_run(demo, words=TWO_WINDOWS) as process:
        done = wait_for_exit(process)
        seconds = time.monotonic() - sent[0]
    assert_failed_with(done, "un again")
    assert seconds < 10
    assert next_files() == []
    inject(demo)
    assert_loaded(run_against(demo, *TWO_WINDOWS, lookback_days=0))
    assert len(create_requests(demo)) == 2
    assert demo.exports == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason=f"{sys.platform} has no SIGKILL")
def test_a_file_that_a_killed_run_prefetched_is_private_and_removed_by_the_next_run(
    demo: DemoServer,
) -> None:
    reached = threading.Event()
    inject(demo, Fault(about_second_window(demo, "file"), half_then_silence(reached.set)))
    Watch(demo, downloads_second)
    with start_run(demo, words=TWO_WINDOWS) as process:
        assert reached.wait(TIMEOUT)
        # the file is written a moment after the content is sent
        assert happens(lambda: bool(next_files()))
        process.send_signal(signal.SIGKILL)
        process.wait()
    [path] = next_files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    inject(demo)
    assert_loaded(run_against(demo, *TWO_WINDOWS, lookback_days=0))
    assert next_files() == []
    assert len(create_requests(demo)) == 2


def next_files() -> list[Path]:
    """Returns the prefetched files."""
    return list(Path(os.environ["DLT_DATA_DIR"]).rglob("coveo_exports/next_*"))
