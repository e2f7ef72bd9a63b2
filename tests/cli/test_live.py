"""Lines on a terminal that change: what is written beside them, and what is not."""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO

from rich.console import Console

from coveo_source.cli.live import LiveLines
from coveo_source.secrets import keep_token
from coveo_source.watching import ExportEvent
from tests.support.assertions import WINDOW
from tests.support.terminal import screen_of

TOKEN = "xx5ecre7-0000-4000-8000-70ken0000000"


@contextmanager
def live_on(stream: StringIO) -> Iterator[LiveLines]:
    """Yields the display on a narrow terminal, on which an export is being read."""
    console = Console(
        file=stream, force_terminal=True, force_interactive=True, width=50, legacy_windows=False
    )
    with closing(LiveLines(console)) as live:
        live.show(ExportEvent("a window", "reading", 3))
        yield live


def test_what_is_written_to_stderr_stays_above_the_lines() -> None:
    stream = StringIO()
    with live_on(stream):
        sys.stderr.write("written")
        sys.stderr.write(" in pieces\n")
        screen = "\n".join(screen_of(stream.getvalue()))
    assert screen.index("written in pieces") < screen.index("a window")
    assert screen_of(stream.getvalue()) == ["written in pieces"]


def test_dlts_log_is_written_above_the_lines_and_afterwards_where_it_was() -> None:
    stream, elsewhere = StringIO(), StringIO()
    log, handler = logging.getLogger("dlt"), logging.StreamHandler(elsewhere)
    log.addHandler(handler)
    try:
        with live_on(stream):
            log.warning("meanwhile")
        log.warning("afterwards")
    finally:
        log.removeHandler(handler)
    assert elsewhere.getvalue() == "afterwards\n"
    assert "meanwhile" in screen_of(stream.getvalue())


def test_a_secret_is_masked_however_narrow_the_terminal() -> None:
    keep_token(TOKEN)
    stream = StringIO()
    with live_on(stream) as live:
        live.say(f"Coveo says that {TOKEN} is wrong")
        sys.stderr.write(f"and so {TOKEN} is refused\n")
    assert "Coveo says that *** is wrong" in stream.getvalue()
    assert "and so *** is refused" in stream.getvalue()


def test_where_the_terminal_is_too_narrow_the_state_is_cut_off_and_not_the_window() -> None:
    stream = StringIO()
    with live_on(stream) as live:
        live.show(ExportEvent(WINDOW, "building", 7, 3_600))
        [line] = [line for line in screen_of(stream.getvalue()) if WINDOW in line]
    assert len(line) <= 50
    assert re.search(rf"{WINDOW}  buil\w*…  0.0 s", line)


def test_a_state_that_comes_late_does_not_bring_back_an_earlier_one() -> None:
    stream = StringIO()
    with live_on(stream) as live:
        live.show(ExportEvent("a window", "asked"))
        live.show(ExportEvent("a window", "loading", 7))
    assert "asked" not in stream.getvalue()
    assert "loading 7 rows" in stream.getvalue()
