"""Time and memory of a process, from its start to its end.

The peak is the kernel's own high-water mark of resident memory (`ru_maxrss`), read when the
process is reaped, so that no short peak is missed. With several processes it would be that of
the largest; everything measured here runs in one. A new process inherits the mark of its parent,
so the process that measures must stay small: it imports neither dlt nor pandas nor DuckDB.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
"""The unit of `ru_maxrss` in bytes."""


class PartFailed(Exception):
    """A measured process ended with an error; the message is the last that it wrote."""


class Measured(NamedTuple):
    """The time, memory and output of a process.

    seconds: elapsed time, including the start of the interpreter and the imports
    cpu_seconds: CPU time of all its threads
    peak_mb: peak of resident memory in MB (10^6 bytes)
    output: its standard output
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str


def measured(arguments: Sequence[str], folder: Path, env: Mapping[str, str] = {}) -> Measured:
    """Runs `python ARGUMENTS` in a folder.

    env: variables in addition to those of this process

    Raises:
        PartFailed: the exit code is not 0
    """
    with TemporaryFile() as output, TemporaryFile() as errors:
        started = time.perf_counter()
        process = start(arguments, folder, env, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace").strip())
    if process.returncode:
        raise PartFailed(reason(texts[1]) or f"exit code {process.returncode}")
    peak = usage.ru_maxrss * MAXRSS_BYTES / 1e6
    return Measured(seconds, usage.ru_utime + usage.ru_stime, peak, texts[0])


def reason(errors: str) -> str:
    """Returns the last line that names an error, else the last line."""
    lines = errors.splitlines()
    error_lines = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (error_lines or lines or [""])[-1]


def start(
    arguments: Sequence[str], folder: Path, env: Mapping[str, str], **streams: Any
) -> "subprocess.Popen[bytes]":
    """Starts `python ARGUMENTS` with a path on which it can import `benchmarks` from any folder."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, **env},
        **streams,
    )
    return process
