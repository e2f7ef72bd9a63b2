"""Servers of emulators on this machine."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.support.network import free_port


@contextmanager
def bigquery_server(folder: Path) -> Iterator[str]:
    """Starts BigQuery's emulator and yields its address; skips the test if there is none.

    It is a program of its own on the path, because it needs another sqlglot than dlt.
    """
    program = shutil.which("bqemulator")
    if program is None:
        pytest.skip("there is no program bqemulator on the path")
    ports = [f"--{kind}-port={free_port()}" for kind in ("rest", "grpc")]
    host = f"http://127.0.0.1:{ports[0].partition('=')[2]}"
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([program, "start", *ports], cwd=folder, stdout=log, stderr=log)
        try:
            _wait_for(f"{host}/bigquery/v2/projects/coveo/datasets", server)
            yield host
        finally:
            server.terminate()
            server.wait()


def _wait_for(url: str, server: "subprocess.Popen[bytes]", seconds: float = 30) -> None:
    """Waits until a server answers; an AssertionError if it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(url):
                return
        except URLError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")
