"""DuckLake: readers beside a run, one writer at a time, and nothing left of what was erased."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from coveo_source.demo import DemoServer
from coveo_source.file_lock import FileLock
from tests.support.cli_user import environment
from tests.support.clock import Clock
from tests.support.person import NAME, PersonalTraffic
from tests.warehouses.engines import DUCKLAKE, DUCKLAKE_IN_POSTGRES, Engine, User

pytestmark = pytest.mark.slow

CREDENTIALS = "DESTINATION__DUCKLAKE__CREDENTIALS__"

READ = """
import json, sys, duckdb
config, attach, *tables = sys.argv[1:]
seen = {table: set() for table in tables}
print("reads", flush=True)
import threading
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
with duckdb.connect(":memory:", config=json.loads(config)) as database:
    database.execute(attach)
    rounds = 0
    while not stop.is_set():
        for table in tables:
            [(count,)] = database.execute(f"select count(*) from lake.coveo_ua.{table}").fetchall()
            seen[table].add(count)
        rounds += 1
print(json.dumps({"rounds": rounds, "seen": {name: sorted(each) for name, each in seen.items()}}))
"""
"""Asks for the number of rows of some tables until its input ends, and says which it has seen."""


@contextmanager
def lake(engine: Engine, folder: Path) -> Iterator[tuple[User, dict[str, str]]]:
    (database := folder / "database").mkdir()
    with engine.start(database) as settings:
        yield User(engine, folder / "user", settings), dict(settings)


def attach_statement(settings: dict[str, str]) -> str:
    """What somebody types to read the lake."""
    catalog = settings[f"{CREDENTIALS}CATALOG"].replace("sqlite:///", "sqlite:")
    if catalog.startswith("postgresql"):
        catalog = f"postgres:{catalog}"
    schema = ", metadata_schema 'ducklake'" if catalog.startswith("postgres") else ""
    return f"attach 'ducklake:{catalog}' as lake (read_only{schema})"


def read(settings: dict[str, str], sql: str) -> list[tuple[Any, ...]]:
    config = json.loads(settings[f"{CREDENTIALS}GLOBAL_CONFIG"])
    with duckdb.connect(":memory:", config=config) as database:
        database.execute(attach_statement(settings))
        return database.execute(sql).fetchall()


def counts(settings: dict[str, str], tables: list[str]) -> dict[str, Any]:
    query = "select count(*) from lake.coveo_ua."
    return {name: read(settings, f"{query}{name}")[0][0] for name in tables}


@contextmanager
def reader(settings: dict[str, str], tables: list[str]) -> Iterator["subprocess.Popen[str]"]:
    words = [settings[f"{CREDENTIALS}GLOBAL_CONFIG"], attach_statement(settings), *tables]
    with subprocess.Popen(
        [sys.executable, "-c", READ, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "reads\n"
        yield process


def test_two_readers_ask_while_a_run_writes_and_never_see_half_a_table(
    serve: type[DemoServer], clock: Clock, tmp_path: Path
) -> None:
    server = serve()
    tables = ["searches", "clicks", "all_events", "visits"]
    with lake(DUCKLAKE_IN_POSTGRES, tmp_path) as (user, settings):
        user.types("run", "--from", "2026-03-09", env=environment(server))
        before = counts(settings, tables)
        clock.advance(hours=30, milliseconds=251)
        with reader(settings, tables) as first, reader(settings, tables) as second:
            user.types("run", env=environment(server))
            answers = [json.loads(each.communicate(timeout=60)[0]) for each in (first, second)]
            assert [first.returncode, second.returncode] == [0, 0]
        after = counts(settings, tables)
    for answer in answers:
        assert answer["rounds"] > 1
        for name in tables:
            whole = {before[name], after[name]}
            assert set(answer["seen"][name]) <= whole, name
            assert len(whole) == 2


def test_where_the_catalog_is_a_file_a_second_run_is_refused_until_the_first_has_ended(
    serve: type[DemoServer], tmp_path: Path
) -> None:
    server = serve()
    with lake(DUCKLAKE, tmp_path) as (user, settings):
        catalog = Path(settings[f"{CREDENTIALS}CATALOG"].removeprefix("sqlite:///"))
        lock = FileLock(catalog.with_name(f"{catalog.name}.lock"))
        assert lock.acquire()
        words = ("--from", "2026-03-10", "--no-models")
        refused = user.types("run", *words, fails=True, env=environment(server))
        assert refused.returncode == 1
        assert "Another run is writing to the dataset" in refused.stderr
        lock.release()
        user.types("run", *words, env=environment(server))


def test_what_is_erased_is_in_no_file_and_in_no_snapshot(
    serve: type[DemoServer], tmp_path: Path
) -> None:
    server = serve(PersonalTraffic(visits_per_day=12))
    with lake(DUCKLAKE, tmp_path) as (user, settings):
        user.types("run", "--from", "2026-03-08", env=environment(server))
        files = Path(settings[f"{CREDENTIALS}STORAGE__BUCKET_URL"])
        assert NAME in texts(files)
        user.types("erase", "--user-name", NAME, "--yes")
        assert NAME not in texts(files)
        assert read(settings, "select count(*) from lake.coveo_ua.searches") != [(0,)]
        for (version,) in read(settings, "select snapshot_id from ducklake_snapshots('lake')"):
            then = f"lake.coveo_ua.searches at (version => {version})"
            assert read(settings, f"select 1 from {then} where username = '{NAME}'") == []


def texts(folder: Path) -> str:
    """Returns what stands in all Parquet files below a folder."""
    return "".join(str(pq.read_table(file).to_pylist()) for file in folder.rglob("*.parquet"))
