"""Models whose SQL changes, fails or needs much memory."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coveo_source.exceptions import ModelError, SettingError
from coveo_source.model_settings import SEARCH_CAUSES, ModelSettings
from coveo_source.models.files import models
from tests.models.incremental.history import load
from tests.models.incremental.warehouse import Warehouse, click, model_tables
from tests.support.cases import some_of

pytestmark = pytest.mark.slow

MODELS = set(models())


def with_edited_model(folder: Path, model: str, change: Callable[[str], str]) -> Path:
    """Returns a copy of the folder in which the SQL of one model is changed."""
    copy = shutil.copytree(folder, folder.with_name(f"{folder.name}_{model}"))
    path = copy / f"{model}.sql"
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    return copy


def test_a_changed_model_and_those_that_read_it_are_built_in_full(
    warehouse: Warehouse, folder: Path
) -> None:
    changed = with_edited_model(folder, "search_outcomes", lambda sql: f"-- another comment\n{sql}")
    others = {"all_events", "visits", "case_visits", "cited_documents", "ml_usage"}
    assert warehouse.build(folder=changed) == MODELS - others
    assert warehouse.build(folder=changed) == set()


def test_a_changed_seed_is_loaded_and_changes_the_searches(
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
    ("old_sql", "new_sql", "types"),
    [
        (
            "cast(summed.events as bigint) as events",
            "cast(summed.events * 1.5 as double) as events",
            ["DOUBLE"],
        ),
        ("cast(summed.events as bigint) as events,", "", []),
    ],
)
def test_a_table_gets_the_columns_of_its_changed_model(
    warehouse: Warehouse, folder: Path, old_sql: str, new_sql: str, types: list[str]
) -> None:
    changed = with_edited_model(folder, "visits", lambda sql: sql.replace(old_sql, new_sql))
    assert warehouse.build(folder=changed) == {"visits"}
    assert [
        kind for name, kind, *_ in warehouse.query("describe visits") if name == "events"
    ] == types
    warehouse.build()
    warehouse.assert_up_to_date()


FAILING = (
    pytest.param(
        "cast(summed.events as bigint) as events",
        "cast(cast(summed.visit_id as bigint) as bigint) as events",
        "",
        "INT64",
        id="its data, on a line that the database does not show",
    ),
    pytest.param(
        "cast(summed.visit_id as varchar) as visit_id",
        "cast(summed.visit_id as bigint) as visit_id",
        "visit_id",
        "INT",
        id="its data",
    ),
    pytest.param(
        "cast(summed.visit_id as varchar)",
        "cast(no_such_function(summed.visit_id) as varchar)",
        "no_such",
        "no_such",
        id="an unknown function",
    ),
    pytest.param(
        "cast(summed.visit_id as varchar)",
        "cast(no_such_column as varchar)",
        "no_such_column",
        "no_such",
        id="an unknown column, found before it reaches the database",
    ),
    pytest.param(
        "cast(summed.visit_id as varchar)",
        "no_such_type(summed.visit_id)",
        "",
        "visit_id",
        id="a column without a type, which dlt would leave out",
    ),
)
"""Why a model may fail."""


@pytest.mark.parametrize(
    ("right", "wrong", "on_line", "reason"),
    some_of(FAILING, "its data", "an unknown column, found before it reaches the database"),
)
def test_the_error_of_a_failing_model_names_the_line_and_its_table_is_unchanged(
    warehouse: Warehouse, folder: Path, right: str, wrong: str, on_line: str, reason: str
) -> None:
    before = model_tables(warehouse.path)
    load(warehouse.pipeline, {"clicks": click("c97", "s1", visitId="v1")})
    broken = with_edited_model(folder, "visits", lambda sql: sql.replace(right, wrong))
    with pytest.raises(ModelError, match="The model visits") as caught:
        warehouse.build(folder=broken)
    sql = (broken / "visits.sql").read_text("utf-8").splitlines()
    number = next((n for n, line in enumerate(sql, 1) if on_line and wrong in line), None)
    assert (
        f"visits.sql:{number})" in str(caught.value)
        if number
        else "visits.sql" in str(caught.value)
    )
    assert reason in str(caught.value)
    assert model_tables(warehouse.path)["visits"] == before["visits"]
    assert warehouse.query("select count(*) from clicks where click_id = 'c97'") == [(1,)]
    assert not warehouse.pipeline.has_pending_data
    warehouse.build()
    warehouse.assert_up_to_date()


SYDNEY = ModelSettings(time_zone="Australia/Sydney")
OWN_CAUSES = ModelSettings(causes=((SEARCH_CAUSES, (("interfaceLoad", "manual"),)),))


CHANGED_SETTINGS = (
    pytest.param(
        SYDNEY,
        MODELS,
        "select count(*) from all_events"
        " where event_day <> cast(datetime at time zone 'Australia/Sydney' as date)",
        [(0,)],
        id="time zone",
    ),
    pytest.param(
        OWN_CAUSES,
        MODELS,
        "select distinct cause_kind from search_outcomes where action_cause = 'interfaceLoad'",
        [("manual",)],
        id="causes",
    ),
    pytest.param(
        ModelSettings(gap_visits=1),
        {"content_gaps"},
        "select min(visits) from content_gaps",
        [(1,)],
        id="least visits",
    ),
    pytest.param(
        ModelSettings(model_dimensions=("user_agent",)),
        {"search_outcomes", "visits", "query_visits", "daily_metrics"},
        "select count(user_agent) > 0 from daily_metrics",
        [(True,)],
        id="dimensions",
    ),
)
"""Settings, the models that hang on them, and a query that shows the change."""


@pytest.mark.parametrize(
    ("settings", "rebuilt", "sql", "expected"),
    some_of(CHANGED_SETTINGS, "time zone", "dimensions"),
)
def test_a_changed_setting_rebuilds_what_hangs_on_it_by_itself(
    warehouse: Warehouse,
    settings: ModelSettings,
    rebuilt: set[str],
    sql: str,
    expected: list[tuple[Any, ...]],
) -> None:
    built = warehouse.build(settings=settings)
    assert rebuilt <= built
    assert warehouse.query(sql) == expected
    assert warehouse.build(settings=settings) == set()
    # by unit, too
    load(warehouse.pipeline, {"clicks": click("c98", "s1", visitId="v1")})
    assert warehouse.build(settings=settings) == MODELS
    warehouse.assert_up_to_date(settings)
    warehouse.build()
    warehouse.assert_up_to_date()


def test_a_dimension_that_no_event_has_is_refused_before_anything_is_built(
    warehouse: Warehouse,
) -> None:
    with pytest.raises(SettingError, match=r"c_gone.*Custom dimensions: none"):
        warehouse.build(settings=ModelSettings(model_dimensions=("c_gone",)))
    assert warehouse.build() == set()
