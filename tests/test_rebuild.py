"""Models that are rebuilt by what a load touched, against models that are built as a whole."""

import shutil
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dlt
import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coveo_source.exceptions import ModelError, SettingError
from coveo_source.models import models, sql_folder
from coveo_source.rebuild import build

from .history import (
    EVENING,
    Rows,
    Step,
    drop,
    first_steps,
    load,
    much,
    reckoned,
    steps,
    tables,
    take,
)

MODELS = set(models())


class Warehouse:
    """A database of its own in a folder, and the pipeline that loads into it."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.path = str(self.folder / "coveo.duckdb")
        self.pipeline = self.pipeline_in("pipelines")

    def pipeline_in(self, working_folder: str) -> dlt.Pipeline:
        """The same pipeline as seen from one machine or another."""
        return dlt.pipeline(
            "coveo",
            pipelines_dir=str(self.folder / working_folder),
            destination=dlt.destinations.duckdb(self.path),
            dataset_name="coveo_ua",
        )

    def build(self, *names: str, **options: Any) -> set[str]:
        """Brings models up to date; returns the names of those that were built."""
        return {name for name, _ in build(self.pipeline, names, **options)}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.path, read_only=True) as connection:
            connection.execute("use coveo_ua")
            connection.execute("set timezone = 'UTC'")
            return connection.execute(sql).fetchall()

    def check(self) -> None:
        """All models are what a full refresh would make of the tables."""
        found, wanted = tables(self.path), reckoned(self.pipeline, self.path)
        for name in wanted:
            assert found[name] == wanted[name], name


@pytest.fixture(scope="module")
def first_load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a first load, from which all models are built."""
    folder = tmp_path_factory.mktemp("first_load")
    made = Warehouse(folder)
    load(made.pipeline, much(1))
    made.build()
    return folder


@pytest.fixture
def warehouse(first_load: Path, tmp_path: Path) -> Warehouse:
    """The same in a folder of the test's own."""
    return Warehouse(shutil.copytree(first_load, tmp_path / "warehouse"))


def click(click_id: str, search: str, **cells: Any) -> Rows:
    """One click on a document."""
    return [
        {
            "clickId": click_id,
            "searchId": search,
            "datetime": EVENING,
            "documentUrl": "d1",
            "clickRank": 1,
            **cells,
        }
    ]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=first_steps, history=st.lists(steps, min_size=1, max_size=3))
def test_after_any_history_all_models_equal_a_full_refresh(
    first: Step, history: list[Step]
) -> None:
    with TemporaryDirectory() as folder:
        made = Warehouse(folder)
        for step in [first, *history]:
            take(made.pipeline, step)
            if step.packages is None:
                made.check()
        made.build()
        made.check()


def test_only_what_a_load_touched_is_rebuilt(warehouse: Warehouse) -> None:
    before = dict(warehouse.query("select visit_id, _dlt_load_id from visits"))
    load(warehouse.pipeline, {"clicks": click("c90", "s90", visitId="v3")})
    assert warehouse.build() == MODELS
    after = dict(warehouse.query("select visit_id, _dlt_load_id from visits"))
    assert {visit for visit, load_id in after.items() if before.get(visit) != load_id} == {"v3"}
    # and with the next load no more than that one touches
    load(warehouse.pipeline, {"clicks": click("c99", "s90", visitId="v4")})
    warehouse.build()
    last = dict(warehouse.query("select visit_id, _dlt_load_id from visits"))
    assert {visit for visit, load_id in last.items() if after.get(visit) != load_id} == {"v4"}
    warehouse.check()


def test_nothing_is_built_when_nothing_came(warehouse: Warehouse) -> None:
    packages = warehouse.query("select count(*) from _dlt_loads")
    assert warehouse.build() == set()
    assert warehouse.query("select count(*) from _dlt_loads") == packages


def test_a_full_refresh_builds_all_and_changes_nothing(warehouse: Warehouse) -> None:
    before = tables(warehouse.path)
    assert warehouse.build(full_refresh=True) == MODELS
    assert tables(warehouse.path) == before


def test_an_event_that_moves_to_another_visit_leaves_the_former_one(warehouse: Warehouse) -> None:
    load(warehouse.pipeline, {"clicks": click("c91", "s90", visitId="alone")})
    warehouse.build()
    load(warehouse.pipeline, {"clicks": click("c91", "s90", visitId="v4", documentUrl="d2")})
    warehouse.build()
    assert warehouse.query("select * from visits where visit_id = 'alone'") == []
    warehouse.check()


def test_a_late_click_of_another_visit_counts_for_its_search(warehouse: Warehouse) -> None:
    [(search, clicks)] = warehouse.query(
        "select search_id, clicks from search_outcomes where visit_id is not null limit 1"
    )
    late = EVENING + timedelta(days=40)
    load(
        warehouse.pipeline,
        {"clicks": click("c92", search, visitId="elsewhere", datetime=late)},
    )
    warehouse.build()
    counted = f"select clicks from search_outcomes where search_id = '{search}'"
    assert warehouse.query(counted) == [(clicks + 1,)]
    warehouse.check()


def test_a_search_that_comes_again_keeps_its_late_click(warehouse: Warehouse) -> None:
    late = EVENING + timedelta(days=40)
    load(
        warehouse.pipeline,
        {"clicks": click("c98", "s5", visitId="elsewhere", datetime=late)},
    )
    warehouse.build()
    again = {"id": "s5", "datetime": EVENING, "visitId": "v5", "queryExpression": "other"}
    load(warehouse.pipeline, {"searches": [again]})
    warehouse.build()
    [(query, clicks)] = warehouse.query(
        "select query, clicks from search_outcomes where search_id = 's5'"
    )
    assert query == "other"
    assert clicks >= 1
    warehouse.check()


def test_a_new_keyword_reaches_its_search(warehouse: Warehouse) -> None:
    load(
        warehouse.pipeline,
        {"keywords": [{"searchId": "s2", "keyword": "new", "datetime": EVENING}]},
    )
    warehouse.build()
    [(keywords,)] = warehouse.query(
        "select keyword_list from search_outcomes where search_id = 's2'"
    )
    assert "new" in keywords
    warehouse.check()


def test_a_dropped_table_that_was_loaded_anew_leaves_nothing_behind(warehouse: Warehouse) -> None:
    drop(warehouse.pipeline, "clicks")
    load(warehouse.pipeline, {"clicks": click("c0", "s1", visitId="v1")})
    warehouse.build()
    [(clicks,)] = warehouse.query("select count(*) from all_events where c_event_type = 'Click'")
    assert clicks == 1
    warehouse.check()


def test_a_dropped_table_leaves_nothing_behind(warehouse: Warehouse) -> None:
    drop(warehouse.pipeline, "clicks")
    load(warehouse.pipeline, {"searches": []})
    warehouse.build()
    assert warehouse.query("select * from all_events where c_event_type = 'Click'") == []


def test_a_package_that_was_made_early_and_loaded_late_is_not_missed(
    warehouse: Warehouse,
) -> None:
    # another machine reads an export, and ends before it has loaded it
    other = warehouse.pipeline_in("another")
    other.sync_destination()
    other.extract(clicks_source(click("c93", "s1", visitId="v1")))
    other.normalize()
    load(warehouse.pipeline, {"clicks": click("c94", "s2", visitId="v2")})
    warehouse.build()
    other.load()
    warehouse.build()
    assert warehouse.query("select count(*) from all_events where click_id = 'c93'") == [(1,)]
    warehouse.check()


def clicks_source(rows: Rows) -> Any:
    from dlt.common.schema import Schema
    from dlt.extract import DltSource

    from coveo_source.catalogue import SOURCE

    from .history import table_resource

    return DltSource(Schema(SOURCE), SOURCE, [table_resource("clicks", rows, None)])


@pytest.mark.parametrize("built", range(1, 7))
def test_models_that_were_left_halfway_are_brought_to_an_end(
    warehouse: Warehouse, built: int
) -> None:
    load(
        warehouse.pipeline,
        {"clicks": click("c0", "s3", visitId="v7", documentUrl="d4", clickRank=9)},
    )
    models_of_a_run = build(warehouse.pipeline)
    for _ in range(built):
        next(models_of_a_run)
    models_of_a_run.close()
    warehouse.build()
    warehouse.check()
    assert warehouse.build() == set()


def test_some_models_alone_leave_the_others_to_be_built(warehouse: Warehouse) -> None:
    load(warehouse.pipeline, {"clicks": click("c95", "s1", visitId="v1")})
    assert warehouse.build("all_events", "visits") == {"all_events", "visits"}
    assert warehouse.build() == MODELS
    warehouse.check()


def test_an_unknown_model_is_refused_before_anything_is_built(warehouse: Warehouse) -> None:
    with pytest.raises(SettingError, match="Accepted: all_events"):
        warehouse.build("all_events", "no_such_model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the models, to be changed."""
    return shutil.copytree(sql_folder(), tmp_path / "sql")


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


def test_a_new_dimension_is_on_the_timeline(warehouse: Warehouse) -> None:
    load(warehouse.pipeline, {"clicks": click("c96", "s1", visitId="v1")}, "c_theme")
    warehouse.build()
    assert warehouse.query(
        "select c_theme, count(*) from all_events group by all order by all"
    ) == [
        ("any", 1),
        (None, warehouse.query("select count(*) - 1 from all_events")[0][0]),
    ]
    warehouse.check()


@pytest.mark.parametrize(
    ("former", "present", "columns"),
    [
        ("cast(events as bigint) as events", "cast(events * 1.5 as double) as events", ["DOUBLE"]),
        ("cast(events as bigint) as events,", "", []),
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
        "cast(events as bigint) as events",
        "cast(cast(visit_id as bigint) as bigint) as events",
        "",
        "INT64",
    ),
    # at the database, from its data
    (
        "cast(visit_id as varchar) as visit_id",
        "cast(visit_id as bigint) as visit_id",
        "visit_id",
        "INT",
    ),
    # at the database, before it reads any
    (
        "cast(visit_id as varchar)",
        "cast(no_such_function(visit_id) as varchar)",
        "no_such",
        "no_such",
    ),
    # before the database
    ("cast(visit_id as varchar)", "cast(no_such_column as varchar)", "no_such_column", "no_such"),
    # never, but the column would be left out
    ("cast(visit_id as varchar)", "no_such_type(visit_id)", "", "visit_id"),
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
