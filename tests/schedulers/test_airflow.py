"""The DAGs in examples/airflow, run by Airflow's own scheduler as it catches up, and a backfill."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.schedulers.conftest import DAYS
from tests.support.cli_user import Rows
from tests.support.network import free_port
from tests.support.schedulers import Project, copy_example, environment_of, needs, wait_until

pytestmark = needs("airflow")


@pytest.fixture
def airflow(project: Project, tmp_path: Path) -> Project:
    """A project with an Airflow that is installed and has not started."""
    # the source in an environment of its own, as the page says
    (project.folder / ".venv").symlink_to(Path(sys.prefix))
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    project.scripts = environment_of("airflow") / "bin"
    project.env = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
    }
    return project


def is_healthy(airflow: Project) -> bool:
    try:
        url = airflow.env["AIRFLOW__API__BASE_URL"]
        answer = requests.get(f"{url}/api/v2/monitor/health", timeout=10).json()
    except (requests.ConnectionError, requests.JSONDecodeError):
        return False
    parts = ("metadatabase", "scheduler", "dag_processor")
    return all(answer[part]["status"] == "healthy" for part in parts)


def known(airflow: Project, sql: str) -> Rows:
    """Returns rows from Airflow's own database."""
    database = Path(airflow.env["AIRFLOW_HOME"]) / "airflow.db"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def states(airflow: Project, *days: str) -> list[str]:
    """Returns the states of the runs that load some days; nothing for a day without a run."""
    runs: dict[str, str] = dict(
        known(airflow, "select date(data_interval_start), state from dag_run")
    )
    return [runs[day] for day in days if day in runs]


@pytest.mark.parametrize("dag", ["coveo_daily", "coveo_dlt_group"])
def test_two_days_caught_up_and_one_in_a_backfill_are_one_run(
    airflow: Project, dag: str, one_run: dict[str, Rows]
) -> None:
    first, second, third = (f"{day:%Y-%m-%d}" for day in DAYS)
    dags = Path(airflow.env["AIRFLOW_HOME"]) / "dags"
    edits = {"FIRST_DAY = datetime(2026, 1, 1": "FIRST_DAY = datetime(2026, 3, 3"}
    copy_example(f"airflow/{dag}.py", dags, **edits)
    airflow.call("airflow", "db", "migrate")
    secrets = (airflow.folder / ".dlt" / "secrets.toml").read_text()
    airflow.call("airflow", "variables", "set", "dlt_secrets_toml", secrets)
    with airflow.background("airflow", "standalone") as log:
        wait_until(lambda: is_healthy(airflow), log)
        wait_until(lambda: known(airflow, "select dag_id from dag"), log)
        airflow.call("airflow", "dags", "unpause", dag)
        wait_until(lambda: states(airflow, second, third) == ["success"] * 2, log)
        airflow.call(
            *("airflow", "backfill", "create", "--dag-id", dag, "--max-active-runs", "1"),
            *("--from-date", first, "--to-date", first),
        )
        wait_until(lambda: states(airflow, first) == ["success"], log)
    assert airflow.tables() == one_run
