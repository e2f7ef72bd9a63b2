"""The temporary files of a run: private, and gone afterwards."""

import re
import signal
import threading
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject
from tests.support.assertions import assert_loaded, run_against, run_arguments
from tests.support.cli_user import create_requests, export_files
from tests.support.clock import Clock
from tests.support.faults import stall_halfway
from tests.support.files import modes_in, pipeline_folder
from tests.support.processes import run_python, start_run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_retries")]

RECORD_MODES = """
import os, stat, sys

def record(event, args):
    if event in ("open", "os.mkdir", "os.remove", "os.rename") and str(args[0]).startswith(top):
        for folder, _, names in os.walk(top):
            for path in [folder, *(os.path.join(folder, name) for name in names)]:
                try:
                    mode = stat.S_IMODE(os.stat(path).st_mode)
                except FileNotFoundError:
                    continue
                print("MODE", os.path.relpath(path, top), oct(mode), file=log)

top, log = os.path.join(os.environ["DLT_DATA_DIR"], "pipelines", "coveo"), open("modes", "w")
os.umask(0o022)
sys.addaudithook(record)
from coveo_source.__main__ import main
main()
"""
"""A run that writes down the modes of all files and folders of its pipeline, again and again."""


def test_only_their_owner_may_read_a_pipeline_s_files_while_it_runs(demo: DemoServer) -> None:
    run_python(demo, "-c", RECORD_MODES, *run_arguments("--tables", "searches"))
    text = Path("modes").read_text(encoding="utf-8")
    modes = set(re.findall(r"^MODE (\S+) (\S+)$", text, re.M))
    paths = {path for path, _ in modes}
    assert {"coveo_exports/export", "coveo_exports/searches", "load/normalized"} <= paths
    assert any(path.endswith(".parquet") for path in paths)
    assert [each for each in modes if each[1] not in ("0o600", "0o700")] == []
    assert {*modes_in(pipeline_folder()).values()} == {"0o600", "0o700"}


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
