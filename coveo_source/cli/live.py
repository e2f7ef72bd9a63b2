"""The display on a terminal: a line for each export under way and for each model being built."""

import sys
from contextlib import ExitStack
from threading import Lock, RLock

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ..secrets import scrub
from ..watching import Event, ExportEvent, ModelsEvent
from .displays import ENDS, Stopwatch, is_new
from .logs import said_output
from .states import building_text, state_text

_FRAMES_A_SECOND = 8
_COLUMNS = ("spinner", "name", "text", "seconds")


class _Line:
    """What is under way, its state, and since when it is there and in this state."""

    def __init__(self, name: str, state: str) -> None:
        self.age = Stopwatch()
        self._name = name
        self._spinner = Spinner("dots")
        self.begin(state)

    def begin(self, state: str) -> None:
        """Enters another state."""
        self.state = self.text = state
        self._since = Stopwatch()

    def cells(self) -> list[RenderableType]:
        """Returns the columns of the line."""
        text = Text(self.text, no_wrap=True, overflow="ellipsis")
        return [self._spinner, Text(self._name), text, Text(str(self._since))]


class LiveLines:
    """Lines that change until what they are about is done; above them the lines that stay.

    console: on a terminal
    with_details: whether lines name exports
    """

    def __init__(self, console: Console, with_details: bool = False) -> None:
        self._console = console
        self._with_details = with_details
        self._headline = ""
        self._lines: dict[str, _Line] = {}
        # rich renders in a thread, with a lock of its own: nothing is written inside of this one
        self._lock = Lock()
        self._screen = ExitStack()
        self._screen_lock = RLock()
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """Writes a line that stays."""
        # as a whole: what wraps could not be scrubbed any more
        self._console.print(Text(scrub(text)), soft_wrap=True)

    def headline(self, text: str) -> None:
        """Shows which window of how many a run is at, below all lines."""
        self._headline = text

    def show(self, event: Event) -> None:
        """Changes the line of an export, or those of models; they go once they are done."""
        with self._lock:
            before = self._states
            if isinstance(event, ModelsEvent):
                done = self._show_models(event)
            else:
                done = self._show_export(event)
            after = self._states
        if not after:
            self.close()
        elif after != before:
            self._refresh()
        if done:
            self.say(done)

    @property
    def _states(self) -> dict[str, str]:
        return {name: line.state for name, line in self._lines.items()}

    def close(self) -> None:
        """Takes the lines off the screen."""
        with self._lock:
            self._lines.clear()
        with self._screen_lock:
            self._live = None
            self._screen.close()

    def _show_export(self, event: ExportEvent) -> str | None:
        """Changes the line of an export; returns what is to be said if it is done."""
        window, export = event.window, ""
        if self._with_details and event.export_id:
            export = f" (export {event.export_id})"
        text = f"{state_text(event)}{export}"
        line = self._lines.setdefault(window, _Line(window, event.state))
        if is_new(event, line.state):
            line.begin(event.state)
        if event.state == line.state:
            line.text = text
        if event.state not in ENDS:
            return None
        del self._lines[window]
        return f"{window}: {text}" + (f" in {line.age}" if event.state == "loaded" else "")

    def _show_models(self, event: ModelsEvent) -> str | None:
        """Adds lines for models, or removes them and returns what is to be said then."""
        if event.rows is None:
            self._lines.update({name: _Line(name, "building") for name in event.names})
            return None
        lines = [self._lines.pop(name) for name in event.names]
        return f"{building_text(event)} in {lines[0].age}"

    def _refresh(self) -> None:
        """Shows the lines at once, so that no state is left out."""
        with self._screen_lock:
            if self._live:
                self._live.refresh()
                return
            self._live = live = Live(
                console=self._console,
                get_renderable=self._render,
                refresh_per_second=_FRAMES_A_SECOND,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._screen.enter_context(said_output(self.say))
            # before it starts, since a signal may come at any time
            self._screen.callback(live.stop)
            live.start(refresh=True)
            # a process that is killed could not show it again
            self._console.show_cursor()

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for name in _COLUMNS:
            # where the terminal is too narrow, columns that may wrap lose their width first
            table.add_column(no_wrap=name != "text", overflow="ellipsis")
        with self._lock:
            for line in self._lines.values():
                table.add_row(*line.cells())
        return Group(table, Text(self._headline, no_wrap=True, overflow="ellipsis"))


def live_lines(with_details: bool) -> LiveLines | None:
    """Returns the display on stderr; None if that cannot change a line, as with TERM=dumb."""
    console = Console(file=sys.stderr)
    return LiveLines(console, with_details) if console.is_interactive else None
