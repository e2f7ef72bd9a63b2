"""Other processes that look into a database."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_HOLD = """
import sys, duckdb
database = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reads")
print("open", flush=True)
sys.stdin.read()
"""

_ASK = """
import json, sys, threading, duckdb
file, query = sys.argv[1:]
stop, seen, errors, rounds = threading.Event(), set(), [], 0
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
print("open", flush=True)
while not rounds or not stop.is_set():
    try:
        with duckdb.connect(file, read_only=True) as database:
            seen.add(str(database.execute(query).fetchall()))
    except duckdb.Error as error:
        errors.append(str(error))
    rounds += 1
print(json.dumps({"rounds": rounds, "seen": sorted(seen), "errors": errors}))
"""


class Reader:
    """A process that has a database open, or asks it again and again, until it is told to stop."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.name = f"(process {process.pid})"

    def stop(self) -> Any:
        """Ends it; returns what it has seen, if it asked anything."""
        out, _ = self._process.communicate(timeout=60)
        return json.loads(out) if out else None


@contextmanager
def holding(file: Path, does: str = "reads") -> Iterator[Reader]:
    """A process that has a file open, and only reads it or also writes to it."""
    with _started(_HOLD, str(file), does) as reader:
        yield reader


@contextmanager
def asking(file: Path, query: str) -> Iterator[Reader]:
    """A process that opens a file, asks a query and closes the file, all the time.

    It returns the number of rounds, the different answers as texts, and the errors.
    """
    with _started(_ASK, str(file), query) as reader:
        yield reader


@contextmanager
def _started(code: str, *arguments: str) -> Iterator[Reader]:
    command = [sys.executable, "-c", code, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        try:
            yield Reader(process)
        finally:
            process.kill()
