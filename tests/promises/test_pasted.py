"""What the project prints to be pasted works as it stands, in bash, with nothing on the PATH."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import duckdb
import pytest

from coveo_source.demo import DemoServer
from tests.support.cli_user import environment, query
from tests.support.dbt_user import NOWHERE, dbt_folder, needs_dbt
from tests.support.scripts import HERE, needs_bash, paste, pasted, script, shown_after

pytestmark = [needs_bash, pytest.mark.slow]

FEW = "--no-models --tables searches clicks"
CALLED = [
    f"{script('dlt')} pipeline",
    script("coveo-source"),
    f"{sys.executable} -m coveo_source",
]
"""The ways to call a verb."""

each_way = pytest.mark.parametrize("called", CALLED, ids=["dlt", "script", "module"])
one_way = pytest.mark.parametrize(
    "called",
    [
        pytest.param(CALLED[0], id="dlt", marks=pytest.mark.thorough),
        pytest.param(CALLED[1], id="script"),
        pytest.param(CALLED[2], id="module", marks=pytest.mark.thorough),
    ],
)


@contextmanager
def printing(command: Sequence[str], end: str) -> Iterator[str]:
    """Runs a program until it is told to stop; yields what it prints up to a line with `end`."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    output = cast(IO[str], process.stdout)
    try:
        lines: list[str] = []
        for line in output:
            lines.append(line)
            if end in line:
                break
        else:
            raise AssertionError("".join(lines))
        yield "".join(lines)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        output.close()


@one_way
def test_the_lines_of_the_demo_are_all_that_a_verb_needs(called: str) -> None:
    demo = [sys.executable, "-m", "coveo_source.demo", "--port", "0", "--days", "3"]
    with printing(demo, end="Stop it") as shown:
        exports = "\n".join(re.findall(r"^export .+$", shown, re.M))
        pasted(f"{exports}\n{called} coveo plan\n{called} coveo run {FEW}")
    assert query("select count(*) > 0 from searches") == [(True,)]


@one_way
def test_whoever_has_loaded_nothing_is_told_how_to(called: str, demo: DemoServer) -> None:
    options = "--dataset-name 'my data'"
    refused = paste(f"{called} coveo models {options}")
    assert refused.returncode == 2
    load = shown_after("Load some first:", refused.stderr)
    pasted(load, **environment(demo))
    pasted(f"{called} coveo models {options}", **environment(demo))


@each_way
def test_a_dbt_project_without_tables_is_told_how_to_get_some(
    called: str, demo: DemoServer
) -> None:
    refused = paste(f"{called} coveo models --dbt project")
    assert refused.returncode == 2
    command = re.search(r"(?:Run `|Load some first: )([^`\n]+)", refused.stderr)
    assert command, refused.stderr
    pasted(command[1] + f" {FEW}", **environment(demo))


def test_a_report_without_models_is_told_how_to_build_them(demo: DemoServer) -> None:
    pasted(f"{CALLED[1]} coveo run --no-models", **environment(demo))
    refused = paste(f"{CALLED[1]} coveo report")
    assert refused.returncode == 2
    pasted(shown_after("Build them first:", refused.stderr))
    pasted(f"{CALLED[1]} coveo report")
    assert Path("report.html").exists()


def test_the_demo_of_the_readme_ends_with_commands_that_work() -> None:
    shown = pasted(f"{CALLED[1]} coveo_demo run --demo")
    assert query("select count(*) from all_events", "coveo_demo")[0][0] > 10_000
    assert "5 rows" in pasted(shown_after("Try:", shown))
    assert "Found pipeline coveo_demo" in pasted(shown_after("State:", shown))


def test_the_query_to_try_is_about_a_table_that_is_there(demo: DemoServer) -> None:
    shown = pasted(f"{CALLED[1]} coveo run {FEW}", **environment(demo))
    assert "1 rows" in pasted(shown_after("Try:", shown))


@needs_dbt
def test_a_dbt_project_is_built_by_the_command_that_is_shown(demo: DemoServer) -> None:
    pasted(f"{CALLED[1]} coveo run", **environment(demo))
    written = pasted(f"{CALLED[1]} coveo models --dbt 'my project'")
    offline = {"HTTPS_PROXY": NOWHERE, "HOME": str(Path.cwd())}
    path = f"{dbt_folder()}:/usr/bin:/bin"
    built = pasted(shown_after("Try:", written), PATH=path, **offline)
    assert "ERROR=0" in built


def test_a_notebook_opens_by_the_command_that_is_shown(demo: DemoServer) -> None:
    pasted(f"{CALLED[1]} coveo run", **environment(demo))
    shown = pasted(f"{CALLED[1]} coveo report --notebook report.py")
    edit = shown_after("Try:", shown)
    assert edit == f"{HERE / 'marimo'} edit report.py"
    with printing(["bash", "-c", edit], end="URL") as output:
        assert "http://" in output


def test_a_column_that_is_gone_comes_back_by_the_command_that_is_shown(demo: DemoServer) -> None:
    pasted(f"{CALLED[1]} coveo run {FEW}", **environment(demo))
    with duckdb.connect("coveo.duckdb") as database:
        database.execute("alter table coveo_ua.clicks drop column document_title")
    again = paste(f"{CALLED[1]} coveo run {FEW}", **environment(demo))
    drop = re.search(r"run `([^`]+ drop clicks)`", again.stderr)
    assert drop, again.stderr
    pasted(drop[1].replace("dlt ", "dlt -y ", 1))
    pasted(f"{CALLED[1]} coveo run {FEW}", **environment(demo))
    assert query("select count(document_title) > 0 from clicks") == [(True,)]
