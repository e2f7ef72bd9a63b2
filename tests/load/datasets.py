"""A dataset that was loaded once, packages that are pending, and what a clean run would load."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from tests.support.assertions import (
    FROM_DATE,
    LOADED_TABLES,
    TRAFFIC,
    Completed,
    run_against,
    temporary_working_folder,
)
from tests.support.cli_user import (
    DATASET,
    PIPELINE,
    Rows,
    connection_settings,
    load,
    open_pipeline,
    tables,
)
from tests.support.clock import Clock

DATABASE = Path(f"{PIPELINE}.duckdb")
WINDOW = "2026-03-10 11:45 to 2026-03-12 11:45"
"""The window of the second run, as messages write it."""


def load_first(demo: DemoServer, clock: Clock) -> None:
    """Loads what is due, and lets a day pass."""
    load(demo, from_date=FROM_DATE, tables=LOADED_TABLES)
    clock.advance(days=1)


def run_again(demo: DemoServer, *words: str) -> Completed:
    """Runs the command that loads what is due since then."""
    return run_against(demo, *words)


@cache
def clean_tables() -> dict[str, Rows]:
    """Returns the tables as they are if both runs go well."""
    clock = Clock()
    clock.advance(days=1)
    with temporary_working_folder(), DemoServer(TRAFFIC, clock=clock, export_seconds=0) as server:
        load(server, from_date=FROM_DATE, tables=LOADED_TABLES)
        return tables(LOADED_TABLES)


def assert_all_loaded(completed: Completed) -> None:
    """Checks that a run succeeded, and that the tables are those of a clean run."""
    assert completed.code == 0, completed.err
    assert tables(LOADED_TABLES) == clean_tables()


def execute(*statements: str) -> None:
    """Does something to the database by hand."""
    with duckdb.connect(str(DATABASE)) as database:
        database.execute(f"use {DATASET}")
        for statement in statements:
            database.execute(statement)


def require_a_column() -> None:
    """Makes the table of clicks refuse all rows, as a constraint of a DBA would."""
    execute(
        "alter table clicks add column checked varchar default 'yes'",
        "alter table clicks alter column checked set not null",
        "alter table clicks alter column checked drop default",
    )


def no_longer_require_it() -> None:
    execute("alter table clicks drop column checked")


def leave_package(demo: DemoServer, normalized: bool = True, **settings: Any) -> Path:
    """Leaves a package as a run that is killed before its load does; returns its folder."""
    pipeline = open_pipeline()
    given = {"tables": list(LOADED_TABLES), **connection_settings(demo), **settings}
    pipeline.extract(coveo_source(**given))
    if normalized:
        pipeline.normalize()
    folder = "load/normalized" if normalized else "normalize/extracted"
    [package] = (Path(pipeline.working_dir) / folder).iterdir()
    return package


def job_file(package: Path, table: str) -> Path:
    """Returns the file of a table that is not loaded yet."""
    [file] = package.glob(f"new_jobs/{table}.*")
    return file


def change_description(package: Path, **changes: Any) -> None:
    """Changes what a package says of itself."""
    path = package / "load_package_state.json"
    state = json.loads(path.read_text())
    state["coveo_source"].update(changes)
    path.write_text(json.dumps(state))
