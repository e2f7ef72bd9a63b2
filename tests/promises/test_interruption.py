"""Signals, a busy or broken disk, a database that somebody else holds: nothing is lost."""

import ctypes
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import pytest

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Fault, at, content_of, cut_off, inject, reported
from coveo_source.tables import TABLES
from tests.support.assertions import (
    LOADED_TABLES,
    assert_failed_with,
    assert_loaded,
    clean_run_tables,
    run_against,
    speed_up_retries,
)
from tests.support.cli_user import create_requests
from tests.support.processes import start_run, wait_for_exit

Serve = Callable[..., DemoServer]

SECONDS = 30
"""How long a run may take to end after a signal."""

AT = """
import os, signal, sys, time
number, phase = int(sys.argv.pop(1)), sys.argv.pop(1)

def strike():
    if not struck:
        struck.append(True)
        print("STRUCK", flush=True)
        os.kill(os.getpid(), number)

def when_made(event, args):
    if event == "os.mkdir" and str(args[0]).endswith("coveo_exports/keywords"):
        strike()

struck = []
if phase == "reading":
    sys.addaudithook(when_made)
if phase in ("loading", "loading slowly"):
    from coveo_source.destination.jobs import MergeJob

    def slow(self, run=MergeJob.run):
        strike()
        time.sleep(40 if phase == "loading slowly" else 0.2)
        run(self)

    MergeJob.run = slow
from coveo_source.__main__ import main
main()
"""


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


# --- signals ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("phase", ["waiting", "downloading", "reading", "loading"])
def test_a_signal_ends_the_run_and_the_next_goes_on(
    serve: Serve, number: signal.Signals, phase: str
) -> None:
    server = serve()

    def while_waiting(server: DemoServer, request: Request) -> Response:
        process.send_signal(number)
        return reported("PENDING")(server, request)

    def while_downloading(server: DemoServer, request: Request) -> Response:
        true = cut_off(0.5)(server, request)

        def pieces() -> Iterator[bytes]:
            yield content_of(true)
            process.send_signal(number)
            time.sleep(SECONDS * 2)

        return Response(true.status, true.headers, pieces())

    if phase == "waiting":
        forever = Fault(at("status"), reported("PENDING"), times=None, skip=1)
        inject(server, Fault(at("status"), while_waiting), forever)
    if phase == "downloading":
        inject(server, Fault(at("file"), while_downloading))
    with start_run(server, "-c", AT, str(int(number)), phase) as process:
        assert_failed_with(wait_for_exit(process, SECONDS), "un again")
    inject(server)
    assert_loaded(run_against(server, lookback_days=0))
    assert len(create_requests(server)) == 1
    assert server.exports == []


def test_a_second_signal_ends_the_run_at_once(demo: DemoServer) -> None:
    with start_run(demo, "-c", AT, str(int(signal.SIGINT)), "loading slowly") as process:
        assert process.stdout
        # the first signal comes from the load itself
        assert process.stdout.readline() == "STRUCK\n"
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(5) != 0
    assert_loaded(run_against(demo, lookback_days=0))
    assert len(create_requests(demo)) == 1


# --- the database ---

HOLD = """
import duckdb
connection = duckdb.connect("coveo.duckdb")
print("held", flush=True)
input()
"""


@contextmanager
def held_by_another_process() -> Iterator[None]:
    """The database is open in another process, as in a notebook or a dashboard."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.kill()


def test_a_database_that_another_process_holds_is_told(demo: DemoServer) -> None:
    with held_by_another_process():
        assert_failed_with(run_against(demo), "coveo.duckdb", "un again")
    assert create_requests(demo) == []
    assert_loaded(run_against(demo))


def test_a_database_that_another_process_takes_during_the_run_is_told(demo: DemoServer) -> None:
    with taken_at_the_download(demo):
        assert_failed_with(run_against(demo), "coveo.duckdb", "un again")
    assert_loaded(run_against(demo, lookback_days=0))
    assert len(create_requests(demo)) == 1
    assert demo.exports == []


def test_an_export_stays_until_its_rows_are_loaded(demo: DemoServer) -> None:
    with taken_at_the_download(demo):
        assert run_against(demo).code == 1
        assert len(demo.exports) == 1
    assert_loaded(run_against(demo))
    assert demo.exports == []


@contextmanager
def taken_at_the_download(server: DemoServer) -> Iterator[None]:
    """Another process opens the database while a run downloads."""
    with ExitStack() as stack:

        def taken(server: DemoServer, request: Request) -> Response:
            stack.enter_context(held_by_another_process())
            return server.answer(request)

        inject(server, Fault(at("file"), taken))
        yield


def test_a_folder_in_the_place_of_the_database_is_told(demo: DemoServer) -> None:
    folder = Path("coveo.duckdb")
    folder.mkdir()
    assert_failed_with(run_against(demo), "coveo.duckdb", "un again")
    folder.rmdir()
    assert_loaded(run_against(demo))


def no_privileges() -> None:
    """Lets file modes count for root too, in a child process."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.skipif(sys.platform != "linux", reason="modes count for root on Linux alone")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_database_that_may_not_be_written_is_told(
    demo: DemoServer, own_folder: Path, what: str
) -> None:
    path = own_folder
    if what == "file":
        path = own_folder / "coveo.duckdb"
        duckdb.connect(str(path)).close()
    mode = path.stat().st_mode
    path.chmod(0o500 if what == "folder" else 0o400)
    try:
        with start_run(demo, preexec_fn=no_privileges) as process:
            assert_failed_with(wait_for_exit(process), "coveo.duckdb", "un again")
    finally:
        path.chmod(mode)
    assert_loaded(run_against(demo))


# --- the disk ---


@pytest.mark.parametrize(
    ("size", "words"),
    [
        pytest.param(33_000, ("--tables", *TABLES), id="downloading"),
        pytest.param(25_000, (), id="reading"),
        pytest.param(60_000, (), id="loading"),
    ],
)
def test_a_full_disk_is_told_and_the_next_run_goes_on(
    demo: DemoServer, size: int, words: tuple[str, ...]
) -> None:
    # it is there already, and so opened without writing
    duckdb.connect("coveo.duckdb").close()

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    with start_run(demo, words=words, preexec_fn=small_disk) as process:
        assert_failed_with(wait_for_exit(process), "un again", "File too large")
    assert_loaded(run_against(demo, *words), clean_run_tables(tables=words[1:] or LOADED_TABLES))
    assert demo.exports == []
