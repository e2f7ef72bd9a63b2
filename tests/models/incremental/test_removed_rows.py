"""After rows were removed, the models are as if these rows had never been loaded."""

from datetime import timedelta
from itertools import islice

import pytest

from coveo_source.models.files import models
from coveo_source.models.runner import build
from coveo_source.tables import EVENT_TABLES, REMOVED, TABLES
from tests.models.incremental.history import drop_table, load
from tests.models.incremental.random_rows import EVENING, large_load
from tests.models.incremental.removal import Removal, events_of, remove
from tests.models.incremental.warehouse import Warehouse, click, model_tables
from tests.support.cases import some_of

pytestmark = pytest.mark.slow

MODELS = set(models())
LATE = EVENING + timedelta(days=40)


def load_ids(warehouse: Warehouse) -> dict[str, str]:
    """The load by which each visit was last built."""
    return dict(warehouse.query("select visit_id, _dlt_load_id from visits"))


def test_only_the_visits_that_lost_rows_are_rebuilt(warehouse: Warehouse) -> None:
    load(warehouse.pipeline, {"clicks": click("c90", "none", visitId="v3")})
    warehouse.build()
    before = load_ids(warehouse)
    remove(warehouse.pipeline, [Removal("clicks", "click_id = 'c90'")])
    assert warehouse.build() == MODELS
    after = load_ids(warehouse)
    assert {visit for visit in before if before[visit] != after[visit]} == {"v3"}
    warehouse.assert_up_to_date()


@pytest.mark.thorough
def test_a_removal_is_consumed_once(warehouse: Warehouse) -> None:
    remove(warehouse.pipeline, [Removal("clicks", "click_id = 'c1'")])
    assert warehouse.build("all_events") == {"all_events"}
    assert warehouse.build() == MODELS
    assert warehouse.build() == set()
    warehouse.assert_up_to_date()


@pytest.mark.thorough
def test_a_search_loses_a_click_of_another_visit_that_was_removed(warehouse: Warehouse) -> None:
    lone = click("c90", "s5", visitId="lone", datetime=LATE, documentUrl="lone")
    load(warehouse.pipeline, {"clicks": lone})
    warehouse.build()
    counted = "select clicks from search_outcomes where search_id = 's5'"
    [(clicks,)] = warehouse.query(counted)
    remove(warehouse.pipeline, [Removal("clicks", "click_id = 'c90'")])
    warehouse.build()
    assert warehouse.query(counted) == [(clicks - 1,)]
    warehouse.assert_up_to_date()


@pytest.mark.thorough
def test_a_unit_without_rows_is_gone(warehouse: Warehouse) -> None:
    lone = {"id": "s90", "datetime": LATE, "visitId": "lone", "queryExpression": "lone"}
    load(
        warehouse.pipeline,
        {
            "searches": [lone],
            "clicks": click("c90", "s90", visitId="lone", datetime=LATE, systemUriHash="lone"),
            "keywords": [{"searchId": "s90", "keyword": "k", "datetime": LATE}],
        },
    )
    warehouse.build()
    units = {
        "visits": "visit_id = 'lone'",
        "search_outcomes": "visit_id = 'lone'",
        "query_performance": "query = 'lone'",
        "content_gaps": "query = 'lone'",
        "document_performance": "document_id = 'lone'",
        "daily_metrics": f"day = '{LATE:%Y-%m-%d}'",
    }
    found = " union all ".join(
        f"select '{model}' from {model} where {unit}" for model, unit in units.items()
    )
    assert {model for (model,) in warehouse.query(found)} == units.keys() - {"content_gaps"}
    remove(warehouse.pipeline, events_of("lone"))
    warehouse.build()
    assert warehouse.query(found) == []
    warehouse.assert_up_to_date()


@pytest.mark.thorough
def test_events_of_other_visits_have_no_search_once_it_is_removed(warehouse: Warehouse) -> None:
    day_before = LATE - timedelta(days=1)
    other = {
        "searches": [{"id": "s90", "datetime": day_before, "visitId": "v92"}],
        "clicks": click("c90", "s90", visitId="v90", datetime=LATE, systemUriHash="h90"),
        "custom_events": [
            {
                "customEventId": "e90",
                "lastSearchId": "s90",
                "datetime": LATE + timedelta(days=1),
                "visitId": "v91",
            }
        ],
    }
    load(warehouse.pipeline, other)
    warehouse.build()
    missing = (
        "select (select sum(clicks_without_search) from daily_metrics where day = '{day}'),"
        " clicks_without_search from document_performance where document_id = 'h90'"
    ).format(day=f"{LATE:%Y-%m-%d}")
    assert warehouse.query(missing) == [(0, 0)]
    remove(warehouse.pipeline, [Removal("searches", "id = 's90'")])
    warehouse.build()
    assert warehouse.query(missing) == [(1, 1)]
    warehouse.assert_up_to_date()


LISTS = [
    pytest.param("keywords", "keyword", id="keywords"),
    pytest.param("groups", "group", id="groups"),
]


@pytest.mark.parametrize(("table", "shown"), some_of(LISTS, "keywords"))
def test_a_search_loses_its_removed_keywords_and_groups(
    warehouse: Warehouse, table: str, shown: str
) -> None:
    shown_count = f"select {shown}_count from search_outcomes where search_id = 's2'"
    assert warehouse.query(shown_count) == [(1,)]
    remove(warehouse.pipeline, [Removal(table, "search_id = 's2'")])
    warehouse.build()
    assert warehouse.query(shown_count) == [(0,)]
    warehouse.assert_up_to_date()


@pytest.mark.parametrize("table", some_of(EVENT_TABLES, "custom_events"))
def test_the_events_without_a_visit_lose_one(warehouse: Warehouse, table: str) -> None:
    rows = {
        "searches": [{"id": "x90", "datetime": LATE}],
        "clicks": click("x90", "none", datetime=LATE),
        "custom_events": [{"customEventId": "x90", "datetime": LATE}],
    }
    load(warehouse.pipeline, {table: rows[table]})
    warehouse.build()
    key = {"searches": "id", "clicks": "click_id", "custom_events": "custom_event_id"}[table]
    remove(warehouse.pipeline, [Removal(table, f"{key} = 'x90'")])
    warehouse.build()
    assert warehouse.query("select * from all_events where event_id = 'x90'") == []
    assert warehouse.query(f"select * from daily_metrics where day = '{LATE:%Y-%m-%d}'") == []
    warehouse.assert_up_to_date()


@pytest.mark.parametrize("table", some_of(TABLES, "searches"))
def test_a_table_may_be_empty_afterwards(warehouse: Warehouse, table: str) -> None:
    remove(warehouse.pipeline, [Removal(table, "true")])
    warehouse.build()
    warehouse.assert_up_to_date()
    assert warehouse.build() == set()
    load(warehouse.pipeline, {table: large_load(1)[table][:2]})
    warehouse.build()
    warehouse.assert_up_to_date()


def test_all_tables_may_be_empty_afterwards(warehouse: Warehouse) -> None:
    remove(warehouse.pipeline, [Removal(table, "true") for table in TABLES])
    warehouse.build()
    assert not any(model_tables(warehouse.path).values())
    assert warehouse.build() == set()
    load(warehouse.pipeline, large_load(2))
    warehouse.build()
    warehouse.assert_up_to_date()


def test_everything_is_rebuilt_if_as_much_is_removed_as_stays(warehouse: Warehouse) -> None:
    remove(
        warehouse.pipeline,
        [
            Removal("searches", "id in ('s0', 's1', 's2', 's3')"),
            Removal("clicks", "click_id <> 'c0'"),
            Removal("custom_events", "custom_event_id <> 'e0'"),
        ],
    )
    warehouse.build()
    assert len(set(load_ids(warehouse).values())) == 1
    warehouse.assert_up_to_date()


def test_a_load_replaces_the_rows_of_its_window(warehouse: Warehouse) -> None:
    load_id = load(warehouse.pipeline, {"clicks": click("c90", "s1", visitId="v1")})
    remove(warehouse.pipeline, [Removal("clicks", "click_id in ('c2', 'c3')")], load_id)
    warehouse.build()
    kept = "select event_id from all_events where event_id in ('c2', 'c3', 'c90')"
    assert warehouse.query(kept) == [("c90",)]
    warehouse.assert_up_to_date()
    assert warehouse.build() == set()


@pytest.mark.thorough
def test_an_event_that_moves_to_another_visit_and_is_then_removed_is_gone_from_both(
    warehouse: Warehouse,
) -> None:
    load(warehouse.pipeline, {"clicks": click("c90", "s1", visitId="former")})
    warehouse.build()
    load(warehouse.pipeline, {"clicks": click("c90", "s2", visitId="later")})
    remove(warehouse.pipeline, [Removal("clicks", "click_id = 'c90'")])
    warehouse.build()
    assert warehouse.query("select * from visits where visit_id in ('former', 'later')") == []
    warehouse.assert_up_to_date()


@pytest.mark.parametrize("built_between", some_of([True, False], False))
def test_a_row_that_is_removed_and_loaded_again_is_there_once(
    warehouse: Warehouse, built_between: bool
) -> None:
    remove(warehouse.pipeline, [Removal("clicks", "click_id = 'c4'")])
    if built_between:
        warehouse.build()
    load(warehouse.pipeline, {"clicks": click("c4", "s1", visitId="v4")})
    warehouse.build()
    assert warehouse.query("select visit_id from all_events where event_id = 'c4'") == [("v4",)]
    warehouse.assert_up_to_date()


@pytest.mark.parametrize("built", some_of([1, 2, 4], 2))
def test_a_build_after_a_removal_that_was_interrupted_is_completed_by_the_next_one(
    warehouse: Warehouse, built: int
) -> None:
    remove(warehouse.pipeline, [*events_of("v4"), Removal("searches", "id = 's5'")])
    list(islice(build(warehouse.pipeline), built))
    remove(warehouse.pipeline, [Removal("clicks", "click_id = 'c1'")])
    warehouse.build()
    warehouse.assert_up_to_date()
    assert warehouse.build() == set()


def test_a_dataset_of_an_earlier_version_has_no_removed_rows(warehouse: Warehouse) -> None:
    drop_table(warehouse.pipeline, REMOVED)
    before = load_ids(warehouse)
    with warehouse.pipeline.sql_client() as client:
        # as a load of that version, which does not make the table
        client.execute_sql(
            "update clicks set _dlt_load_id = '1999999999.0' where click_id = 'c1';"
            " insert into _dlt_loads (load_id, schema_name, status, inserted_at)"
            f" values ('1999999999.0', '{warehouse.pipeline.default_schema_name}', 0, now())"
        )
    assert warehouse.build() == MODELS
    after = load_ids(warehouse)
    assert 0 < len([visit for visit in before if before[visit] != after[visit]]) < len(before)
    warehouse.assert_up_to_date()
