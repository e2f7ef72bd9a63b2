"""The displays without a terminal: lines with their time, or nothing."""

import sys
import time
from typing import Protocol

from ..watching import Event, ExportEvent, ModelsEvent
from .states import building_text, seconds_text, state_text

ENDS = ("loaded", "failed")
"""The last states of an export; one that is asked for after that is another one."""


class Display(Protocol):
    """Shows what a verb does; also called from threads."""

    def say(self, text: str) -> None:
        """Writes a line that stays."""

    def headline(self, text: str) -> None:
        """Shows which window of how many a run is at."""

    def show(self, event: Event) -> None:
        """Shows how far an export is, or the models."""

    def close(self) -> None:
        """Leaves nothing on the screen but lines that stay."""


class Lines:
    """A line on stderr for whatever is said and, unless these are not wanted, for each new state.

    with_details: whether lines name exports, and how long models took
    """

    def __init__(self, with_states: bool = True, with_details: bool = False) -> None:
        self._with_states = with_states
        self._with_details = with_details
        self._states: dict[str, str] = {}
        self._since = Stopwatch()

    def say(self, text: str) -> None:
        """Writes a line with the time."""
        print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)

    headline = say

    def show(self, event: Event) -> None:
        """Writes a line if the state is another one."""
        if not self._with_states:
            return
        if isinstance(event, ModelsEvent):
            self._show_models(event)
        else:
            self._show_export(event)

    def _show_export(self, event: ExportEvent) -> None:
        if is_new(event, self._states.get(event.window)):
            self._states[event.window] = event.state
            export = (
                f" (export {event.export_id})" if self._with_details and event.export_id else ""
            )
            self.say(f"{event.window}: {state_text(event)}{export}")
        if event.state in ENDS:
            self._states.pop(event.window, None)

    def _show_models(self, event: ModelsEvent) -> None:
        if event.rows is None:
            self._since = Stopwatch()
            self.say(building_text(event))
        elif self._with_details:
            self.say(f"{building_text(event)} in {self._since}")

    def close(self) -> None:
        """Does nothing: all lines stay."""


class Stopwatch:
    """How long something has been going on, as text."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __str__(self) -> str:
        return seconds_text(time.monotonic() - self._started)


def is_new(event: ExportEvent, shown: str | None) -> bool:
    """Returns True if the state is another one, and not only asked for what is there already."""
    return event.state != shown and (event.state != "asked" or shown is None)
