"""How a run ends: as a clean one, or with one message."""

import io
import os
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

FROM_DATE = "2026-03-10"
WINDOW = "2026-03-10 to 2026-03-11 11:45"
"""What a run from there has to load, by the clock of the tests."""

LOADED_TABLES = ("clicks", "keywords")
"""The tables that it loads: two are quick, and enough for one to be broken and one to be sound."""

TRAFFIC = Traffic(seed=3, visits_per_day=25)
"""What the `serve` fixture serves by default."""


class Completed(NamedTuple):
    """A command that has ended.

    message: the last line that it wrote to stderr
    """

    code: int
    out: str
    err: str

    @property
    def message(self) -> str:
        lines = self.err.strip().splitlines()
        return lines[-1] if lines else ""


def invoke(*words: str, env: dict[str, str] | None = None) -> Completed:
    """`python -m coveo_source …` in this process, as its users see it."""
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
        except SystemExit as end:
            code = end.code
    return Completed(code or 0, out.getvalue(), err.getvalue())


def run_against(server: DemoServer, *words: str, **settings: object) -> Completed:
    """`run --no-models --from …` against a demo server."""
    named = {f"SOURCES__COVEO_SOURCE__{name.upper()}": str(v) for name, v in settings.items()}
    return invoke(*run_arguments(*words), env={**environment(server), **named})


def run_arguments(*words: str) -> tuple[str, ...]:
    """What the command line of such a run says."""
    start = () if "--from" in words else ("--from", FROM_DATE)
    which = () if "--tables" in words else ("--tables", *LOADED_TABLES)
    return PIPELINE, "run", "--no-models", *start, *which, *words


@contextmanager
def temporary_working_folder() -> Iterator[None]:
    """An empty folder and an empty place for dlt's own files, for a moment."""
    before = Path.cwd()
    with TemporaryDirectory() as folder, patch.dict(os.environ, DLT_DATA_DIR=f"{folder}/dlt"):
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


_clean: dict[tuple[Any, ...], dict[str, Rows]] = {}


def clean_run_tables(traffic: Traffic = TRAFFIC, **settings: Any) -> dict[str, Rows]:
    """The tables after one run in which nothing goes wrong."""
    settings = {"from_date": FROM_DATE, "tables": LOADED_TABLES, **settings}
    key = (traffic, *sorted((name, str(value)) for name, value in settings.items()))
    if key not in _clean:
        server = DemoServer(traffic, clock=Clock(), export_seconds=0)
        with temporary_working_folder(), server:
            load(server, **settings)
            _clean[key] = tables(settings["tables"])
    return _clean[key]


def assert_loaded(ended: Completed, expected: dict[str, Rows] | None = None) -> None:
    """The run went well and the tables hold what a clean run loads."""
    assert ended.code == 0, ended.err
    wanted = clean_run_tables() if expected is None else expected
    assert any(wanted.values())
    found = tables(wanted)
    for table in wanted:
        assert found[table] == wanted[table], table


def assert_failed_with(ended: Completed, *texts: str) -> None:
    """The run failed with one clear message that holds all of these texts."""
    assert ended.code == 1, ended
    assert "Traceback" not in ended.out + ended.err
    for text in texts:
        assert text in ended.message, ended.err


def speed_up_retries(monkeypatch: pytest.MonkeyPatch, retries: int = 1) -> None:
    """Little patience: the first retry comes at once, before all others there is a pause."""
    monkeypatch.setattr("coveo_source.api.retries.RETRIES", retries)
    monkeypatch.setattr("coveo_source.api.retries.CONNECT_RETRIES", retries)
    monkeypatch.setattr("coveo_source.exports.job.CREATE_TRIES", retries + 1)
    monkeypatch.setattr("coveo_source.exports.job.FIRST_WAIT", 0.02)
