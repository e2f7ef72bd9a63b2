"""A terminal, in which a command shows what it does, and what is on its screen in the end."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

_ROWS, _COLUMNS = 40, 160
_PARTS = re.compile(r"\x1b\[(?P<code>[?\d;]*)(?P<command>[A-Za-z])|(?P<character>[\s\S])")


class Shown(NamedTuple):
    """What a command has written.

    err: to the terminal, as it is
    out: to stdout, which is not a terminal
    """

    code: int
    err: str
    out: str

    @property
    def frames(self) -> list[str]:
        """What was written between two times that the cursor went up, without control codes."""
        parts = re.split(r"\x1b\[\d*A", self.err)
        return [re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", part) for part in parts]

    @property
    def screen(self) -> list[str]:
        """The lines that are on the screen in the end."""
        return screen_of(self.err)

    @property
    def shows_cursor(self) -> bool:
        """Returns True if the cursor was visible in the end."""
        return self.err.rfind("\x1b[?25h") >= self.err.rfind("\x1b[?25l")


def run_in_terminal(
    *words: str,
    env: dict[str, str],
    while_shown: Callable[[int, str], None] = lambda pid, text: None,
) -> Shown:
    """Runs `python -m coveo_source …` with a terminal for its stderr.

    while_shown: called with the process and all that it has written, whenever there is more
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "coveo_source", *words],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": str(_COLUMNS), **env},
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    ) as process:
        os.close(terminal)
        written = b""
        # Linux answers with an error once nobody can write any more
        with suppress(OSError):
            while piece := os.read(controller, 65536):
                written += piece
                while_shown(process.pid, written.decode(errors="replace"))
        os.close(controller)
        out, _ = process.communicate(timeout=60)
    return Shown(process.returncode, written.decode(), out)


def screen_of(text: str) -> list[str]:
    """Returns the lines on a terminal that knows what rich needs: up, to the left, and erase."""
    lines, row, column = [""], 0, 0
    for part in _PARTS.finditer(text):
        if part["command"] == "A":
            row = max(row - int(part["code"] or 1), 0)
        elif part["command"] == "K":
            lines[row] = ""
        elif part["command"] not in (None, "h", "l"):
            raise ValueError(f"unknown: {part[0]!r}")
        elif part["character"] == "\r":
            column = 0
        elif part["character"] == "\n":
            row, column = row + 1, 0
            lines += [""] * (row - len(lines) + 1)
        elif part["character"]:
            lines[row] = lines[row][:column].ljust(column) + part[0] + lines[row][column + 1 :]
            column += 1
    return [line for line in lines if line]
