"""Time and memory of a process, from its start to its end.

The peak is the kernel's own high-water mark of resident memory (`ru_maxrss`), asked for when the
process is reaped, so nothing between two samples is missed. It is that of the largest process
where there are several; everything that is measured here works in one. A new process starts with
the mark of the one that started it, so the process that measures must stay small: it imports
neither dlt nor pandas nor DuckDB.
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


class PartFailed(Exception):
    """A measured process that ended with an error; what it said last."""


class Measured(NamedTuple):
    """What a process took.

    seconds: on the clock, with the start of the interpreter and its imports
    cpu_seconds: of all its threads
    peak_mb: resident memory, in MB (10^6 bytes)
    output: what it wrote to its standard output
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str


def measured(arguments: Sequence[str], folder: Path, env: Mapping[str, str] = {}) -> Measured:
    """Runs `python ARGUMENTS` in a folder.

    env: variables on top of those of this process

    Raises:
        PartFailed: if it ends with another code than 0
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
    """The first line of the last error in what a process wrote; else its last line."""
    lines = errors.splitlines()
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (named or lines or [""])[-1]


def start(
    arguments: Sequence[str], folder: Path, env: Mapping[str, str], **streams: Any
) -> "subprocess.Popen[bytes]":
    """Starts `python ARGUMENTS`, able to import this package from anywhere."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, **env},
        **streams,
    )
    return process
