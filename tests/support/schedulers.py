"""Schedulers in virtual environments of their own, and the folder in which their jobs work."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from coveo_source.demo import DemoServer
from coveo_source.tables import TABLES
from tests.support.cli_user import DATASET, Rows, connection_settings
from tests.support.clock import ANY_TIME_MINUTES

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

_PACKAGES = {
    "airflow": "apache-airflow",
    "dagster": "dagster-dlt dagster-webserver",
    "prefect": "prefect",
}
"""What each scheduler needs beside this project. They cannot be installed together."""


def environment_of(scheduler: str) -> Path:
    """Returns the folder of the virtual environment in which a scheduler has to be."""
    folder = os.environ.get("SCHEDULERS", str(ROOT / ".venv-schedulers"))
    return Path(folder).absolute() / scheduler


def needs(scheduler: str) -> pytest.MarkDecorator:
    """Skips tests if a scheduler is not installed; says how to install it."""
    venv = f".venv-schedulers/{scheduler}"
    return pytest.mark.skipif(
        not (environment_of(scheduler) / "bin" / scheduler).is_file(),
        reason=f"{scheduler} is not installed: python3 -m venv {venv} && {venv}/bin/pip install"
        f" -c examples/{scheduler}/constraints.txt -e . {_PACKAGES[scheduler]}",
    )


@dataclass
class Project:
    """A folder with secrets, in which jobs work, and what surrounds them.

    scripts: folder of programs that come before the machine's own
    env: variables beside those of the machine
    """

    folder: Path
    scripts: Path = Path(sys.executable).parent
    env: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that commands see; none of them has a secret."""
        path = f"{self.scripts}:{os.environ['PATH']}"
        own = {"HOME": str(self.folder.parent), "DLT_DATA_DIR": str(self.folder / "dlt")}
        return {**os.environ, **own, "PATH": path, **self.env}

    def call(self, *words: str, timeout: float = 300) -> str:
        """Runs a command, which must succeed within `timeout` seconds; returns what it printed."""
        completed = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout

    def call_bare(
        self, words: list[str], cwd: str, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a command with hardly any variables, as system services do.

        The result has both streams in `stdout`.
        """
        # where the checkout is, unless it is installed
        given = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        own = {"PATH": "/usr/bin:/bin", "DLT_DATA_DIR": str(self.folder / "dlt")}
        return subprocess.run(
            words,
            cwd=cwd,
            env={**given, **own, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=120,
            check=False,
        )

    @contextmanager
    def background(self, *words: str) -> Iterator[Path]:
        """Runs a command meanwhile; yields the file with what it prints. Ends all its processes."""
        log = self.folder.parent / f"{Path(words[0]).name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                words,
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                yield log
            finally:
                _end_group(process)

    def tables(self) -> dict[str, Rows]:
        """Returns all rows of the five tables of its database, without the load ids."""
        with duckdb.connect(str(self.folder / "coveo.duckdb"), read_only=True) as database:
            database.execute(f"use {DATASET}")
            database.execute("set timezone = 'UTC'")
            return {name: _rows(database, name) for name in TABLES}


def make_project(home: Path, server: DemoServer) -> Project:
    """Makes the folder `coveo` in a home folder, with the secrets of a demo server."""
    folder = home / "coveo"
    (folder / ".dlt").mkdir(parents=True)
    settings = {**connection_settings(server), "clock_tolerance_minutes": ANY_TIME_MINUTES}
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    text = "\n".join(["[sources.coveo_source]", *lines, ""])
    (folder / ".dlt" / "secrets.toml").write_text(text)
    return Project(folder)


def copy_example(path: str, folder: Path, **edits: str) -> Path:
    """Copies a file of examples/ as a user does, who then edits it; returns the copy."""
    target = folder / Path(path).name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(EXAMPLES / path, target)
    text = target.read_text()
    for before, after in edits.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    target.write_text(text)
    return target


def wait_until(happens: Callable[[], object], log: Path, seconds: float = 600) -> None:
    """Waits until something happens; fails with the end of a log if it does not in time."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, log.read_text(errors="replace")[-6000:]
        time.sleep(0.5)


def _rows(database: duckdb.DuckDBPyConnection, table: str) -> Rows:
    relation = database.table(table)
    columns = ", ".join(f'"{name}"' for name in sorted(relation.columns) if name != "_dlt_load_id")
    return database.execute(f"select {columns} from {table} order by all").fetchall()


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process and those that it has started."""
    for number in (15, 9):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
