"""Steps of a build are prepared once, for as long as they would come out the same."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coveo_source.cli.pipeline import Options
from coveo_source.commands import models
from coveo_source.demo import DemoServer
from coveo_source.destination import Slices, Step
from coveo_source.models import prepared
from coveo_source.models.prepared import Preparations, Prepared
from coveo_source.models.script import Script
from tests.support.cli_user import DATASET, PIPELINE, load, open_pipeline, query

SLICES = Slices(2, "select 'a'", "", "")
STEP = Step(0, "select 1", "1 = 1", others=[], ranges={"time": "select 2"}, slices=SLICES)
PREPARED = Prepared(STEP, {"one": {"name": "one", "data_type": "bigint"}}, ["one"])


@pytest.fixture(autouse=True)
def another_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets this process forget what it has prepared, now and whenever it is called."""

    def forget() -> None:
        monkeypatch.setattr(prepared, "_known", {})

    forget()
    return forget


def not_again() -> Prepared:
    raise AssertionError("It is known already.")


def test_a_step_is_prepared_once_in_a_process(own_folder: Path) -> None:
    first = Preparations(own_folder).get(["model", 1], lambda: PREPARED)
    assert first == PREPARED
    assert Preparations(own_folder / "elsewhere").get(["model", 1], not_again) == PREPARED


def test_another_process_finds_it_in_the_file(
    own_folder: Path, another_process: Callable[[], None]
) -> None:
    preparations = Preparations(own_folder)
    preparations.get(["model", 1], lambda: PREPARED)
    preparations.save()
    another_process()
    assert Preparations(own_folder).get(["model", 1], not_again) == PREPARED


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"half'])
def test_a_damaged_file_is_replaced(
    own_folder: Path, another_process: Callable[[], None], content: str
) -> None:
    file = own_folder / "coveo_models.json"
    file.write_text(content, "utf-8")
    preparations = Preparations(own_folder)
    assert preparations.get(["model", 1], lambda: PREPARED) == PREPARED
    preparations.save()
    assert len(json.loads(file.read_text("utf-8"))) == 1


@pytest.mark.parametrize("nonsense", [5, [], ["step", {}, []], [{}, {}, []], [None, None, None]])
def test_a_step_that_is_not_as_we_write_it_is_prepared_anew(
    own_folder: Path, another_process: Callable[[], None], nonsense: object
) -> None:
    preparations = Preparations(own_folder)
    preparations.get(["model", 1], lambda: PREPARED)
    preparations.save()
    another_process()
    file = own_folder / "coveo_models.json"
    file.write_text(json.dumps(dict.fromkeys(json.loads(file.read_bytes()), nonsense)), "utf-8")
    assert Preparations(own_folder).get(["model", 1], lambda: PREPARED) == PREPARED


def test_what_is_made_from_something_else_is_prepared_anew(own_folder: Path) -> None:
    preparations = Preparations(own_folder)
    preparations.get(["model", {"a": 1}], lambda: PREPARED)
    with pytest.raises(AssertionError):
        preparations.get(["model", {"a": 2}], not_again)


def test_who_changes_what_he_got_changes_it_for_nobody_else(own_folder: Path) -> None:
    preparations = Preparations(own_folder)
    made = PREPARED._replace(columns={"one": {"data_type": "bigint"}})
    for _ in range(3):
        found = preparations.get(["model", 1], lambda: made)
        assert found.columns == {"one": {"data_type": "bigint"}}
        found.columns["one"]["data_type"] = "text"


def test_the_file_does_not_grow_with_each_change(own_folder: Path) -> None:
    for number in range(500):
        preparations = Preparations(own_folder)
        preparations.get(["model", number], lambda: PREPARED)
        preparations.save()
    assert len(json.loads((own_folder / "coveo_models.json").read_bytes())) <= 100
    assert Preparations(own_folder).get(["model", 499], not_again) == PREPARED


def count_prepared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns a list that gets the names of models whose steps are prepared."""
    names: list[str] = []

    def counting(original: Any) -> Any:
        def prepare(self: Script, model: Any, *rest: Any) -> Prepared:
            names.append(model.name)
            return original(self, model, *rest)  # type: ignore[no-any-return]

        return prepare

    monkeypatch.setattr(Script, "_in_full", counting(Script._in_full))
    monkeypatch.setattr(Script, "_by_unit", counting(Script._by_unit))
    return names


def test_a_run_prepares_what_changed_and_models_come_out_the_same(
    serve: Callable[..., DemoServer],
    monkeypatch: pytest.MonkeyPatch,
    another_process: Callable[[], None],
) -> None:
    server = serve()
    load(server, from_date="2026-03-05", with_models=True)
    names = count_prepared(monkeypatch)
    visits = query("select * exclude _dlt_load_id from visits order by all")
    another_process()
    load(server, from_date="2026-03-05", with_models=True, full_refresh=True)
    # tables of a first build were there now: the SQL is prepared for them once more
    names.clear()
    another_process()
    load(server, from_date="2026-03-05", with_models=True, full_refresh=True)
    assert names == []
    assert query("select * exclude _dlt_load_id from visits order by all") == visits
    assert open_pipeline().has_data


def test_another_setting_of_the_models_is_prepared_for(
    serve: Callable[..., DemoServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    load(server, from_date="2026-03-09", with_models=True)
    options = Options(PIPELINE, dataset=DATASET)
    models(options, full_refresh=True)
    names = count_prepared(monkeypatch)
    models(options, full_refresh=True)
    assert names == []
    monkeypatch.setitem(os.environ, "SOURCES__COVEO_SOURCE__TIME_ZONE", "Asia/Tokyo")
    models(options, full_refresh=True)
    assert "all_events" in names


def test_a_column_that_is_new_is_prepared_for(serve: Callable[..., DemoServer]) -> None:
    server, options = serve(), Options(PIPELINE, dataset=DATASET)
    load(server, from_date="2026-03-09", with_models=True, dimensions=["country"])
    models(options, full_refresh=True)
    load(server, from_date="2026-03-09", to_date="2026-03-11", replace=True)
    models(options, full_refresh=True)
    [(devices,)] = query("select count(device_category) from all_events")
    assert devices > 0
