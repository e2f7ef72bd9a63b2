"""The flow in examples/prefect, served and started through Prefect's own server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.schedulers.conftest import DAYS, settled
from tests.support.cli_user import Rows
from tests.support.network import free_port
from tests.support.schedulers import Project, copy_example, environment_of, needs, wait_until

pytestmark = needs("prefect")


@pytest.fixture
def prefect(project: Project) -> Iterator[Project]:
    """A project whose flow is served."""
    copy_example("prefect/coveo_flow.py", project.folder)
    project.scripts = environment_of("prefect") / "bin"
    port = str(free_port())
    api = f"http://127.0.0.1:{port}/api"
    project.env = {
        "PREFECT_HOME": str(project.folder / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    with project.background("prefect", "server", "start", "--port", port) as server:
        wait_until(lambda: is_healthy(api), server)
        with project.background("python", "coveo_flow.py") as served:
            wait_until(lambda: "coveo/daily" in served.read_text(), served)
            yield project


def is_healthy(api: str) -> bool:
    try:
        return requests.get(f"{api}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def run_flow(prefect: Project, *words: str) -> None:
    deployment = ("prefect", "deployment", "run", "coveo/daily", "--watch")
    printed = prefect.call(*deployment, *words, timeout=600)
    assert "Completed" in printed, Path(prefect.folder.parent / "python.log").read_text()[-6000:]


def test_three_days_are_one_run(prefect: Project, one_run: dict[str, Rows]) -> None:
    for day in DAYS[:2]:
        run_flow(prefect, "--param", f'day="{day:%Y-%m-%d}"')
    # without a day, the one before that of the schedule
    run_flow(prefect, "--start-at", settled(DAYS[2]).isoformat())
    assert prefect.tables() == one_run
