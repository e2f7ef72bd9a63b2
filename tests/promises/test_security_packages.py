"""dlt's load packages, which hold the rows: private, and gone once they are loaded."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from coveo_source import coveo_source
from coveo_source.demo import DemoServer
from tests.support.assertions import assert_loaded, clean_run_tables, run_against, run_arguments
from tests.support.cases import some_of
from tests.support.cli_user import (
    PIPELINE,
    connection_settings,
    environment,
    load,
    open_pipeline,
    query,
)
from tests.support.clock import NOW, Clock
from tests.support.files import files_with, mode_of, modes_in, pipeline_folder
from tests.support.processes import run_python

Serve = Callable[..., DemoServer]

pytestmark = pytest.mark.slow

KEEP = "LOAD__DELETE_COMPLETED_JOBS"


@pytest.fixture
def searched(demo: DemoServer) -> str:
    """Something that a person searched for, on the day that runs load."""
    day = datetime(2026, 3, 10, tzinfo=timezone.utc)
    queries = demo.traffic.rows("searches", day, NOW, columns=["queryExpression"])
    return max((str(text) for (text,) in queries), key=len)


def library_run(server: DemoServer) -> None:
    settings = connection_settings(server)
    open_pipeline().run(
        coveo_source(from_date="2026-03-10", tables=["searches", "clicks"], **settings)
    )


def test_after_a_run_no_file_of_the_pipeline_holds_what_people_searched_for(
    demo: DemoServer, searched: str
) -> None:
    load(demo, from_date="2026-03-10", with_models=True)
    assert query(f"select 1 from all_events where query_expression = '{searched}'")
    assert files_with(searched, pipeline_folder()) == []
    assert not list(pipeline_folder().glob("load/loaded/*/completed_jobs"))


@pytest.mark.parametrize("variable", some_of([KEEP, f"COVEO__{KEEP}"], KEEP))
def test_whoever_configures_dlt_to_keep_them_keeps_them(
    demo: DemoServer, searched: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "false")
    assert run_against(demo, "--tables", "searches").code == 0
    kept = files_with(searched, pipeline_folder())
    assert kept
    assert run_against(demo, "--tables", "searches", "--full-refresh").code == 0
    library_run(demo)
    assert {*kept} < {*files_with(searched, pipeline_folder())}


def test_a_library_user_s_rows_go_too(
    demo: DemoServer, searched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library_run(demo)
    assert query(f"select 1 from searches where query_expression = '{searched}'")
    assert files_with(searched, pipeline_folder()) == []
    assert mode_of(pipeline_folder()) == "0o700"


def test_what_another_source_loads_stays_as_dlt_leaves_it(demo: DemoServer, searched: str) -> None:
    pipeline = open_pipeline()
    pipeline.run([{"query": searched}], table_name="another", loader_file_format="jsonl")
    kept = list(pipeline_folder().glob("load/loaded/*/completed_jobs/another.*"))
    assert kept
    library_run(demo)
    assert all(path.exists() for path in kept)


Run = Callable[[DemoServer], object]
RUNS: dict[str, Run] = {
    "run": lambda server: run_against(server, "--tables", "searches"),
    "library": library_run,
}


@pytest.mark.parametrize("run", RUNS.values(), ids=list(RUNS))
def test_what_an_earlier_run_left_goes_with_the_next(
    demo: DemoServer, searched: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    # as a former version, and as a run that is killed at the end of a load
    monkeypatch.setenv(KEEP, "false")
    load(demo, from_date="2026-03-10", tables=["searches"])
    monkeypatch.delenv(KEEP)
    [kept] = {path.parents[1] for path in files_with(searched, pipeline_folder())}
    # as a run whose jobs the database refused, and as one that was killed while it extracted
    shutil.copytree(kept / "completed_jobs", kept / "failed_jobs", dirs_exist_ok=True)
    shutil.copytree(kept, pipeline_folder() / "normalize" / "ab12cd34" / kept.name)
    assert len({path.parent for path in files_with(searched, pipeline_folder())}) == 4
    clock.advance(minutes=1)
    run(demo)
    assert files_with(searched, pipeline_folder()) == []


KILLED = """
import os, signal, sys

def kill(event, args):
    if event == "os.rename" and place in str(args[1]):
        os.kill(os.getpid(), signal.SIGKILL)

place = sys.argv.pop(1)
sys.addaudithook(kill)
from coveo_source.__main__ import main
main()
"""
"""A run that is killed when it is about to move a file or folder to a place."""


PLACES = ("normalize/extracted/", "load/normalized/", "load/loaded/")
"""Where a load package is when the run is killed."""


@pytest.mark.parametrize("place", some_of(PLACES, "load/loaded/"))
def test_what_a_killed_run_left_is_loaded_and_goes_with_the_next(
    demo: DemoServer, searched: str, place: str
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, place, *run_arguments("--tables", "searches")],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert files_with(searched, pipeline_folder())
    assert {*modes_in(pipeline_folder()).values()} == {"0o600", "0o700"}
    assert_loaded(run_against(demo, "--tables", "searches"), clean_run_tables(tables=("searches",)))
    assert files_with(searched, pipeline_folder()) == []


WITH_UMASK = """
import os, sys
os.umask(int(sys.argv.pop(1), 8))
from coveo_source.__main__ import main
main()
"""
"""A command in a process with this umask."""


@pytest.mark.parametrize(("umask", "mode"), [("007", "0o660"), ("077", "0o600")])
def test_a_new_database_can_be_read_by_whom_the_user_s_umask_lets(
    demo: DemoServer, umask: str, mode: str
) -> None:
    run_python(demo, "-c", WITH_UMASK, umask, *run_arguments("--tables", "searches"))
    assert mode_of(Path("coveo.duckdb")) == mode
    assert {*modes_in(pipeline_folder()).values()} == {"0o600", "0o700"}


def test_a_database_keeps_the_mode_that_it_has(demo: DemoServer) -> None:
    assert run_against(demo, "--tables", "searches").code == 0
    Path("coveo.duckdb").chmod(0o664)
    run_python(demo, "-c", WITH_UMASK, "022", *run_arguments("--tables", "clicks"))
    assert mode_of(Path("coveo.duckdb")) == "0o664"


def test_a_dbt_project_can_be_read_by_whom_the_user_s_umask_lets(demo: DemoServer) -> None:
    assert run_against(demo, "--tables", "searches").code == 0
    run_python(demo, "-c", WITH_UMASK, "022", PIPELINE, "models", "--dbt", "project")
    assert {*modes_in(Path("project")).values()} == {"0o644", "0o755"}


def test_the_folder_of_a_former_version_becomes_private(demo: DemoServer) -> None:
    assert run_against(demo, "--tables", "searches").code == 0
    for path in [pipeline_folder(), *pipeline_folder().rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert run_against(demo, "--tables", "searches").code == 0
    assert {*modes_in(pipeline_folder()).values()} == {"0o600", "0o700"}
