"""Models that are built in slices, each of which fits into the memory that there is."""

from pathlib import Path
from typing import Any

import pytest

from coveo_source.destination import tuning
from coveo_source.exceptions import ModelError
from coveo_source.models import slicing
from coveo_source.models.files import models
from tests.models.incremental.history import load
from tests.models.incremental.test_changed_models import with_edited_model
from tests.models.incremental.warehouse import Warehouse, click, model_tables

pytestmark = pytest.mark.slow

MODELS = set(models())
CONFIG = "DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG"


def make_models_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes each event count as if models needed so much for it that they are cut into slices."""
    monkeypatch.setattr(slicing, "_bytes_an_event", lambda model, schema: 200 * 10**6)
    monkeypatch.setattr(slicing, "_MB_A_THREAD", 0)


def statements_of(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the list to which all SQL is added that is run from now on."""
    seen: list[str] = []
    client = type(warehouse.pipeline.sql_client())
    execute = client.execute_sql

    def noted(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(str(sql))
        return execute(self, sql, *args, **kwargs)

    monkeypatch.setattr(client, "execute_sql", noted)
    return seen


def test_slices_give_the_same_rows_in_the_same_order(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(warehouse.pipeline, {"clicks": click("c80", "s1", visitId=None)})
    load(warehouse.pipeline, {"clicks": click("c81", "s2", visitId="elsewhere")})
    warehouse.build(full_refresh=True)
    before = model_tables(warehouse.path)
    timeline = "select event_id from all_events order by rowid"
    in_order = warehouse.query(timeline)
    make_models_large(monkeypatch)
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__MEMORY_LIMIT", "2GB")
    seen = statements_of(warehouse, monkeypatch)
    assert warehouse.build(full_refresh=True) == MODELS
    for name in MODELS:
        written = [sql for sql in seen if sql.startswith("insert") and f'"{name}" by name' in sql]
        assert len(written) > 1, name
    assert model_tables(warehouse.path) == before
    assert warehouse.query(timeline) == in_order
    warehouse.assert_up_to_date()
    assert warehouse.build() == set()


def test_a_first_build_in_slices_is_up_to_date(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_models_large(monkeypatch)
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__MEMORY_LIMIT", "2GB")
    with warehouse.pipeline.sql_client() as client:
        for name in MODELS:
            client.execute_sql(f"drop table {name}")
    assert warehouse.build() == MODELS
    warehouse.assert_up_to_date()


def test_without_need_nothing_is_cut(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = statements_of(warehouse, monkeypatch)
    warehouse.build(full_refresh=True)
    for name in MODELS:
        assert sum(sql.startswith("insert") and f'"{name}" by name' in sql for sql in seen) == 1


@pytest.mark.parametrize("megabytes", [312, 1000, 5800])
def test_there_are_as_many_slices_as_events_and_memory_require(megabytes: int) -> None:
    schema = {"searches": {"id": "text", "visit_id": "text"}}
    model = models()["visits"]

    def count(events: int) -> int:
        slices = slicing.slices_of(model, schema, events, megabytes)
        return slices.count if slices else 1

    # what waits to be written as a row group is in memory, too
    waiting = 122_880 * 12 * len(model.properties.columns) // 10**6
    free = megabytes - 100 * tuning.building_threads(megabytes) - waiting
    fitting = free * 10**6 // slicing.BYTES_AN_EVENT["visits"]
    assert [count(n) for n in (0, fitting, fitting + 1, 5 * fitting)] == [1, 1, 2, 5]


def test_a_model_without_units_is_never_cut() -> None:
    model = models()["visits"]
    plain = model._replace(properties=model.properties._replace(content={}))
    assert plain.unit is None
    assert slicing.slices_of(plain, {}, 10**12, 312) is None


def with_large_aggregate(folder: Path) -> Path:
    """Returns a copy of the models with an aggregate too large for 101 MB."""

    def change(sql: str) -> str:
        held = "length(string_agg(repeat(event_id, 20000000), '')) as held,"
        summed = sql.replace("count(*) as events,", f"count(*) as events, {held}")
        return summed.replace("        summed.started_at,\n", "summed.held, summed.started_at,\n")

    return with_edited_model(folder, "visits", change)


def test_a_model_that_does_not_fit_into_memory_fails_once_and_says_why(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONFIG, '{"memory_limit": "101MB"}')
    load(warehouse.pipeline, {"clicks": click("c97", "s1", visitId="v1")})
    seen = statements_of(warehouse, monkeypatch)
    with pytest.raises(ModelError, match=r"The model visits .*Out of Memory"):
        warehouse.build(folder=with_large_aggregate(folder))
    tried = [sql for sql in seen if sql.startswith("delete") and '"visits"' in sql]
    assert len(tried) == 1
    monkeypatch.delenv(CONFIG)
    # the table keeps the column that the failed model added to it, so its rows are compared alone
    assert warehouse.build() == MODELS
    [(visits, held)] = warehouse.query("select count(distinct visit_id), count(held) from visits")
    assert warehouse.query("select count(distinct visit_id) from all_events") == [(visits,)]
    assert held == 0
