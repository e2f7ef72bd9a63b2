"""A database and a pipeline folder that an earlier version made are taken over as they are.

`pipeline.tar.xz` was made by the version before the modules moved into packages. That version ran
once against a demo server, models included. A day later it had read the next window into a load
package, and was stopped before it loaded the package.
"""

import tarfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention

from coveo_source.demo import DemoServer, Traffic
from coveo_source.models.files import models
from coveo_source.tables import TABLES
from tests.support.assertions import invoke, temporary_working_folder
from tests.support.cli_user import PIPELINE, load, query
from tests.support.clock import Clock

pytestmark = pytest.mark.slow

ARCHIVE = Path(__file__).with_name("pipeline.tar.xz")
TRAFFIC = Traffic(seed=3, visits_per_day=4)
FIRST_DAY = "2026-03-05"

DIMENSIONS = {"c_page_type", "c_page_type_2", "event_id_2"}
"""The columns of dimensions that the demo did not have then."""

OWN_COLUMNS = {
    "custom_events": DIMENSIONS,
    "exports": {
        *(
            f"{table}_{count}"
            for table in TABLES
            for count in ("gone", "late", "changed", "erased")
        ),
        "backfill_id",
        "by_age",
        "late_days",
        "replaced",
        "source_version",
    },
    "rejected_rows": {"row_key"},
}
"""The columns that came since."""


@pytest.fixture
def former(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The earlier version's folder, unpacked into the test's own."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(own_folder, filter="data")
    for path in (own_folder / "dlt").rglob("state.json"):
        # dlt remembers the folder of the first run
        path.write_text(path.read_text().replace("@folder@", str(own_folder)))
    monkeypatch.setenv("DLT_DATA_DIR", str(own_folder / "dlt"))
    return own_folder


@pytest.fixture
def later(clock: Clock) -> Clock:
    """Two days after the earlier version's first run, one after its last."""
    clock.advance(days=2)
    return clock


def columns() -> dict[str, list[tuple[str, str]]]:
    """Name and type of the columns of every table; models are built anew, as they are now."""
    return {
        name: query(f"select column_name, column_type from (describe {name}) order by 1")
        for name in (*TABLES, "exports", "rejected_rows", "model_builds", "rebuilt_loads")
    }


def built_models() -> list[str]:
    """The models that the dataset has; the earlier version had fewer."""
    present = query("select table_name from duckdb_tables() where schema_name = 'coveo_ua'")
    return [name for name in models() if (name,) in present]


def keys(table: str) -> set[tuple[Any, ...]]:
    """The keys of a table's rows."""
    columns = map(NamingConvention().normalize_identifier, TABLES[table].key)
    return set(query(f"select {', '.join(columns)} from {table}"))


def cells() -> dict[str, list[Any]]:
    """The rows of all tables and models; new columns may stand at another place of the table."""
    found = {}
    for table in (*TABLES, *built_models()):
        names = sorted(query(f"select column_name from (describe {table})"))
        listed = ", ".join(name for (name,) in names if name not in {*DIMENSIONS, "_dlt_load_id"})
        found[table] = query(f"select {listed} from {table} order by all")
    return found


def state() -> dict[str, Any]:
    found: dict[str, Any] = dlt.attach(PIPELINE).state["sources"]["coveo_source"]
    return found


def rows_since(start: datetime, where: str = "true") -> dict[str, list[Any]]:
    """The rows of all tables from a time on, without load ids; names in the same order."""
    found = {}
    for table in TABLES:
        names = sorted(query(f"select column_name from (describe {table})"))
        listed = ", ".join(f'"{name}"' for (name,) in names if name != "_dlt_load_id")
        recent = f"datetime >= '{start.isoformat()}' and {where}"
        found[table] = query(f"select {listed} from {table} where {recent} order by all")
    return found


def clean_run(clock: Clock, start: datetime) -> dict[str, Any]:
    """The state after runs by this version alone, and the rows from a time on."""
    own_server = DemoServer(TRAFFIC, clock=clock, export_seconds=0.05)
    with temporary_working_folder(), own_server as server:
        clock.advance(days=-2)
        load(server, from_date=FIRST_DAY)
        clock.advance(days=2)
        load(server)
        return {"state": state(), "rows": rows_since(start)}


def assert_state_goes_on(
    before: dict[str, Any], after: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert before.keys() == {"resources", "organization", "dataset_id", "history"}
    assert after.keys() == {*before, "column_names"}
    assert after["column_names"] == wanted["column_names"]
    assert after["dataset_id"] == before["dataset_id"]
    assert after["organization"] == before["organization"]
    assert after["history"] == wanted["history"]
    assert after["resources"].keys() == wanted["resources"].keys()
    for table, slots in after["resources"].items():
        assert slots["incremental"] == wanted["resources"][table]["incremental"], table


def test_its_pending_load_comes_first_and_what_it_loaded_stays(
    former: Path, serve: Any, later: Clock
) -> None:
    before, loaded = state(), {table: keys(table) for table in TABLES}
    outcome = load(serve(TRAFFIC), with_models=True)
    [export] = outcome.fetched
    start = export.step.window.start
    # the demo shows more than it did then, so what is left of the former loads may differ
    reloaded = rows_since(start, "_dlt_load_id = (select max(_dlt_load_id) from exports)")
    for table in TABLES:
        assert loaded[table] < keys(table), table
    rows = cells()
    assert invoke(PIPELINE, "models", "--full-refresh").code == 0
    assert cells() == rows
    after, wanted = state(), clean_run(later, start)
    assert all(reloaded.values())
    assert reloaded == wanted["rows"]
    assert_state_goes_on(before, after, wanted["state"])
    # the window of the pending package is not exported again, but for the look-back
    windows = query("select window_start, window_end from exports order by 1")
    assert len(windows) == 3
    assert start == windows[1][1] - timedelta(days=1)
    assert query("select count(*) from exports where reconciled_at is null") == [(0,)]


@pytest.mark.thorough
def test_its_tables_keep_their_columns(former: Path, serve: Any, later: Clock) -> None:
    before = columns()
    load(serve(TRAFFIC), with_models=True)
    after = columns()
    for table, described in before.items():
        new = {name for name, _ in after[table]} - {name for name, _ in described}
        assert new == OWN_COLUMNS.get(table, set())
        assert [each for each in after[table] if each[0] not in new] == described, table


def test_another_organization_is_still_refused(former: Path, serve: Any, later: Clock) -> None:
    from coveo_source.exceptions import PipelineMismatch

    with pytest.raises(PipelineMismatch, match="coveodemo"):
        load(serve(TRAFFIC), org="another")


def test_its_columns_keep_their_values(former: Path, serve: Any, later: Clock) -> None:
    load(serve(TRAFFIC), tables="clicks", dimensions="language")
    [(nulls, others)] = query("select count(*) - count(c_product), count(c_product) from clicks")
    assert nulls < others
    # the look-back has read some of them again
    [(loads,)] = query(
        "select count(distinct _dlt_load_id) from clicks where c_product is not null"
    )
    assert loads == 3


@pytest.mark.thorough
def test_a_person_can_be_erased_from_it(former: Path, serve: Any, later: Clock) -> None:
    [(name,)] = query("select mode(username) from searches")
    completed = invoke(PIPELINE, "erase", "--user-name", name, "--yes")
    assert completed.code == 0, completed.err
    of_person = f"select count(*) from all_events where '{name}' in (username, user_name)"
    assert query(of_person) == [(0,)]
    assert query(of_person.replace("all_events", "searches").replace(", user_name", "")) == [(0,)]
    built = cells()
    assert invoke(PIPELINE, "models", "--full-refresh").code == 0
    assert built.items() <= cells().items()
    load(serve(TRAFFIC), with_models=True, lookback_days=2)
    assert query(of_person) == [(0,)]
