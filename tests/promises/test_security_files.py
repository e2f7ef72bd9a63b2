"""The temporary files of a run: private, and gone afterwards."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from tests.support.assertions import assert_loaded, run_against, run_arguments
from tests.support.cli_user import create_requests, environment, export_files
from tests.support.clock import Clock
from tests.support.faults import stall_halfway
from tests.support.processes import start_run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_retries")]

RECORD_MODES = """
import os, stat, sys

def record(event, args):
    if event not in ("open", "os.mkdir", "os.remove") or "coveo_exports" not in str(args[0]):
        return
    top = str(args[0]).partition("coveo_exports")[0] + "coveo_exports"
    for folder, _, names in os.walk(top):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            modes.add((os.path.relpath(path, top), oct(stat.S_IMODE(os.stat(path).st_mode))))

modes = set()
os.umask(0o022)
sys.addaudithook(record)
from coveo_source.__main__ import main
try:
    main()
finally:
    for path, mode in sorted(modes):
        print("MODE", path, mode)
"""
"""A run that prints the modes of its temporary files and folders."""


def test_only_their_owner_may_read_temporary_files(demo: DemoServer, tmp_path: Path) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", RECORD_MODES, *run_arguments()],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    modes = dict(re.findall(r"^MODE (\S+) (\S+)$", completed.stdout, re.M))
    assert modes.pop("export") == "0o600"
    assert {".", "clicks"} <= {*modes}
    assert {*modes.values()} == {"0o700"}
    assert export_files(tmp_path) == []


def kill_during_download(server: DemoServer) -> None:
    """Kills a run when half of its file is there."""
    reached = threading.Event()
    inject(server, Fault(at("file"), stall_halfway(reached.set)))
    with start_run(server) as process:
        assert reached.wait(30)
        process.send_signal(signal.SIGKILL)
    inject(server)


def test_the_files_of_a_killed_run_are_removed_by_the_next(
    demo: DemoServer, tmp_path: Path
) -> None:
    kill_during_download(demo)
    assert export_files(tmp_path)
    assert_loaded(run_against(demo))
    assert len(create_requests(demo)) == 1
    assert export_files(tmp_path) == []


def test_the_files_of_a_killed_run_are_removed_even_when_nothing_is_due(
    demo: DemoServer, clock: Clock, tmp_path: Path
) -> None:
    assert_loaded(run_against(demo))
    clock.advance(hours=3)
    kill_during_download(demo)
    assert export_files(tmp_path)
    clock.advance(hours=-3)
    completed = run_against(demo, lookback_days=0)
    assert completed.code == 0, completed.err
    assert len(create_requests(demo)) == 2
    assert export_files(tmp_path) == []
