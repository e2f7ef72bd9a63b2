"""Runs in this process, and what must be true after them."""

import io
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from coveo_source.__main__ import main
from coveo_source.demo import DemoServer, Traffic
from tests.support.cli_user import PIPELINE, Rows, environment, load, tables
from tests.support.clock import Clock
from tests.support.once import once

FROM_DATE = "2026-03-10"
WINDOW = "2026-03-10 to 2026-03-11 11:45"
"""The window that a run from there loads, by the tests' clock, as messages write it."""

RUN_AGAIN = "un again"
"""What a message says where another run will continue: "Run again" or "run again"."""

LOADED_TABLES = ("clicks", "keywords")
"""The tables that runs load by default: two are quick, and one can break while one stays whole."""

TRAFFIC = Traffic(seed=3, visits_per_day=25)
"""What the `serve` fixture serves by default."""


class Completed(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """The last line of stderr."""
        lines = self.err.strip().splitlines()
        return lines[-1] if lines else ""


def invoke(*words: str, env: dict[str, str] | None = None) -> Completed:
    """Runs `python -m coveo_source …` in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    with (
        patch("sys.argv", ["coveo_source", *words]),
        patch.dict(os.environ, env or {}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code
    return Completed(code or 0, out.getvalue(), err.getvalue())


def run_against(server: DemoServer, *words: str, **settings: object) -> Completed:
    """Runs `run --no-models --from …` against a demo server, with these further settings."""
    variables = {f"SOURCES__COVEO_SOURCE__{name.upper()}": str(v) for name, v in settings.items()}
    return invoke(*run_arguments(*words), env={**environment(server), **variables})


def run_arguments(*words: str) -> tuple[str, ...]:
    """Returns the command line of such a run."""
    start = () if "--from" in words else ("--from", FROM_DATE)
    selection = () if "--tables" in words else ("--tables", *LOADED_TABLES)
    return PIPELINE, "run", "--no-models", *start, *selection, *words


@contextmanager
def temporary_working_folder() -> Iterator[None]:
    """Changes into an empty folder, with an empty folder for dlt's own files."""
    previous = Path.cwd()
    with TemporaryDirectory() as folder, patch.dict(os.environ, DLT_DATA_DIR=f"{folder}/dlt"):
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(previous)


def clean_run_tables(traffic: Traffic = TRAFFIC, **settings: Any) -> dict[str, Rows]:
    """Returns the tables after a run in which nothing goes wrong; each is run only once."""
    settings = {"from_date": FROM_DATE, "tables": LOADED_TABLES, **settings}

    def run(folder: Path) -> None:
        server = DemoServer(traffic, clock=Clock(), export_seconds=0)
        with temporary_working_folder(), server:
            load(server, **settings)
            (folder / "tables").write_bytes(pickle.dumps(tables(settings["tables"])))

    folder = once(repr(("a clean run", traffic, sorted(settings.items()))), run)
    loaded: dict[str, Rows] = pickle.loads((folder / "tables").read_bytes())
    return loaded


def assert_loaded(completed: Completed, expected: dict[str, Rows] | None = None) -> None:
    """Checks that a run succeeded and that the tables hold what a clean run loads."""
    assert completed.code == 0, completed.err
    expected = clean_run_tables() if expected is None else expected
    assert any(expected.values())
    loaded = tables(expected)
    for table in expected:
        assert loaded[table] == expected[table], table


def assert_failed_with(completed: Completed, *texts: str) -> None:
    """Checks that a run failed with one clear message that holds all of these texts."""
    assert completed.code == 1, completed
    assert "Traceback" not in completed.out + completed.err
    for text in texts:
        assert text in completed.message, completed.err


def speed_up_retries(monkeypatch: pytest.MonkeyPatch, retries: int = 1) -> None:
    """Limits the number of retries; the first comes at once, the later ones after a pause."""
    monkeypatch.setattr("coveo_source.api.retries.RETRIES", retries)
    monkeypatch.setattr("coveo_source.api.retries.CONNECT_RETRIES", retries)
    monkeypatch.setattr("coveo_source.api.retries.PAGE_PAUSE", 0.01)
    monkeypatch.setattr("coveo_source.exports.job.CREATE_TRIES", retries + 1)
    monkeypatch.setattr("coveo_source.exports.export.FIRST_WAIT", 0.02)
