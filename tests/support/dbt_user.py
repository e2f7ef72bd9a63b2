"""What a dbt user does with a project, and what its tables must then hold."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from coveo_source.models.files import SEEDS, selected
from coveo_source.models.qualify import Schema, qualify_query, sql_schema
from coveo_source.tables import TABLES

Rows = list[tuple[Any, ...]]

ROOT = Path(__file__).parents[2]
DBT_SCHEMA = "coveo_ua_dbt"
NOWHERE = "http://127.0.0.1:9"
"""A proxy that nobody runs."""
MODELS = {model.name: model for model in selected(())}


def _find_dbt() -> str | None:
    """Returns the path of dbt: `$DBT`, that of .ci/run, one beside this Python or on the PATH."""
    places = [os.environ.get("DBT"), str(ROOT / ".venv-dbt/bin/dbt")]
    places += [str(Path(sys.executable).with_name("dbt")), shutil.which("dbt")]
    return next((place for place in places if place and Path(place).is_file()), None)


needs_dbt = pytest.mark.skipif(
    _find_dbt() is None,
    reason="dbt is not installed: python3 -m venv .venv-dbt &&"
    " .venv-dbt/bin/pip install -c constraints-dbt.txt dbt-core dbt-duckdb"
    " dbt-postgres dbt-metricflow",
)


def _has_postgres() -> bool:
    """Returns True if dbt's adapter for PostgreSQL is installed beside dbt."""
    library = Path(_find_dbt() or "dbt").parents[1] / "lib"
    return any(library.glob("python*/site-packages/dbt/adapters/postgres/__init__.py"))


needs_dbt_postgres = pytest.mark.skipif(
    not _find_dbt() or not _has_postgres(), reason="dbt-postgres is not installed beside dbt"
)


def dbt_folder() -> Path:
    """Returns the folder with dbt's command, once `needs_dbt` has found one."""
    return Path(_find_dbt() or "dbt").parent


def dbt(project: Path, *words: str) -> str:
    """Runs `dbt …` in a project's folder, with an empty home folder; returns what it printed."""
    program = _find_dbt()
    assert program
    return _printed(project, program, "--no-use-colors", *words)


def _find_mf() -> str | None:
    """Returns the path of MetricFlow's command, beside dbt; None if it is not installed."""
    program = Path(_find_dbt() or "dbt").with_name("mf")
    return str(program) if program.is_file() else None


needs_metricflow = pytest.mark.skipif(
    _find_mf() is None, reason="dbt-metricflow is not installed beside dbt"
)


def mf(project: Path, *words: str) -> str:
    """Runs `mf …` of MetricFlow in a project's folder; returns what it printed."""
    program = _find_mf()
    assert program
    return _printed(project, program, *words)


def mf_query(project: Path, metrics: Iterable[str], slicers: Iterable[str], *words: str) -> Rows:
    """Returns the rows of a metrics query, in a fixed order: the slicers and then the metrics."""
    file = project / "target" / "query.csv"
    listed = ["--metrics", ",".join(metrics), "--group-by", ",".join(slicers)]
    mf(project, "query", *listed, *words, "--csv", str(file))
    with file.open(encoding="utf-8", newline="") as lines:
        _, *rows = csv.reader(lines)
    return sorted(map(tuple, rows))


def _printed(project: Path, *command: str) -> str:
    """Runs a command in a project's folder, with an empty home folder; returns what it printed."""
    home = project.parent / "home"
    home.mkdir(exist_ok=True)
    # mf would ask PyPI for a newer version of itself, and keep the answer
    offline = {"HTTPS_PROXY": NOWHERE, "TMPDIR": str(project.parent)}
    completed = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "HOME": str(home), **offline},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert not list(home.iterdir())
    return completed.stdout


def schema_tables(schema: str, database: Path) -> dict[str, Rows]:
    """Returns all rows of all models in a schema, in a fixed order of columns and rows."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return {name: _table_rows(connection, f"{schema}.{name}") for name in MODELS}


def expected_tables(pipeline: dlt.Pipeline, database: Path) -> dict[str, Rows]:
    """Returns the rows that each model must hold: the result of its query over all the data."""
    loaded = sql_schema(pipeline)
    schema: Schema = {name: loaded[name] for name in TABLES if name in loaded}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{database}' as stored (read_only)")
        for name in schema:
            connection.execute(f"create view {name} as from stored.coveo_ua.{name}")
        for seed in SEEDS:
            connection.execute(f"create view {seed} as from stored.{DBT_SCHEMA}.{seed}")
        for name in (*SEEDS, *MODELS):
            if name in MODELS:
                query = qualify_query(MODELS[name].query, schema)
                connection.execute(f"create table {name} as {query.sql('duckdb')}")
            schema = {**schema, name: _column_types(connection, name)}
        return {name: _table_rows(connection, name) for name in MODELS}


def _table_rows(connection: duckdb.DuckDBPyConnection, table: str) -> Rows:
    """Returns a table's column names and then its rows, both without the load id."""
    names = sorted(_column_types(connection, table).keys() - {"_dlt_load_id"})
    listed = ", ".join(f'"{name}"' for name in names)
    return [
        tuple(names),
        *connection.execute(f"select {listed} from {table} order by all").fetchall(),
    ]


def _column_types(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Returns the types of a table's columns, by name."""
    columns = connection.execute(f"describe {table}").fetchall()
    return {row[0]: row[1].replace("TIMESTAMP WITH TIME ZONE", "timestamptz") for row in columns}
