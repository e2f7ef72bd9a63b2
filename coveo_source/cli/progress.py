"""What is shown of a verb under way: on a terminal, in a log, or by one of dlt's displays."""

import sys
from contextlib import ExitStack
from enum import IntEnum
from importlib.util import find_spec

import dlt
from dlt.common.runtime.collector_base import Collector

from ..exceptions import SettingError
from ..extract import counting
from ..watching import Event, ExportEvent, Watch
from .displays import Display, Lines
from .logs import detailed_logs


class Volume(IntEnum):
    """How much is shown.

    QUIET: warnings and errors
    """

    QUIET = -1
    NORMAL = 0
    VERBOSE = 1


class ConsoleProgress(Collector):
    """Shows what a verb does until it is closed.

    It is the collector of a pipeline too, unless one of dlt's is: of what dlt counts, it shows how
    many files are loaded.

    volume: how much is shown
    name: of one of dlt's displays, which then shows how far exports are; None for ours
    """

    step = ""

    def __init__(self, volume: Volume = Volume.NORMAL, name: str | None = None) -> None:
        self.collector: Collector = _dlts(name) if name else self
        self._volume = volume
        self._display = _display(volume, with_states=not name and volume > Volume.QUIET)
        self.watch: Watch = counting(self.collector, self.say) if name else self.show
        self._loading: ExportEvent | None = None
        self._files = (0, 0)
        self._opened = ExitStack()
        if volume > Volume.NORMAL:
            self._opened.enter_context(detailed_logs(self._display.say))

    def say(self, text: str) -> None:
        """Tells people something that they may want to know."""
        if self._volume > Volume.QUIET:
            self._display.say(text)

    def warn(self, text: str) -> None:
        """Tells people something that they have to know."""
        self._display.say(text)

    def headline(self, text: str) -> None:
        """Shows which window of how many a run is at."""
        if self._volume > Volume.QUIET:
            self._display.headline(text)

    def show(self, event: Event) -> None:
        """Shows how far an export is, or models, at any time and in any thread.

        Inside an extract of dlt's, `watch` does the same for any display.
        """
        if isinstance(event, ExportEvent) and event.state in ("loading", "loaded"):
            self._loading = event if event.state == "loading" else None
        self._display.show(event)

    def close(self) -> None:
        """Takes away what does not stay."""
        self._display.close()
        self._opened.close()

    def update(
        self,
        name: str,
        inc: int = 1,
        total: int | None = None,
        inc_total: int | None = None,
        message: str | None = None,
        label: str | None = None,
    ) -> None:
        """Takes one of dlt's counters, of which the files of a package are for people."""
        if name != "Jobs" or label:
            return
        done, known = self._files
        self._files = (done + inc, (known if total is None else total) + (inc_total or 0))
        if self._loading:
            self._display.show(self._loading._replace(files=self._files))

    def _start(self, step: str) -> None:
        """Begins to count anew, since dlt begins a step."""
        self._files = (0, 0)

    def _stop(self) -> None:
        """Keeps the counts until the next step."""


def _display(volume: Volume, with_states: bool) -> Display:
    """Returns the display for wherever stderr leads to."""
    if with_states and sys.stderr.isatty():
        from .live import live_lines

        if lines := live_lines(volume > Volume.NORMAL):
            return lines
    return Lines(with_states, volume > Volume.NORMAL)


def _dlts(name: str) -> Collector:
    """Returns one of dlt's collectors.

    Raises:
        SettingError: if its package is not installed
    """
    if name != "log" and not find_spec(name):
        raise SettingError(
            "progress", name, f"It is not installed: pip install {name.replace('_', '-')}"
        )
    collector: Collector = getattr(dlt.progress, name)()
    return collector
