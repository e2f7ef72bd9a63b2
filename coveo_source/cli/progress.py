"""The progress display of a run: a dlt collector that people can read.

dlt counts rows, files and jobs in the collector of a pipeline. Our own steps, such as the wait for
an export or a download, are counted in the same collector, so that dlt's displays (`tqdm`, `log`
and others) show them too.
"""

import shutil
import sys
import time
from typing import TextIO

from dlt.common.runtime.collector_base import Collector

from ..tables import DIMENSIONS, EXPORTS, REJECTED, REMOVED

_LINE_SECONDS = 5.0
"""Seconds between two lines where lines cannot be rewritten."""

_REFRESH_SECONDS = 0.1
"""Seconds between two refreshes of the line on a terminal."""


class ConsoleProgress(Collector):
    """One line that is rewritten on a terminal; elsewhere a new line every few seconds."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._rewrites = self._stream.isatty()
        self._interval = _REFRESH_SECONDS if self._rewrites else _LINE_SECONDS
        self._counts: dict[str, int] = {}
        self._written = ""
        self._due = 0.0
        self.step = ""

    def update(
        self,
        name: str,
        inc: int = 1,
        total: int | None = None,
        inc_total: int | None = None,
        message: str | None = None,
        label: str | None = None,
    ) -> None:
        """Adds to a counter, and shows all counters if it is time."""
        self._counts[name] = self._counts.get(name, 0) + inc
        now = time.monotonic()
        if now >= self._due:
            self._due = now + self._interval
            self._write()

    def say(self, text: str) -> None:
        """Writes a line that stays."""
        self._clear()
        print(text, file=self._stream, flush=True)

    def _start(self, step: str) -> None:
        self.step = step.split(" ")[0].lower()
        self._counts = {}
        # a step that is over in a moment needs no line
        self._due = time.monotonic() + self._interval

    def _stop(self) -> None:
        self._clear()
        self._counts = {}

    def _write(self) -> None:
        shown = "  ".join(
            f"{name} {count:,}"
            for name, count in self._counts.items()
            if count and _is_for_people(name)
        )
        if not shown:
            return
        # a line that wraps could not be rewritten
        line = f"  {self.step}  {shown}"[: shutil.get_terminal_size().columns - 1]
        self._clear()
        self._written = line if self._rewrites else ""
        print(line, end="" if self._rewrites else "\n", file=self._stream, flush=True)

    def _clear(self) -> None:
        if self._written:
            print("\r" + " " * len(self._written) + "\r", end="", file=self._stream, flush=True)
            self._written = ""


def _is_for_people(counter: str) -> bool:
    return not counter.startswith("_dlt") and counter not in (
        EXPORTS,
        REJECTED,
        REMOVED,
        DIMENSIONS,
        "Resources",
    )
