"""A build that failed: the next one builds what is left, and forgets nothing."""

from pathlib import Path

import pytest

from coveo_source.exceptions import ModelError
from coveo_source.models.files import models
from tests.models.incremental.history import load
from tests.models.incremental.test_changed_models import with_edited_model
from tests.models.incremental.warehouse import Warehouse, click

pytestmark = pytest.mark.slow

MODELS = set(models())


def failing(folder: Path, model: str = "visits") -> Path:
    """Returns a copy of the models of which one fails on its data."""
    right = "cast(summed.visit_id as varchar)"
    wrong = "cast(error('no ' || summed.visit_id) as varchar)"
    return with_edited_model(folder, model, lambda sql: sql.replace(right, wrong))


def test_what_a_failed_build_touched_is_rebuilt_and_then_forgotten(
    warehouse: Warehouse, folder: Path
) -> None:
    load(warehouse.pipeline, {"clicks": click("c70", "s1", visitId="alone")})
    warehouse.build()
    load(warehouse.pipeline, {"clicks": click("c70", "s1", visitId="v4")})
    with pytest.raises(ModelError):
        warehouse.build(folder=failing(folder))
    assert warehouse.build() == MODELS
    assert warehouse.query("select * from visits where visit_id = 'alone'") == []
    warehouse.assert_up_to_date()
    # the list of the failed build goes with the next one
    load(warehouse.pipeline, {"clicks": click("c71", "s2", visitId="v5")})
    warehouse.build()
    lists = warehouse.query("select distinct _dlt_load_id from touched_units")
    assert len(lists) == 1
    warehouse.assert_up_to_date()


def test_models_before_the_one_that_failed_are_not_built_in_full_again(
    warehouse: Warehouse, folder: Path
) -> None:
    with pytest.raises(ModelError):
        warehouse.build(full_refresh=True, folder=failing(folder))
    built = warehouse.build()
    assert "visits" in built or not built
    assert "all_events" not in built
    warehouse.assert_up_to_date()


def test_a_table_that_must_be_made_anew_counts_as_built_only_if_its_package_is_complete(
    warehouse: Warehouse, folder: Path
) -> None:
    column = "cast(summed.events as bigint) as events,"
    narrower = with_edited_model(folder, "search_outcomes", lambda sql: f"{sql}\n-- changed\n")
    narrower = with_edited_model(narrower, "visits", lambda sql: sql.replace(column, ""))
    with pytest.raises(ModelError):
        warehouse.build(folder=failing(narrower))
    warehouse.build()
    warehouse.assert_up_to_date()
    assert warehouse.build() == set()
