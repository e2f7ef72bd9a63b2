"""The databases that the main job runs in, and how each of them is reached."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.clock import ANY_TIME_MINUTES
from tests.warehouses.tables import Tables, read_dump

PIPELINE = "coveo"

Settings = Mapping[str, str]
"""Environment variables with which a database is reached."""

USER_SETTINGS = {
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "SOURCES__COVEO_SOURCE__CLOCK_TOLERANCE_MINUTES": str(ANY_TIME_MINUTES),
    # many cells are unreadable on purpose, and few visits ask the same
    "SOURCES__COVEO_SOURCE__MAX_REJECTED_SHARE": "1",
    "SOURCES__COVEO_SOURCE__GAP_VISITS": "1",
}


@dataclass(frozen=True)
class Engine:
    """A kind of database.

    name: what the table of destinations in the docs calls it
    destination: its name in dlt
    start: given an empty folder, starts what has to run, and yields the settings for it; skips the
        test if something is not installed
    driver: the module of `drivers` that stands in for the database's own driver
    seconds: how long a command may take
    """

    name: str
    destination: str
    start: Callable[[Path], AbstractContextManager[Settings]]
    driver: str = "own"
    seconds: float = 120


class User:
    """Somebody who types commands, in a folder of their own, and looks into the database."""

    def __init__(self, engine: Engine, folder: Path, settings: Settings) -> None:
        folder.mkdir()
        self.engine = engine
        self.folder = folder
        private = {"DLT_DATA_DIR": str(folder / "dlt")}
        self._environment = {**os.environ, **private, **USER_SETTINGS, **settings}

    def types(
        self, verb: str, *words: str, fails: bool = False, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a verb, and checks how it ends."""
        completed = self._run(verb, *words, "--destination", self.engine.destination, env=env)
        assert (completed.returncode != 0) == fails, completed.stdout + completed.stderr
        return completed

    def tables(self) -> Tables:
        """Returns what is in the database."""
        file = self.folder / "tables.pickle"
        completed = self._run("dump", self.engine.destination, str(file), env={})
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return read_dump(file)

    def _run(
        self, verb: str, *words: str, env: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        command = (sys.executable, "-m", "tests.warehouses", self.engine.driver, PIPELINE, verb)
        return subprocess.run(
            [*command, *words],
            cwd=self.folder,
            env={**self._environment, **env},
            capture_output=True,
            text=True,
            timeout=self.engine.seconds,
            stdin=subprocess.DEVNULL,
            check=False,
        )


@contextmanager
def _duckdb(folder: Path) -> Iterator[Settings]:
    yield {"DESTINATION__DUCKDB__CREDENTIALS__DATABASE": str(folder / "coveo.duckdb")}


@contextmanager
def _postgres(folder: Path) -> Iterator[Settings]:
    from tests.support.postgres_server import postgres_server

    with postgres_server() as address:
        yield {"DESTINATION__POSTGRES__CREDENTIALS": address}


@contextmanager
def _bigquery(folder: Path) -> Iterator[Settings]:
    from tests.warehouses.servers import bigquery_server

    pytest.importorskip("google.cloud.bigquery", reason="dlt[bigquery] is not installed")
    with bigquery_server(folder) as host:
        account = {"PROJECT_ID": "coveo", "CLIENT_EMAIL": "nobody@example.com", "PRIVATE_KEY": "-"}
        credentials = "DESTINATION__BIGQUERY__CREDENTIALS__"
        yield {
            "BIGQUERY_EMULATOR_HOST": host,
            # the emulator does not unpack compressed files
            "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
            **{f"{credentials}{name}": value for name, value in account.items()},
        }


@contextmanager
def _snowflake(folder: Path) -> Iterator[Settings]:
    pytest.importorskip("snowflake.connector", reason="dlt[snowflake] is not installed")
    pytest.importorskip("fakesnow", reason="fakesnow is not installed")
    account = {"HOST": "none", "USERNAME": "loader", "PASSWORD": "any", "DATABASE": "coveo"}
    credentials = "DESTINATION__SNOWFLAKE__CREDENTIALS__"
    yield {
        "FAKESNOW_FOLDER": str(folder),
        # the driver reads files as they are
        "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
        **{f"{credentials}{name}": value for name, value in account.items()},
    }


DUCKDB = Engine("DuckDB", "duckdb", _duckdb)
POSTGRES = Engine("PostgreSQL", "postgres", _postgres)
BIGQUERY = Engine("BigQuery", "bigquery", _bigquery, driver="bigquery", seconds=600)
SNOWFLAKE = Engine("Snowflake", "snowflake", _snowflake, driver="snowflake", seconds=300)
