"""One run at a time writes to a dataset, whatever the machine."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import pytest

from coveo_source.dataset import Owner, hold_lease, lease, open_dataset
from coveo_source.dataset.lease import Lease, take_lease
from coveo_source.demo import DemoServer
from coveo_source.exceptions import DatasetBusy, LeaseLost
from tests.support.cli_user import create_requests, environment, load, query

Serve = Callable[..., DemoServer]
OWNER = Owner("coveo", "acme", "localhost")


def pipeline() -> dlt.Pipeline:
    return dlt.pipeline("coveo", destination="duckdb", dataset_name="coveo_ua")


def expiry() -> Any:
    """Returns when the lease ends, read over a connection like that of the renewals."""
    with open_dataset(pipeline()) as dataset:
        assert dataset
        return dataset.rows(f"select expires_at from {dataset.table('_coveo_dataset')}")


@contextmanager
def held_elsewhere(monkeypatch: pytest.MonkeyPatch, expires_in: timedelta) -> Iterator[Lease]:
    """Holds a lease as a process on another machine does that renews it no more."""
    with monkeypatch.context() as patched:
        patched.setattr(lease, "_this_process", lambda: "another-machine/boot/1")
        patched.setattr(lease, "DURATION", expires_in)
        taken = take_lease(pipeline(), OWNER)
    assert taken
    yield taken
    taken.stop()


def test_a_second_run_is_refused_and_told_who_writes_and_how_long() -> None:
    with hold_lease(pipeline(), OWNER), pytest.raises(DatasetBusy) as error:
        take_lease(pipeline(), OWNER)
    assert f"process {os.getpid()}" in str(error.value)
    assert "lease ends by itself at 20" in str(error.value)


def test_a_lease_that_was_given_back_can_be_taken() -> None:
    for _ in range(2):
        with hold_lease(pipeline(), OWNER):
            pass
    assert query("select holder, expires_at from _coveo_dataset") == [(None, None)]


def test_it_is_given_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), hold_lease(pipeline(), OWNER):
        raise ZeroDivisionError
    assert query("select holder from _coveo_dataset") == [(None,)]


def test_a_lease_on_another_machine_is_respected_until_it_expires(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with held_elsewhere(monkeypatch, timedelta(minutes=1)), pytest.raises(DatasetBusy) as error:
        take_lease(pipeline(), OWNER)
    assert "process 1 on another-machine" in str(error.value)


def test_an_expired_lease_of_another_machine_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with held_elsewhere(monkeypatch, timedelta(0)), hold_lease(pipeline(), OWNER) as taken:
        assert taken


def test_who_lost_the_lease_notices_and_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    with held_elsewhere(monkeypatch, timedelta(0)) as lost, hold_lease(pipeline(), OWNER):
        lost.check()
        lost._renew()
        with pytest.raises(LeaseLost, match="run again"):
            lost.check()


def test_a_lease_is_renewed_while_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_RENEWAL_SECONDS", 0.1)
    with hold_lease(pipeline(), OWNER) as taken:
        assert taken
        before = expiry()
        deadline = time.monotonic() + 20
        while expiry() == before:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        taken.check()


def test_a_paused_lease_opens_no_connection_and_is_renewed_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease, "_RENEWAL_SECONDS", 0.05)
    with hold_lease(pipeline(), OWNER) as taken:
        assert taken
        with taken.paused():
            before = expiry()
            time.sleep(0.5)
            assert expiry() == before
        assert expiry() > before


def test_a_release_does_not_free_what_another_run_has_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from coveo_source.dataset.lease import give_back

    with held_elsewhere(monkeypatch, timedelta(0)) as lost, hold_lease(pipeline(), OWNER) as taken:
        give_back(pipeline(), lost)
        assert taken
        assert query("select holder from _coveo_dataset") == [(taken.holder,)]


HOLD_AND_DIE = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from tests.dataset.test_lease import OWNER, pipeline
from coveo_source.dataset.lease import take_lease
take_lease(pipeline(), OWNER)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_process_that_was_killed_on_this_machine_blocks_nobody(own_folder: Path) -> None:
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-c", HOLD_AND_DIE, root], check=False)
    assert query("select holder is not null from _coveo_dataset") == [(True,)]
    with hold_lease(pipeline(), OWNER) as taken:
        assert taken


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no such file system")
def test_a_killed_process_whose_exit_code_nobody_asks_for_blocks_nobody(own_folder: Path) -> None:
    root = str(Path(__file__).parents[2])
    killed = subprocess.Popen([sys.executable, "-c", HOLD_AND_DIE, root])
    try:
        # says that it has ended, and leaves it to be asked for its exit code
        os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
        with hold_lease(pipeline(), OWNER) as taken:
            assert taken
    finally:
        killed.wait()


@pytest.mark.slow
def test_a_run_from_another_folder_does_not_disturb_the_first(
    serve: Serve, own_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of the working folder does not help: each run has its own."""
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(own_folder / "coveo.duckdb"))
    server = serve(export_seconds=8)
    command = [sys.executable, "-m", "coveo_source", "coveo", "run", "--from", "2026-03-10"]

    def start(data: str) -> "subprocess.Popen[str]":
        variables: dict[str, Any] = {**os.environ, **environment(server), "DLT_DATA_DIR": data}
        return subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)

    with start(str(tmp_path / "first")) as first:
        while not create_requests(server):
            time.sleep(0.05)
        with start(str(tmp_path / "second")) as second:
            _, message = second.communicate()
            assert second.returncode == 1
            assert f"process {first.pid}" in message
        _, message = first.communicate()
        assert first.returncode == 0, message
    assert len(create_requests(server)) == 1
    load(serve(), from_date="2026-03-10", dataset="again")
    assert query("select count(*) from searches") == query("select count(*) from again.searches")


ALWAYS_RENEWING = """
import time, dlt
from coveo_source.dataset import lease

lease._RENEWAL_SECONDS = 0.0
pipeline = dlt.pipeline("coveo", destination="duckdb", dataset_name="coveo_ua")
lease.take_lease(pipeline, lease.Owner("coveo"))
time.sleep(0.3)
"""
"""A process that ends while it renews the lease that it holds."""


def test_a_process_that_ends_while_it_renews_a_lease_ends_in_order() -> None:
    command = [sys.executable, "-c", ALWAYS_RENEWING]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
