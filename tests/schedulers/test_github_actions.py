"""The workflow in examples/github-actions: its commands are run in order, as a runner does.

Each run has a new folder and a new environment, so that whatever it remembers is in the database.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer
from coveo_source.tables import TABLES
from tests.schedulers.conftest import DAYS, END, settled
from tests.support.cli_user import DATASET, Rows, connection_settings
from tests.support.clock import ANY_TIME_MINUTES, Clock
from tests.support.schedulers import EXAMPLES, ROOT

WORKFLOW = yaml.safe_load((EXAMPLES / "github-actions/coveo.yml").read_text())
[JOB] = WORKFLOW["jobs"].values()


class Runner:
    """Does what GitHub's runner does with a job that has a checkout and a Python.

    values: what the workflow's expressions stand for
    env: variables that are not the workflow's: the demo's
    """

    def __init__(self, folder: Path, values: dict[str, str], env: dict[str, str]) -> None:
        self._folder = folder
        self._values = values
        self._env = env

    def run_job(self) -> None:
        """Runs the commands of all steps; fails if one fails."""
        ignored = shutil.ignore_patterns(".*", "__pycache__", "tests")
        shutil.copytree(ROOT, self._folder, ignore=ignored)
        uses, runs = ([step for step in JOB["steps"] if kind in step] for kind in ("uses", "run"))
        assert [step["uses"].partition("@")[0] for step in uses] == [
            "actions/checkout",
            "actions/setup-python",
        ]
        python = self._folder / "python"
        subprocess.run([sys.executable, "-m", "venv", str(python)], check=True)
        for step in runs:
            given = {**WORKFLOW["env"], **step.get("env", {})}
            env = {name: self._filled(text) for name, text in given.items()}
            path = f"{python / 'bin'}:{os.environ['PATH']}"
            own = {"HOME": str(self._folder), "DLT_DATA_DIR": str(self._folder / "dlt")}
            kept = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
            completed = subprocess.run(
                ["bash", "-e", "-c", step["run"]],
                cwd=self._folder,
                env={**kept, **own, "PATH": path, **self._env, **env},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
                check=False,
            )
            assert completed.returncode == 0, completed.stdout

    def _filled(self, text: str) -> str:
        """Returns a text of the workflow with values for its expressions."""
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda match: self._values[match[1]], text)


def all_rows(address: str, dataset: str) -> dict[str, Rows]:
    """Returns all rows of the five tables in PostgreSQL, without the load ids."""
    psycopg2 = pytest.importorskip("psycopg2", reason="pip install .[dev]")
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(
                "select string_agg(quote_ident(column_name), ', ' order by column_name)"
                " from information_schema.columns where table_schema = %s and table_name = %s"
                " and column_name != '_dlt_load_id'",
                (dataset, table),
            )
            [[columns]] = cursor.fetchall()
            cursor.execute(f"select {columns} from {dataset}.{table}")
            found[table] = sorted(cursor.fetchall(), key=repr)
        return found


@pytest.fixture
def environment(server: DemoServer) -> dict[str, str]:
    settings = {"BASE_URL": server.base_url, "CLOCK_TOLERANCE_MINUTES": str(ANY_TIME_MINUTES)}
    return {f"SOURCES__COVEO_SOURCE__{name}": value for name, value in settings.items()}


@pytest.fixture
def values(server: DemoServer, address: str) -> dict[str, str]:
    return {
        "secrets.COVEO_API_KEY": server.api_key,
        "secrets.POSTGRES_ADDRESS": address,
        "vars.COVEO_ORG": server.org,
        "vars.COVEO_FROM_DATE": f"{DAYS[0]:%Y-%m-%d}",
        "inputs.from": "",
        "inputs.to": "",
    }


def test_it_starts_at_night_and_by_hand() -> None:
    # YAML takes the key `on` for True
    triggers: Any = WORKFLOW[True]
    assert [list(entry) for entry in triggers["schedule"]] == [["cron"]]
    assert set(triggers["workflow_dispatch"]["inputs"]) == {"from", "to"}
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_three_nights_and_a_backfill_are_one_run(
    server: DemoServer,
    clock: Clock,
    address: str,
    values: dict[str, str],
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for day in DAYS:
        clock.now = settled(day)
        Runner(tmp_path / f"{day:%d}", values, environment).run_job()
    nights = all_rows(address, DATASET)
    again = {"inputs.from": f"{DAYS[1]:%Y-%m-%d}", "inputs.to": f"{DAYS[2]:%Y-%m-%d}"}
    Runner(tmp_path / "again", {**values, **again}, environment).run_job()
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    options = Options("one_run", destination="postgres", dataset="one_run", with_models=False)
    run(options, {**connection_settings(server), "from_date": DAYS[0], "to_date": END})
    one_run = all_rows(address, "one_run")
    assert all(one_run.values())
    assert nights == all_rows(address, DATASET) == one_run
