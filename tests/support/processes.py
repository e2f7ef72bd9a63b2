"""Runs in a process of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from coveo_source.demo import DemoServer
from tests.support.assertions import Completed, run_arguments
from tests.support.cli_user import environment


@contextmanager
def start_run(
    server: DemoServer, *python: str, words: tuple[str, ...] = (), **options: Any
) -> Iterator["subprocess.Popen[str]"]:
    """Starts a run against a demo server, and kills it afterwards if it has not ended.

    python: arguments for Python before those of the run; `-m coveo_source` by default
    words: further arguments for the run
    options: for `subprocess.Popen`
    """
    with subprocess.Popen(
        [sys.executable, *(python or ("-m", "coveo_source")), *run_arguments(*words)],
        env={**os.environ, **environment(server)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_exit(process: "subprocess.Popen[str]", timeout: float = 60) -> Completed:
    """Waits until a process ends (at most `timeout` seconds) and returns what it wrote."""
    out, err = process.communicate(timeout=timeout)
    return Completed(process.returncode, out, err)


def run_python(server: DemoServer, *arguments: str, **env: str) -> str:
    """Runs Python in a process, and with an umask, of its own; returns what it printed."""
    completed = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment(server), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout
