"""Signals, a database that cannot be written and a full disk: nothing is lost."""

import ctypes
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, at, inject, reported
from coveo_source.tables import TABLES
from tests.support.assertions import (
    LOADED_TABLES,
    RUN_AGAIN,
    assert_failed_with,
    assert_loaded,
    clean_run_tables,
    run_against,
)
from tests.support.cases import some_of
from tests.support.cli_user import create_requests
from tests.support.faults import stall_halfway
from tests.support.processes import start_run, wait_for_exit
from tests.support.readers import holding

Serve = Callable[..., DemoServer]

DATABASE = Path("coveo.duckdb")

MAX_SECONDS = 30
"""How long a run may take to end after a signal."""

SELF_SIGNALING_RUN = """
import os, signal, sys, time
number, phase = int(sys.argv.pop(1)), sys.argv.pop(1)

def send_signal():
    if not sent:
        sent.append(True)
        print("SENT", flush=True)
        os.kill(os.getpid(), number)

def audit(event, args):
    if event == "os.mkdir" and str(args[0]).endswith("coveo_exports/keywords"):
        send_signal()

sent = []
if phase == "reading":
    sys.addaudithook(audit)
if phase in ("loading", "loading slowly"):
    from coveo_source.destination.jobs import MergeJob

    def slow_run(self, run=MergeJob.run):
        send_signal()
        time.sleep(40 if phase == "loading slowly" else 0.2)
        run(self)

    MergeJob.run = slow_run
from coveo_source.__main__ import main
main()
"""
"""A run that sends itself a signal when it reaches a phase."""


SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.parametrize("number", some_of(SIGNALS, signal.SIGTERM), ids=lambda n: n.name)
@pytest.mark.parametrize("phase", ["waiting", "downloading", "reading", "loading"])
def test_a_signal_ends_the_run_and_the_next_one_continues(
    serve: Serve, number: signal.Signals, phase: str
) -> None:
    server = serve()

    def send_signal_and_stay_pending(server: DemoServer, request: Request) -> Response:
        process.send_signal(number)
        return reported("PENDING")(server, request)

    if phase == "waiting":
        forever = Fault(at("status"), reported("PENDING"), times=None, skip=1)
        inject(server, Fault(at("status"), send_signal_and_stay_pending), forever)
    if phase == "downloading":
        stall = stall_halfway(lambda: process.send_signal(number), MAX_SECONDS * 2)
        inject(server, Fault(at("file"), stall))
    with start_run(server, "-c", SELF_SIGNALING_RUN, str(int(number)), phase) as process:
        assert_failed_with(wait_for_exit(process, MAX_SECONDS), RUN_AGAIN)
    inject(server)
    assert_loaded(run_against(server, lookback_days=0))
    assert len(create_requests(server)) == 1
    assert server.exports == []


def test_a_second_signal_ends_the_run_at_once(demo: DemoServer) -> None:
    interrupt = str(int(signal.SIGINT))
    with start_run(demo, "-c", SELF_SIGNALING_RUN, interrupt, "loading slowly") as process:
        assert process.stdout
        assert process.stdout.readline() == "SENT\n"
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(5) != 0
    assert_loaded(run_against(demo, lookback_days=0))
    assert len(create_requests(demo)) == 1


@contextmanager
def database_taken_during_download(server: DemoServer) -> Iterator[None]:
    """Lets another process open the database when a run downloads, and keep it until the end."""
    with ExitStack() as stack:

        def take_database(server: DemoServer, request: Request) -> Response:
            stack.enter_context(holding(DATABASE, "writes to"))
            return server.answer(request)

        inject(server, Fault(at("file"), take_database))
        yield


def test_a_database_in_use_by_another_process_is_named(demo: DemoServer) -> None:
    with holding(DATABASE, "writes to") as holder:
        refused = run_against(demo, wait_minutes=0.001)
        assert_failed_with(refused, "coveo.duckdb", holder.name, RUN_AGAIN)
    assert create_requests(demo) == []
    assert_loaded(run_against(demo))


def test_a_database_that_another_process_takes_during_the_run_is_named(demo: DemoServer) -> None:
    with database_taken_during_download(demo):
        refused = run_against(demo, wait_minutes=0.001)
        assert_failed_with(refused, "coveo.duckdb", "process", RUN_AGAIN)
    assert_loaded(run_against(demo, lookback_days=0))
    assert len(create_requests(demo)) == 1
    assert demo.exports == []


def test_an_export_is_kept_until_its_rows_are_loaded(demo: DemoServer) -> None:
    with database_taken_during_download(demo):
        assert run_against(demo, wait_minutes=0.001).code == 1
        assert len(demo.exports) == 1
    assert_loaded(run_against(demo))
    assert demo.exports == []


def test_a_folder_in_place_of_the_database_is_named(demo: DemoServer) -> None:
    folder = Path("coveo.duckdb")
    folder.mkdir()
    assert_failed_with(run_against(demo), "coveo.duckdb", RUN_AGAIN)
    folder.rmdir()
    assert_loaded(run_against(demo))


def drop_privileges() -> None:
    """Makes file modes apply to root too, in a child process."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux can root drop its privileges")
@pytest.mark.parametrize("read_only", ["file", "folder"])
def test_a_read_only_database_is_named(demo: DemoServer, own_folder: Path, read_only: str) -> None:
    path = own_folder
    if read_only == "file":
        path = own_folder / "coveo.duckdb"
        duckdb.connect(str(path)).close()
    mode = path.stat().st_mode
    path.chmod(0o500 if read_only == "folder" else 0o400)
    try:
        with start_run(demo, preexec_fn=drop_privileges) as process:
            assert_failed_with(wait_for_exit(process), "coveo.duckdb", RUN_AGAIN)
    finally:
        path.chmod(mode)
    assert_loaded(run_against(demo))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("max_file_bytes", "words"),
    some_of(
        [
            pytest.param(33_000, ("--tables", *TABLES), id="downloading"),
            pytest.param(25_000, (), id="reading"),
            pytest.param(60_000, (), id="loading"),
        ],
        "loading",
    ),
)
def test_after_a_full_disk_the_next_run_continues(
    demo: DemoServer, max_file_bytes: int, words: tuple[str, ...]
) -> None:
    # a run opens a database that exists without writing to it
    duckdb.connect("coveo.duckdb").close()

    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))

    with start_run(demo, words=words, preexec_fn=limit_files) as process:
        assert_failed_with(wait_for_exit(process), RUN_AGAIN, "File too large")
    tables = words[1:] or LOADED_TABLES
    assert_loaded(run_against(demo, *words), clean_run_tables(tables=tables))
    assert demo.exports == []
