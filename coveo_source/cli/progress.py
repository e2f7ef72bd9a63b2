"""What a run shows while it works: a collector for dlt that people can read.

dlt counts rows, files and jobs in whatever collector the pipeline has; our own steps (Coveo
builds an export, a file is downloaded) are counted in the same one, so `tqdm`, `log` and the
others show them too.
"""

import shutil
import sys
import time
from typing import TextIO

from dlt.common.runtime.collector_base import Collector

from ..tables import EXPORTS, REJECTED

EVERY_SECONDS = 5.0
"""How often a line is written where lines cannot be rewritten."""


class ConsoleProgress(Collector):
    """One line that is rewritten on a terminal; a line now and then elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._rewrites = self._stream.isatty()
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
        """Adds to a counter and shows it, if it is time."""
        self._counts[name] = self._counts.get(name, 0) + inc
        now = time.monotonic()
        if now >= self._due:
            self._due = now + (0.1 if self._rewrites else EVERY_SECONDS)
            self._write()

    def say(self, text: str) -> None:
        """Writes a line that stays."""
        self._clear()
        print(text, file=self._stream, flush=True)

    def _start(self, step: str) -> None:
        self.step = step.split(" ")[0].lower()
        self._counts = {}
        # what is over in a moment needs no line
        self._due = time.monotonic() + (0.1 if self._rewrites else EVERY_SECONDS)

    def _stop(self) -> None:
        self._clear()
        self._counts = {}

    def _write(self) -> None:
        shown = "  ".join(
            f"{name} {count:,}" for name, count in self._counts.items() if count and shows(name)
        )
        # a line that wraps could not be rewritten
        line = f"  {self.step}  {shown}"[: shutil.get_terminal_size().columns - 1]
        self._clear()
        self._written = line if self._rewrites else ""
        print(line, end="" if self._rewrites else "\n", file=self._stream, flush=True)

    def _clear(self) -> None:
        if self._written:
            print("\r" + " " * len(self._written) + "\r", end="", file=self._stream, flush=True)
            self._written = ""


def shows(name: str) -> bool:
    """Whether a counter means something to a person: those of dlt's own and ours do not."""
    return not name.startswith("_dlt") and name not in (EXPORTS, REJECTED, "Resources")
