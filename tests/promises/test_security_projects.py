"""A dbt project whose folder is hostile, and one of a dataset with an unusual name."""

import json
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from coveo_source.demo import DemoServer
from tests.support.assertions import Completed, invoke, run_against
from tests.support.cases import some_of
from tests.support.cli_user import PIPELINE
from tests.support.dbt_user import dbt, needs_dbt

PROJECT = Path("project")
LIST = PROJECT / ".coveo_source.json"
MINE = b"mine\n"
DIGEST = sha256(MINE).hexdigest()


def assert_refused(completed: Completed, *texts: str) -> None:
    assert completed.code == 2, completed
    assert "Traceback" not in completed.err
    for text in texts:
        assert text in completed.err


def test_the_list_of_a_hostile_folder_removes_nothing(demo: DemoServer) -> None:
    assert run_against(demo, "--tables", "searches").code == 0
    words = (PIPELINE, "models", "--dbt", str(PROJECT))
    assert invoke(*words).code == 0
    listed = json.loads(LIST.read_bytes())
    mine = Path("outside/mine.sql").resolve()
    mine.parent.mkdir()
    mine.write_bytes(MINE)
    for name in (str(mine), "../outside/mine.sql", "..\\outside\\mine.sql"):
        LIST.write_text(json.dumps({**listed, name: DIGEST}))
        assert_refused(invoke(*words), str(LIST.name), "outside", "to a new folder")
    LIST.write_text(json.dumps({**listed, "models/mine.sql": DIGEST}))
    (PROJECT / "models").rename("outside/models")
    (PROJECT / "models").symlink_to(mine.parent / "models")
    assert_refused(invoke(*words), "models in project is a link", "another folder")
    LIST.write_bytes(b"<<<<<<< HEAD\n")
    assert_refused(invoke(*words), "it is not JSON")
    assert mine.read_bytes() == MINE
    assert len(list(Path("outside/models").iterdir())) > 10


NAMES = {
    "normalized": ("2026 Coveo-UA.Prod", "true", "_2026_coveo_ua_prod"),
    "with capitals": ("Team-Data 2", "true", "team_data_2"),
    "a reserved word": ("select", "true", "select"),
    "as it is": ("2026 Coveo-UA.Prod", "false", "2026 Coveo-UA.Prod"),
    "that of a template": ("Coveo {{ x }}%", "false", "Coveo {{ x }}%"),
    "that YAML reads as a number": ("1e5", "false", "1e5"),
}


@pytest.mark.slow
@needs_dbt
@pytest.mark.parametrize("name", some_of(NAMES, "as it is"))
def test_dbt_builds_the_project_of_a_dataset_with_any_name(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    given, normalizes, there = NAMES[name]
    monkeypatch.setenv("DESTINATION__DUCKDB__ENABLE_DATASET_NAME_NORMALIZATION", normalizes)
    completed = run_against(demo, "--dataset-name", given, "--tables", "searches", "clicks")
    assert completed.code == 0
    assert f"dataset {there}\n" in completed.out
    written = invoke(PIPELINE, "models", "--dbt", "project", "--dataset-name", given)
    assert written.code == 0, written.err
    assert "ERROR=0" in dbt(PROJECT.resolve(), "build", "--exclude-resource-type", "test")
    assert "ERROR=0" in dbt(PROJECT.resolve(), "build", "--select", "visits")
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        ((searches, built),) = database.execute(
            f'select (select count(*) from "{there}".searches),'
            f' (select count(*) from "{there}_dbt".search_outcomes)'
        ).fetchall()
    assert searches == built > 0


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_name_that_dbt_cannot_read_is_refused(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch, quote: str
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__ENABLE_DATASET_NAME_NORMALIZATION", "false")
    name = f"coveo{quote}ua"
    assert run_against(demo, "--dataset-name", name, "--tables", "searches").code == 0
    refused = invoke(PIPELINE, "models", "--dbt", "project", "--dataset-name", name)
    assert_refused(refused, name, "--dataset-name")
    assert not PROJECT.exists()
