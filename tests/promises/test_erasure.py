"""What is erased is gone from every table and file, also if the command is killed on the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import duckdb
import pytest

from coveo_source.demo import DemoServer
from coveo_source.models.files import models
from tests.support.assertions import invoke
from tests.support.cases import some_of
from tests.support.cli_user import DATASET, PIPELINE, environment, load, query, rows, tables
from tests.support.once import load_once
from tests.support.person import (
    NAME,
    PersonalTraffic,
    erase,
    private_texts,
    readable_bytes,
    texts_in,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason=f"{sys.platform} has no SIGKILL"),
]

Serve = Callable[..., DemoServer]

KILLED = """
import importlib, os, signal, sys
from coveo_source.__main__ import main

module, name, nth = sys.argv.pop(1), sys.argv.pop(1), int(sys.argv.pop(1))
holder = importlib.import_module(module)
*owners, name = name.split(".")
for owner in owners:
    holder = getattr(holder, owner)
original, calls = getattr(holder, name), []

def last_call(*args, **options):
    calls.append(args)
    if len(calls) == nth:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **options)

setattr(holder, name, last_call)
main()
"""
"""A command that kills itself where it calls a function for the nth time."""

ERASE = ("erase", "--user-name", NAME, "--yes")

Point = tuple[str, str, int]
"""A module, the name of a function there, and which of its calls is not reached."""

WITHIN: Point = ("coveo_source.dataset.erasure", "remove_rows", 4)
"""Where it may be killed while rows are deleted."""
AFTER: dict[str, Point] = {
    "before the models": ("coveo_source.cli.traces", "_rebuild_models", 1),
    "while models are built": ("coveo_source.models.runner", "_ModelRunner._build_package", 2),
    "after the models": ("coveo_source.cli.traces", "_delete_files", 1),
    "before the lists are cleared": ("coveo_source.cli.traces", "_clear_tables", 1),
    "while the lists are cleared": ("coveo_source.dataset.traces", "_clear_removed_rows", 1),
    "before the file is copied": ("coveo_source.destination.rewriting", "empty_log", 1),
    "while the file is copied": ("coveo_source.destination.rewriting", "_compare", 1),
    "after the file is copied": ("coveo_source.destination.rewriting", "_keep_owner_and_mode", 1),
    "after the file is replaced": ("coveo_source.cli.traces", "complete_erasure", 1),
}
"""Where it may be killed after that."""


@pytest.fixture
def personal(serve: Serve) -> DemoServer:
    """A server whose events of two days are loaded, and the models built."""
    server: DemoServer = serve(PersonalTraffic())
    load_once(server, from_date="2026-03-10", with_models=True)
    return server


def killed_at(point: Point, *words: str, server: DemoServer | None = None) -> None:
    """Runs a verb until it kills itself."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, point), PIPELINE, *words],
        env={**os.environ, **(environment(server) if server else {})},
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, (point, done.stdout, done.stderr)


def all_rows() -> dict[str, object]:
    return {**tables(), **{name: rows(name) for name in models()}}


def assert_erased(private: set[str]) -> None:
    """Checks that no table, file or folder holds any of the person's own texts."""
    assert private
    for path, content in readable_bytes(Path.cwd().parent):
        assert not texts_in(content, private), path
    assert {path.name for path in Path().iterdir()} == {f"{PIPELINE}.duckdb"}
    assert query("select count(*) from erasures where completed_at is null") == [(0,)]
    former = all_rows()
    assert invoke(PIPELINE, "models", "--full-refresh").code == 0
    assert all_rows() == former


def test_no_file_holds_any_of_it(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOAD__DELETE_COMPLETED_JOBS", "false")
    load_once(serve(PersonalTraffic()), from_date="2026-03-10", with_models=True)
    private = private_texts()
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        # what else may hold values: rows on their way, and the lists of what is to be rebuilt
        database.execute(f"create schema if not exists {DATASET}_staging")
        database.execute(f"create table {DATASET}_staging.searches as from {DATASET}.searches")
        database.execute(
            f"create or replace table {DATASET}.touched_units as select 'visit_id' as unit,"
            f" visit_id as value, null::timestamptz as since, null::timestamptz as until,"
            f" _dlt_load_id from {DATASET}.searches"
        )
    files = readable_bytes(Path.cwd().parent)
    held = {path.suffix for path, content in files if texts_in(content, private)}
    assert held == {".duckdb", ".parquet"}
    built = query("select distinct _dlt_load_id from visits")
    assert erase().code == 0
    # the visits that the person had no part in were not built again
    assert set(built) < set(query("select distinct _dlt_load_id from visits"))
    assert_erased(private)


def test_nothing_is_erased_by_half(serve: Serve) -> None:
    load(serve(PersonalTraffic()), from_date="2026-03-10")
    former = tables()
    killed_at(WITHIN, *ERASE)
    assert tables() == former
    for table in ("_coveo_erased", "erasures", "removed_rows"):
        assert query(f"select count(*) from {table}") == [(0,)]
    assert erase().code == 0
    assert query("select searches > 0, completed_at is null from erasures") == [(True, False)]


SOME_POINTS = ("while models are built", "while the file is copied", "after the file is replaced")


@pytest.mark.parametrize("points", some_of([SOME_POINTS, tuple(AFTER)], SOME_POINTS))
@pytest.mark.thorough
def test_whatever_command_comes_next_goes_on_with_an_erasure_that_was_killed(
    personal: DemoServer, points: tuple[str, ...]
) -> None:
    private = private_texts()
    run = ("run", "--from", "2026-03-10")
    commands = cycle([ERASE, ("models",), run])
    for point in points:
        killed_at(AFTER[point], *next(commands), server=personal)
    completed = invoke(PIPELINE, *next(commands), env=environment(personal))
    assert completed.code == 0, completed.err
    assert "Finishing first what an earlier erase had begun." in completed.err
    assert_erased(private)
