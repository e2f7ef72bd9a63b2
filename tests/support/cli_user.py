"""What a user does and sees: run, and look into the database."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.cli.summary import Outcome
from coveo_source.demo import DemoServer
from coveo_source.tables import TABLES

PIPELINE = "coveo"
DATASET = "coveo_ua"

Rows = list[tuple[Any, ...]]


def account(server: DemoServer) -> dict[str, Any]:
    """The settings that lead to a demo server."""
    return {"base_url": server.base_url, "org": server.org, "api_key": server.api_key}


def load(server: DemoServer, *, with_models: bool = False, **settings: Any) -> Outcome:
    """One run in this process."""
    options = Options(
        PIPELINE,
        dataset=settings.pop("dataset", DATASET),
        full_refresh=settings.pop("full_refresh", False),
        with_models=with_models,
    )
    return run(options, {**account(server), **settings})


def environment(server: DemoServer) -> dict[str, str]:
    """The same settings as environment variables."""
    return {
        f"SOURCES__COVEO_SOURCE__{name.upper()}": value for name, value in account(server).items()
    }


def dlt_command(
    *words: str, env: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """One `dlt …` command in a process of its own."""
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
    """Rows from the pipeline's database."""
    with duckdb.connect(f"{pipeline}.duckdb", read_only=True) as database:
        database.execute(f"use {DATASET}")
        database.execute("set timezone = 'UTC'")
        return database.execute(sql).fetchall()


def rows(table: str, pipeline: str = PIPELINE) -> Rows:
    """All rows of a table, in a fixed order, without what tells one load from another."""
    return query(f"select * exclude (_dlt_load_id) from {table} order by all", pipeline)


def tables(names: Iterable[str] = tuple(TABLES), pipeline: str = PIPELINE) -> dict[str, Rows]:
    """All rows of several tables."""
    return {name: rows(name, pipeline) for name in names}


def created(server: DemoServer) -> list[dict[str, list[str]]]:
    """The queries of all requests that created an export."""
    return [
        dict(request.query)
        for request in server.requests
        if request.method == "POST" and request.path.endswith("/exports")
    ]
