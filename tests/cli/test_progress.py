"""What people see of a run that is under way."""

from io import StringIO

import pytest

from coveo_source.cli import progress as progress_module
from coveo_source.cli.progress import ConsoleProgress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows each update."""
    monkeypatch.setattr(progress_module, "_LINE_SECONDS", 0)
    monkeypatch.setattr(progress_module, "_REFRESH_SECONDS", 0)


def count_a_step(progress: ConsoleProgress) -> None:
    with progress("Extract coveo_source"):
        # counters of dlt's own say nothing to people
        progress.update("Resources")
        progress.update("_dlt_loads", 3)
        progress.update("clicks", 1_200)
        progress.say("The dimension x is the column x_2.")
        progress.update("clicks", 34)


def test_a_file_gets_a_line_of_what_was_counted_and_no_empty_one() -> None:
    stream = StringIO()
    count_a_step(ConsoleProgress(stream))
    assert stream.getvalue().splitlines() == [
        "  extract  clicks 1,200",
        "The dimension x is the column x_2.",
        "  extract  clicks 1,234",
    ]


def test_a_terminal_gets_one_line_that_is_rewritten_and_removed_in_the_end() -> None:
    stream = Terminal()
    count_a_step(ConsoleProgress(stream))
    text = stream.getvalue()
    shown = "  extract  clicks 1,234"
    assert text.endswith(shown + "\r" + " " * len(shown) + "\r")
    assert [line for line in text.splitlines(keepends=True) if line.endswith("\n")] == [
        "The dimension x is the column x_2.\n"
    ]
