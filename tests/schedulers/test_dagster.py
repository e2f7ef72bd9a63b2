"""The assets in examples/dagster, filled by Dagster's own daemon."""

import pytest

from tests.schedulers.conftest import DAYS
from tests.support.cli_user import Rows
from tests.support.network import free_port
from tests.support.schedulers import Project, copy_example, environment_of, needs, wait_until

pytestmark = needs("dagster")

FILE = "coveo_dagster.py"


@pytest.fixture
def dagster(project: Project) -> Project:
    home = project.folder / "dagster"
    copy_example(f"dagster/{FILE}", project.folder)
    copy_example("dagster/dagster.yaml", home)
    project.scripts = environment_of("dagster") / "bin"
    project.env = {"DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1"}
    return project


def test_three_days_of_a_backfill_are_one_run(dagster: Project, one_run: dict[str, Rows]) -> None:
    days = ",".join(f"{day:%Y-%m-%d}" for day in reversed(DAYS))
    port = str(free_port())
    with dagster.background("dagster", "dev", "-f", FILE, "-p", port, "-h", "127.0.0.1") as log:
        wait_until(lambda: "Serving dagster-webserver" in log.read_text(), log)
        dagster.call(
            *("dagster", "job", "backfill", "-f", FILE, "-j", "coveo_daily"),
            *("--partitions", days, "--noprompt"),
        )
        wait_until(lambda: log.read_text().count("RUN_SUCCESS") == len(DAYS), log)
    assert dagster.tables() == one_run


def test_every_table_and_model_is_an_asset(dagster: Project) -> None:
    listed = dagster.call("dagster", "asset", "list", "-f", FILE).split()
    assert {f"coveo_ua/{name}" for name in ("searches", "exports", "all_events", "visits")} <= {
        *listed
    }
