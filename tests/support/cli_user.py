"""What a user does and sees: runs commands and looks into the database."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dlt
import duckdb

from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.cli.summary import Outcome
from coveo_source.demo import DemoServer
from coveo_source.tables import TABLES

PIPELINE = "coveo"
DATASET = "coveo_ua"

Rows = list[tuple[Any, ...]]


def connection_settings(server: DemoServer) -> dict[str, Any]:
    """Returns the settings with which a run uses a demo server."""
    return {"base_url": server.base_url, "org": server.org, "api_key": server.api_key}


def environment(server: DemoServer) -> dict[str, str]:
    """Returns the same settings as environment variables."""
    settings = connection_settings(server)
    return {f"SOURCES__COVEO_SOURCE__{name.upper()}": value for name, value in settings.items()}


def load(server: DemoServer, *, with_models: bool = False, **settings: Any) -> Outcome:
    """Does what `run` does, in this process."""
    names = ("dataset", "full_refresh", "replace", "force")
    given = {name: settings.pop(name) for name in names if name in settings}
    options = Options(PIPELINE, **{"dataset": DATASET, **given}, with_models=with_models)
    return run(options, {**connection_settings(server), **settings})


def open_pipeline() -> dlt.Pipeline:
    """Opens the pipeline that the commands use, as a library user would."""
    return dlt.pipeline(PIPELINE, destination="duckdb", dataset_name=DATASET)


def dlt_command(
    *words: str, env: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs `dlt …` in a process of its own, for at most `timeout` seconds."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("dlt")), *words],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def query(sql: str, pipeline: str = PIPELINE) -> Rows:
    """Returns rows from a pipeline's database."""
    with duckdb.connect(f"{pipeline}.duckdb", read_only=True) as database:
        database.execute(f"use {DATASET}")
        database.execute("set timezone = 'UTC'")
        return database.execute(sql).fetchall()


def rows(table: str, pipeline: str = PIPELINE) -> Rows:
    """Returns all rows of a table in a fixed order, without the load id."""
    return query(f"select * exclude (_dlt_load_id) from {table} order by all", pipeline)


def tables(names: Iterable[str] = tuple(TABLES), pipeline: str = PIPELINE) -> dict[str, Rows]:
    """Returns all rows of several tables, by table."""
    return {name: rows(name, pipeline) for name in names}


def create_requests(server: DemoServer) -> list[dict[str, list[str]]]:
    """Returns the query parameters of every request to create an export."""
    return [
        dict(request.query)
        for request in server.requests
        if request.method == "POST" and request.path.endswith("/exports")
    ]


def export_files(folder: Path) -> list[Path]:
    """Returns what runs left of their exports' files below a folder, folders included."""
    return [path for top in folder.rglob("coveo_exports") for path in [top, *top.rglob("*")]]
