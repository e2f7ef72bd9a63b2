"""Models that change or fail, and their tables."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from coveo_source.destination import tuning
from coveo_source.exceptions import ModelError
from tests.models.incremental.history import load, tables
from tests.models.incremental.warehouse import Warehouse, click

pytestmark = pytest.mark.slow


def edited(folder: Path, model: str, change: Callable[[str], str]) -> Path:
    """The folder after a change of one model's SQL, as another checkout has it."""
    copy = shutil.copytree(folder, folder.with_name(f"{folder.name}_{model}"))
    path = copy / f"{model}.sql"
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    return copy


def test_a_model_that_was_changed_is_built_as_a_whole_and_what_reads_it(
    warehouse: Warehouse, folder: Path
) -> None:
    changed = edited(folder, "search_outcomes", lambda sql: f"-- in other words\n{sql}")
    assert warehouse.build(folder=changed) == {
        "search_outcomes",
        "query_performance",
        "content_gaps",
        "document_performance",
        "daily_metrics",
    }
    assert warehouse.build(folder=changed) == set()


def test_a_changed_seed_is_loaded_and_reaches_the_searches(
    warehouse: Warehouse, folder: Path
) -> None:
    seed = folder / "search_causes.csv"
    lines = seed.read_text("utf-8").splitlines()
    seed.write_text("\n".join([lines[0], "interfaceload,manual"]) + "\n", "utf-8")
    warehouse.build(folder=folder)
    assert warehouse.query("select * from search_causes") == [("interfaceload", "manual")]
    assert warehouse.query(
        "select distinct cause_kind from search_outcomes where action_cause = 'interfaceLoad'"
    ) == [("manual",)]


@pytest.mark.parametrize(
    ("former", "present", "columns"),
    [
        (
            "cast(summed.events as bigint) as events",
            "cast(summed.events * 1.5 as double) as events",
            ["DOUBLE"],
        ),
        ("cast(summed.events as bigint) as events,", "", []),
    ],
)
def test_a_table_takes_the_columns_that_its_model_has_now(
    warehouse: Warehouse, folder: Path, former: str, present: str, columns: list[str]
) -> None:
    changed = edited(folder, "visits", lambda sql: sql.replace(former, present))
    assert warehouse.build(folder=changed) == {"visits"}
    assert [
        kind for name, kind, *_ in warehouse.query("describe visits") if name == "events"
    ] == columns
    warehouse.build()
    warehouse.check()


FAILING: Iterable[tuple[str, str, str, str]] = (
    # at the database, from its data; it does not show where
    (
        "cast(summed.events as bigint) as events",
        "cast(cast(summed.visit_id as bigint) as bigint) as events",
        "",
        "INT64",
    ),
    # at the database, from its data
    (
        "cast(summed.visit_id as varchar) as visit_id",
        "cast(summed.visit_id as bigint) as visit_id",
        "visit_id",
        "INT",
    ),
    # at the database, before it reads any
    (
        "cast(summed.visit_id as varchar)",
        "cast(no_such_function(summed.visit_id) as varchar)",
        "no_such",
        "no_such",
    ),
    # before the database
    (
        "cast(summed.visit_id as varchar)",
        "cast(no_such_column as varchar)",
        "no_such_column",
        "no_such",
    ),
    # never, but the column would be left out
    ("cast(summed.visit_id as varchar)", "no_such_type(summed.visit_id)", "", "visit_id"),
)


@pytest.mark.parametrize(("right", "wrong", "on_line", "told"), FAILING)
def test_a_failing_model_names_its_line_and_leaves_its_table_as_it_was(
    warehouse: Warehouse, folder: Path, right: str, wrong: str, on_line: str, told: str
) -> None:
    before = tables(warehouse.path)
    load(warehouse.pipeline, {"clicks": click("c97", "s1", visitId="v1")})
    broken = edited(folder, "visits", lambda sql: sql.replace(right, wrong))
    with pytest.raises(ModelError, match="The model visits") as caught:
        warehouse.build(folder=broken)
    sql = (broken / "visits.sql").read_text("utf-8").splitlines()
    number = next((n for n, line in enumerate(sql, 1) if on_line and wrong in line), None)
    assert (
        f"visits.sql:{number})" in str(caught.value)
        if number
        else "visits.sql" in str(caught.value)
    )
    assert told in str(caught.value)
    assert tables(warehouse.path)["visits"] == before["visits"]
    assert warehouse.query("select count(*) from clicks where click_id = 'c97'") == [(1,)]
    assert not warehouse.pipeline.has_pending_data
    warehouse.build()
    warehouse.check()


def hungry(folder: Path) -> Path:
    """The models, one of which holds more in memory than a disk can help with."""

    def change(sql: str) -> str:
        held = "length(string_agg(repeat(event_id, 20000000), '')) as held,"
        summed = sql.replace("count(*) as events,", f"count(*) as events, {held}")
        return summed.replace("        summed.started_at,\n", "summed.held, summed.started_at,\n")

    return edited(folder, "visits", change)


@pytest.mark.parametrize("configured", [False, True])
def test_a_model_that_needs_more_memory_than_we_give_gets_it_unless_that_is_configured(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch, configured: bool
) -> None:
    monkeypatch.setattr(tuning, "MEGABYTES_A_THREAD", 100 // max(2, tuning.cores()))
    if configured:
        limit = '{"memory_limit": "101MB"}'
        monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG", limit)
    load(warehouse.pipeline, {"clicks": click("c97", "s1", visitId="v1")})
    if configured:
        with pytest.raises(ModelError, match="Out of Memory"):
            warehouse.build(folder=hungry(folder))
    else:
        assert "visits" in warehouse.build(folder=hungry(folder))
