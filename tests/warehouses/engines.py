"""The databases that the main job runs in, and how each of them is reached."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.support.clock import ANY_TIME_MINUTES
from tests.support.duckdb_extensions import extension_folder
from tests.warehouses.tables import Tables, read_dump

PIPELINE = "coveo"

Settings = Mapping[str, str]
"""Environment variables with which a database is reached."""

NO_SETTINGS: Settings = MappingProxyType({})
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
    compares: whether rows that a load changes are counted in it
    """

    name: str
    destination: str
    start: Callable[[Path], AbstractContextManager[Settings]]
    driver: str = "own"
    seconds: float = 600
    compares: bool = False


class User:
    """Somebody who types commands, in a folder of their own, and looks into the database."""

    def __init__(self, engine: Engine, folder: Path, settings: Settings) -> None:
        folder.mkdir()
        self.engine = engine
        self.folder = folder
        private = {"DLT_DATA_DIR": str(folder / "dlt")}
        self._environment = {**os.environ, **private, **USER_SETTINGS, **settings}

    def types(
        self, verb: str, *words: str, env: Mapping[str, str] = NO_SETTINGS, fails: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a verb, and checks how it ends.

        env: environment variables beside those of the database
        """
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


def _lake(folder: Path, catalog: str) -> Settings:
    credentials = "DESTINATION__DUCKLAKE__CREDENTIALS"
    extensions = extension_folder(folder / "extensions")
    return {
        f"{credentials}__GLOBAL_CONFIG": json.dumps({"extension_directory": extensions}),
        f"{credentials}__CATALOG": catalog,
        f"{credentials}__STORAGE__BUCKET_URL": str(folder / "files"),
    }


@contextmanager
def _lake_in_sqlite(folder: Path) -> Iterator[Settings]:
    yield _lake(folder, f"sqlite:///{folder / 'catalog.sqlite'}")


@contextmanager
def _lake_in_postgres(folder: Path) -> Iterator[Settings]:
    from tests.support.postgres_server import postgres_server

    with postgres_server() as address:
        yield _lake(folder, address)


@contextmanager
def _clickhouse(folder: Path) -> Iterator[Settings]:
    pytest.importorskip("chdb", reason="pip install .[dev]")
    yield {
        "CHDB_FOLDER": str(folder),
        "DESTINATION__CLICKHOUSE__CREDENTIALS": "clickhouse://loader:any@localhost:9000/default",
    }


@contextmanager
def _spark(master: str, folder: Path) -> Iterator[Settings]:
    for package in ("pyspark", "snowpark_connect_deps_iceberg", "databricks.sql"):
        pytest.importorskip(package)
    if not version("pyspark").startswith("3.5."):
        pytest.skip("Iceberg's jars in PyPI are for Spark 3.5")
    if not shutil.which("java"):
        pytest.skip("Spark needs Java")
    from tests.warehouses.drivers.spark.server import spark_server

    with spark_server(folder, master) as settings:
        yield settings


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


DUCKDB = Engine("DuckDB", "duckdb", _duckdb, compares=True)
DUCKLAKE = Engine("DuckLake", "ducklake", _lake_in_sqlite, driver="ducklake", compares=True)
DUCKLAKE_IN_POSTGRES = replace(DUCKLAKE, name="DuckLake in PostgreSQL", start=_lake_in_postgres)
POSTGRES = Engine("PostgreSQL", "postgres", _postgres, compares=True)
CLICKHOUSE = Engine("ClickHouse", "clickhouse", _clickhouse, driver="clickhouse")
SPARK = Engine("Spark", "databricks", partial(_spark, "local[2]"), driver="spark")
SPARK_CLUSTER = replace(
    SPARK, name="Spark cluster", start=partial(_spark, "local-cluster[2,1,1024]")
)
BIGQUERY = Engine("BigQuery", "bigquery", _bigquery, driver="bigquery")
SNOWFLAKE = Engine("Snowflake", "snowflake", _snowflake, driver="snowflake")

IN_CI = (DUCKDB, DUCKLAKE, POSTGRES, CLICKHOUSE)
OPTIONAL = (SPARK, SPARK_CLUSTER, BIGQUERY, SNOWFLAKE)
"""What needs much time, or packages that do not go with the others."""
