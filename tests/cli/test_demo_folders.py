"""The demo keeps its pipeline in the current folder, and other verbs go on with it there."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from coveo_source.cli.folders import pipelines_dir
from coveo_source.demo import DemoServer
from tests.support.cli_user import (
    PIPELINE,
    dlt_command,
    environment,
    load,
    query,
)

pytestmark = pytest.mark.slow

DEMO = "coveo_demo"
FEW = ("--tables", "searches", "clicks", "--no-models")

Enter = Callable[[str], Path]


@pytest.fixture
def enter(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Enter:
    """Changes into a folder; all folders share dlt's common one."""

    def enter(name: str) -> Path:
        folder = own_folder / name
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        return folder

    return enter


def demo(verb: str, *words: str) -> "subprocess.CompletedProcess[str]":
    completed = dlt_command("pipeline", DEMO, verb, *words)
    assert completed.returncode == 0, completed.stderr
    return completed


def searches() -> int:
    [(count,)] = query("select count(*) from searches", DEMO)
    return int(count)


def test_each_folder_has_a_demo_of_its_own(enter: Enter, tmp_path: Path) -> None:
    enter("one")
    assert "Data:   coveo_demo.duckdb" in demo("run", "--demo", *FEW).stdout
    before = Path("coveo_demo.duckdb").read_bytes()
    enter("two")
    run = demo("run", "--demo", *FEW)
    assert "Data:   coveo_demo.duckdb" in run.stdout
    assert searches() > 1_000
    assert Path("../one/coveo_demo.duckdb").read_bytes() == before
    assert not (tmp_path / "dlt" / "pipelines" / DEMO).exists()
    # what follows finds the pipeline of the folder
    assert "Wrote a dbt project" in demo("models", "--dbt", "project").stdout
    enter("one")
    assert "search_outcomes" in demo("models").stdout
    assert query("select count(*) from all_events", DEMO)[0][0] > 1_000


def test_the_end_of_a_demo_run_says_how_dlt_finds_the_pipeline(enter: Enter) -> None:
    enter("one")
    [command] = re.findall(r"^State:  \S*dlt (.*)$", demo("run", "--demo", *FEW).stdout, re.M)
    assert "--pipelines-dir .dlt/.pipelines" in command
    found = dlt_command(*command.split())
    assert found.returncode == 0, found.stderr
    assert DEMO in found.stdout


@pytest.mark.thorough
def test_a_second_demo_run_goes_on_where_the_first_ended(enter: Enter) -> None:
    enter("one")
    demo("run", "--demo", *FEW)
    first = searches()
    plan = demo("plan", "--demo")
    assert "Nothing was loaded before" not in plan.stdout
    demo("run", "--demo", *FEW)
    assert searches() >= first
    assert query("select count(*) from exports", DEMO) == [(2,)]


def test_a_plan_leaves_no_pipeline(enter: Enter) -> None:
    folder = enter("one")
    assert "Nothing was loaded before" in demo("plan", "--demo").stdout
    assert list(folder.rglob("*")) == []


@pytest.mark.thorough
def test_a_folder_given_on_the_command_line_counts(enter: Enter) -> None:
    folder = enter("one")
    words = ("--pipelines-dir", "elsewhere", DEMO, "run", "--demo", *FEW)
    completed = dlt_command("pipeline", *words)
    assert completed.returncode == 0, completed.stderr
    assert (folder / "elsewhere" / DEMO / "state.json").exists()
    assert not (folder / ".dlt").exists()


@pytest.mark.thorough
def test_a_copy_of_a_folder_goes_on_with_its_own_database(enter: Enter) -> None:
    one = enter("one")
    demo("run", "--demo", *FEW)
    before = Path("coveo_demo.duckdb").read_bytes()
    shutil.copytree(one, one.parent / "two")
    enter("two")
    assert "Data:   coveo_demo.duckdb" in demo("run", "--demo", *FEW).stdout
    assert (one / "coveo_demo.duckdb").read_bytes() == before
    assert query("select count(*) from exports", DEMO) == [(2,)]


def test_other_pipelines_stay_in_dlt_s_common_folder(demo: DemoServer, tmp_path: Path) -> None:
    load(demo, from_date="2026-03-10", tables=["clicks"])
    assert (tmp_path / "dlt" / "pipelines" / PIPELINE).exists()
    assert not Path(".dlt").exists()


@pytest.mark.thorough
def test_a_demo_by_the_name_of_another_pipeline_changes_neither(
    serve: Callable[..., DemoServer], tmp_path: Path
) -> None:
    server = serve(org="another")
    load(server, from_date="2026-03-10", tables=["clicks"])
    mistaken = dlt_command("pipeline", PIPELINE, "run", "--demo")
    assert mistaken.returncode == 2
    assert pipelines_dir(PIPELINE, is_demo=False) is None
    again = dlt_command("pipeline", PIPELINE, "run", *FEW, env=environment(server))
    assert again.returncode == 0, again.stderr
