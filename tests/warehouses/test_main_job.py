"""The main job leaves the same tables in every database, step by step."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from coveo_source.tables import EXPORTS
from tests.support.clock import NOW, Clock
from tests.support.once import once
from tests.support.person import PersonalTraffic
from tests.warehouses.engines import (
    DUCKDB,
    DUCKLAKE_IN_POSTGRES,
    IN_CI,
    OPTIONAL,
    Engine,
    User,
)
from tests.warehouses.main_job import STEPS
from tests.warehouses.tables import (
    COMPARED,
    Tables,
    read_dump,
    without_changes,
    write_dump,
)

pytestmark = pytest.mark.slow

ENGINES = [
    *IN_CI,
    pytest.param(DUCKLAKE_IN_POSTGRES, marks=pytest.mark.thorough),
    *(pytest.param(engine, marks=pytest.mark.warehouses) for engine in OPTIONAL),
]


@contextmanager
def job_in(engine: Engine, folder: Path) -> Iterator[tuple[User, DemoServer, Clock]]:
    """Yields somebody with a new database, and a server of their own to load from."""
    clock = Clock(NOW + timedelta(milliseconds=457))
    traffic = PersonalTraffic(visits_per_day=12)
    with DemoServer(traffic, clock=clock, export_seconds=0.05) as server, ExitStack() as stack:
        (database := folder / "database").mkdir()
        settings = stack.enter_context(engine.start(database))
        yield User(engine, folder / "user", settings), server, clock


@pytest.fixture(scope="module")
def expected() -> dict[str, Tables]:
    """The tables after each step in DuckDB, where no model is ever rebuilt by unit."""
    folder = once("the main job without models that are rebuilt by unit", _do_the_job)
    return {step.__name__: read_dump(folder / step.__name__) for step in STEPS}


def _do_the_job(folder: Path) -> None:
    """Writes the tables after each step to a file."""
    with job_in(DUCKDB, folder) as (user, server, clock):
        for step in STEPS:
            step(user, server, clock)
            user.types("models", "--full-refresh")
            write_dump(user.tables(), folder / step.__name__)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_the_main_job_leaves_the_same_tables_in_every_database(
    engine: Engine, expected: dict[str, Tables], tmp_path: Path
) -> None:
    with job_in(engine, tmp_path) as (user, server, clock):
        for step in STEPS:
            step(user, server, clock)
            actual, wanted = user.tables(), expected[step.__name__]
            if not engine.compares:
                assert _knows_no_changes(actual)
                actual, wanted = without_changes(actual), without_changes(wanted)
            for table in COMPARED:
                assert actual[table] == wanted[table], (step.__name__, table)


def _knows_no_changes(found: Tables) -> bool:
    """Returns True if changed rows are unknown in each export of a time that was loaded before."""
    exports = [dict(row) for row in found[EXPORTS]]
    return all(row["searches_changed"] is None for row in exports if row["by_age"])


def test_the_main_job_has_rows_for_every_table_and_changes_them_in_every_step(
    expected: dict[str, Tables],
) -> None:
    last = expected[STEPS[-1].__name__]
    assert [table for table in COMPARED if not last[table]] == []
    names = [step.__name__ for step in STEPS]
    unchanged = [name for before, name in pairwise(names) if expected[before] == expected[name]]
    assert unchanged == ["test_the_data", "build_the_models_in_full"]
