"""The verbs as a user types them."""

import re
from subprocess import CompletedProcess

from coveo_source.demo import DemoServer
from tests.support.cli_user import PIPELINE, dlt_command, environment


def run_verb(
    server: DemoServer, *words: str, models: bool = False, **env: str
) -> "CompletedProcess[str]":
    """Runs a verb against a demo server.

    models: whether `run` builds the models, which takes most of its time
    """
    skipped = words[0] == "run" and not models and "--no-models" not in words
    options = ("--no-models",) if skipped else ()
    return dlt_command("pipeline", PIPELINE, *words, *options, env={**environment(server), **env})


def assert_refused(completed: "CompletedProcess[str]", code: int, *texts: str) -> None:
    """Checks that a command failed with one clear message, and without a traceback."""
    output = completed.stdout + completed.stderr
    assert completed.returncode == code, output
    assert "Traceback" not in output
    for text in texts:
        assert text in output
    # what was said meanwhile has a time
    said = re.compile(r"\d\d:\d\d:\d\d  ")
    lines = [line for line in completed.stderr.splitlines() if line and not said.match(line)]
    assert len(lines) <= 3, completed.stderr
