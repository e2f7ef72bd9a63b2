"""After a load, exactly the units that it touched are rebuilt."""

from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from dlt.common.schema import Schema
from dlt.extract import DltSource

from coveo_source.exceptions import SettingError
from coveo_source.models.files import models
from coveo_source.models.runner import build
from coveo_source.tables import SOURCE
from tests.models.incremental.history import drop_table, load, table_resource
from tests.models.incremental.random_rows import EVENING, Rows, large_load
from tests.models.incremental.warehouse import Warehouse, click, model_tables
from tests.support.cases import some_of

pytestmark = pytest.mark.slow

MODELS = set(models())


def test_only_the_visits_that_a_load_touched_are_rebuilt(warehouse: Warehouse) -> None:
    before = dict(warehouse.query("select visit_id, _dlt_load_id from visits"))
    load(warehouse.pipeline, {"clicks": click("c90", "s90", visitId="v3")})
    assert warehouse.build() == MODELS
    after = dict(warehouse.query("select visit_id, _dlt_load_id from visits"))
    assert {visit for visit, load_id in after.items() if before.get(visit) != load_id} == {"v3"}
    # the next load rebuilds its own visits only
    load(warehouse.pipeline, {"clicks": click("c99", "s90", visitId="v4")})
    warehouse.build()
    last = dict(warehouse.query("select visit_id, _dlt_load_id from visits"))
    assert {visit for visit, load_id in last.items() if after.get(visit) != load_id} == {"v4"}
    warehouse.assert_up_to_date()


def test_nothing_is_built_without_new_rows(warehouse: Warehouse) -> None:
    packages = warehouse.query("select count(*) from _dlt_loads")
    assert warehouse.build() == set()
    assert warehouse.query("select count(*) from _dlt_loads") == packages


def test_a_full_refresh_builds_all_models_and_changes_no_rows(warehouse: Warehouse) -> None:
    before = model_tables(warehouse.path)
    assert warehouse.build(full_refresh=True) == MODELS
    assert model_tables(warehouse.path) == before


def test_an_event_that_moves_to_another_visit_is_gone_from_the_former_one(
    warehouse: Warehouse,
) -> None:
    load(warehouse.pipeline, {"clicks": click("c91", "s90", visitId="alone")})
    warehouse.build()
    load(warehouse.pipeline, {"clicks": click("c91", "s90", visitId="v4", documentUrl="d2")})
    warehouse.build()
    assert warehouse.query("select * from visits where visit_id = 'alone'") == []
    warehouse.assert_up_to_date()


def test_an_event_that_moves_to_another_time_is_gone_from_the_former_one(
    warehouse: Warehouse,
) -> None:
    load(warehouse.pipeline, {"clicks": click("c91", "s90", visitId="alone", datetime=EVENING)})
    warehouse.build()
    later = EVENING + timedelta(days=40)
    load(warehouse.pipeline, {"clicks": click("c91", "s90", visitId="alone", datetime=later)})
    warehouse.build()
    times = warehouse.query(
        "select datetime from all_events where event_id = 'c91'"
        " union all select started_at from visits where visit_id = 'alone'"
    )
    assert [time for (time,) in times] == [later, later]
    warehouse.assert_up_to_date()


def test_a_late_click_in_another_visit_counts_for_its_search(warehouse: Warehouse) -> None:
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
    warehouse.assert_up_to_date()


@pytest.mark.thorough
def test_a_search_that_is_loaded_again_keeps_its_late_click(warehouse: Warehouse) -> None:
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
    warehouse.assert_up_to_date()


def test_a_new_keyword_is_added_to_its_search(warehouse: Warehouse) -> None:
    load(
        warehouse.pipeline,
        {"keywords": [{"searchId": "s2", "keyword": "new", "datetime": EVENING}]},
    )
    warehouse.build()
    [(keywords,)] = warehouse.query(
        "select keyword_list from search_outcomes where search_id = 's2'"
    )
    assert "new" in keywords
    warehouse.assert_up_to_date()


@pytest.mark.thorough
def test_the_rows_of_a_dropped_table_are_gone_after_it_is_loaded_anew(warehouse: Warehouse) -> None:
    drop_table(warehouse.pipeline, "clicks")
    load(warehouse.pipeline, {"clicks": click("c0", "s1", visitId="v1")})
    warehouse.build()
    [(clicks,)] = warehouse.query("select count(*) from all_events where c_event_type = 'Click'")
    assert clicks == 1
    warehouse.assert_up_to_date()


def test_the_rows_of_a_dropped_table_are_gone(warehouse: Warehouse) -> None:
    drop_table(warehouse.pipeline, "clicks")
    load(warehouse.pipeline, {"searches": []})
    warehouse.build()
    assert warehouse.query("select * from all_events where c_event_type = 'Click'") == []


def test_tables_that_are_missing_in_the_database_are_made_anew(warehouse: Warehouse) -> None:
    load(warehouse.pipeline, {"clicks": click("c90", "s1", visitId="v1")})
    warehouse.build()
    with warehouse.pipeline.sql_client() as client:
        # by hand, or an older copy of the database was restored
        client.execute_sql("drop table touched_units; drop table visits; drop table model_builds")
    load(warehouse.pipeline, {"clicks": click("c91", "s1", visitId="v1")})
    assert warehouse.build() == MODELS
    warehouse.assert_up_to_date()
    assert warehouse.build() == set()


def test_a_package_that_is_extracted_early_and_loaded_late_is_not_missed(
    warehouse: Warehouse,
) -> None:
    # another machine extracts an export, and stops before it loads it
    other = warehouse.pipeline_in("another")
    other.sync_destination()
    other.extract(clicks_source(click("c93", "s1", visitId="v1")))
    other.normalize()
    load(warehouse.pipeline, {"clicks": click("c94", "s2", visitId="v2")})
    warehouse.build()
    other.load()
    warehouse.build()
    assert warehouse.query("select count(*) from all_events where click_id = 'c93'") == [(1,)]
    warehouse.assert_up_to_date()


def clicks_source(rows: Rows) -> Any:
    """Returns a source that loads clicks."""
    return DltSource(Schema(SOURCE), SOURCE, [table_resource("clicks", rows, None)])


@pytest.mark.parametrize("built", some_of([1, 2, 4], 2))
def test_a_build_that_was_interrupted_is_completed_by_the_next_one(
    warehouse: Warehouse, built: int
) -> None:
    load(
        warehouse.pipeline,
        {"clicks": click("c0", "s3", visitId="v7", documentUrl="d4", clickRank=9)},
    )
    list(islice(build(warehouse.pipeline), built))
    warehouse.build()
    warehouse.assert_up_to_date()
    assert warehouse.build() == set()


@pytest.mark.thorough
def test_building_some_models_leaves_the_others_due(warehouse: Warehouse) -> None:
    load(warehouse.pipeline, {"clicks": click("c95", "s1", visitId="v1")})
    assert warehouse.build("all_events", "visits") == {"all_events", "visits"}
    assert warehouse.build() == MODELS
    warehouse.assert_up_to_date()


@pytest.mark.parametrize("full_refresh", some_of([False, True], False))
@pytest.mark.parametrize("names", some_of([("all_events",), ()], ()))
@pytest.mark.thorough
def test_units_that_lost_their_event_are_rebuilt_even_if_the_timeline_was_built_before(
    warehouse: Warehouse, names: tuple[str, ...], full_refresh: bool
) -> None:
    load(warehouse.pipeline, {"clicks": click("c90", "s1", visitId="alone", systemUriHash="h90")})
    warehouse.build()
    load(warehouse.pipeline, {"clicks": click("c90", "s1", visitId="v4", systemUriHash="h91")})
    # builds no other model, or is interrupted before it does
    list(islice(build(warehouse.pipeline, names, full_refresh), 1))
    warehouse.build()
    assert warehouse.query("select * from document_performance where document_id = 'h90'") == []
    warehouse.assert_up_to_date()
    assert warehouse.build() == set()


@pytest.mark.thorough
def test_models_built_one_by_one_equal_models_built_at_once(warehouse: Warehouse) -> None:
    late = click("c95", "s1", visitId="elsewhere", datetime=EVENING + timedelta(days=40))
    load(warehouse.pipeline, {"clicks": late})
    for name in models():
        assert warehouse.build(name) == {name}
    warehouse.assert_up_to_date()


def test_an_unknown_model_is_refused_before_anything_is_built(warehouse: Warehouse) -> None:
    with pytest.raises(SettingError, match="Accepted: all_events"):
        warehouse.build("all_events", "no_such_model")


def test_a_new_dimension_becomes_a_column_of_the_timeline(warehouse: Warehouse) -> None:
    load(warehouse.pipeline, {"clicks": click("c96", "s1", visitId="v1")}, "c_theme")
    warehouse.build()
    assert warehouse.query(
        "select c_theme, count(*) from all_events group by all order by all"
    ) == [
        ("any", 1),
        (None, warehouse.query("select count(*) - 1 from all_events")[0][0]),
    ]
    warehouse.assert_up_to_date()


def test_a_model_is_built_with_those_that_it_reads_if_they_never_were(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    load(warehouse.pipeline, large_load(1))
    read = {"all_events", "search_outcomes", "query_visits", "content_gaps"}
    assert warehouse.build("content_gaps") == read
    assert MODELS - read <= warehouse.build()
    warehouse.assert_up_to_date()
