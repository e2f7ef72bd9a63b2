"""The programs of the environment in which the tests run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(sys.executable).parent
"""The folder in which they are."""

needs_bash = pytest.mark.skipif(sys.platform == "win32", reason="what is pasted is for a shell")


def script(name: str) -> str:
    """Returns the path of a program."""
    return str(HERE / name)


def paste(text: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Gives bash a text, as if somebody pasted it; nothing of this environment is on its PATH."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-euo", "pipefail"],
        input=text,
        env={**os.environ, "PATH": "/usr/local/bin:/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def pasted(text: str, **variables: str) -> str:
    """Returns what a text prints that is pasted into bash; it has to succeed."""
    done = paste(text, **variables)
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    return done.stdout


def shown_after(label: str, output: str) -> str:
    """Returns the rest of the line after a label, such as `Try:`."""
    found = re.search(rf"{re.escape(label)} *(.+)$", output, re.M)
    assert found, output
    return found[1]
