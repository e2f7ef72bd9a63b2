"""Only one run at a time loads into a pipeline."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from coveo_source.exceptions import PipelineBusy
from coveo_source.load.lock import hold_lock
from tests.support.cli_user import (
    PIPELINE,
    create_requests,
    dlt_command,
    environment,
    load,
    rows,
)

Serve = Callable[..., DemoServer]

HOLD_LOCK = """
import sys, time
from pathlib import Path
from coveo_source.load.lock import hold_lock
with hold_lock(Path(sys.argv[1]), "coveo"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def lock_held_by_another_process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", HOLD_LOCK, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_refused_with_the_id_of_the_first(own_folder: Path) -> None:
    with (
        lock_held_by_another_process(own_folder) as first,
        pytest.raises(PipelineBusy) as error,
        hold_lock(own_folder, "coveo"),
    ):
        pass
    assert f"process {first.pid}" in str(error.value)


def test_another_pipeline_is_not_locked(own_folder: Path) -> None:
    with lock_held_by_another_process(own_folder), hold_lock(own_folder, "coveo_other"):
        pass


def test_a_killed_process_releases_the_lock(own_folder: Path) -> None:
    with lock_held_by_another_process(own_folder) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
        with hold_lock(own_folder, "coveo"):
            pass


@pytest.mark.slow
def test_a_second_run_fails_at_once_and_does_not_disturb_the_first(serve: Serve) -> None:
    server = serve(export_seconds=6)
    command = [str(Path(sys.executable).with_name("dlt")), "pipeline", PIPELINE, "run"]
    with subprocess.Popen(
        [*command, "--from", "2026-03-10"], env={**os.environ, **environment(server)}
    ) as first:
        while not create_requests(server):
            time.sleep(0.05)
        second = dlt_command("pipeline", PIPELINE, "run", env=environment(server))
        assert second.returncode == 1
        assert "Another run is loading into the pipeline coveo" in second.stderr
        assert first.wait() == 0
    assert rows("searches")
    assert len(create_requests(server)) == 1


@pytest.mark.slow
def test_a_failed_run_releases_the_lock(serve: Serve) -> None:
    server = serve(quota=0)
    assert dlt_command("pipeline", PIPELINE, "run", env=environment(server)).returncode == 1
    load(serve(), from_date="2026-03-10")
    assert rows("searches")
