"""The crontab in examples/cron, of which each line is run as cron does."""

import pytest

from coveo_source.demo import DemoServer
from tests.schedulers.conftest import DAYS, settled
from tests.support.cli_user import Rows
from tests.support.clock import Clock
from tests.support.schedulers import EXAMPLES, Project

CRONTAB = (EXAMPLES / "cron/coveo.crontab").read_text()


@pytest.fixture
def command() -> str:
    [line] = [line for line in CRONTAB.splitlines() if not line.startswith("#")]
    *when, command = line.split(maxsplit=5)
    assert all(field == "*" or field.isdigit() for field in when)
    # cron would end the line there
    assert "%" not in command
    return command


def run_as_cron(command: str, project: Project) -> str:
    """Returns what cron would send by mail."""
    home = str(project.folder.parent)
    return project.call_bare(["/bin/sh", "-c", command], cwd=home, HOME=home).stdout


def test_three_nights_are_one_run(
    command: str, incremental: Project, server: DemoServer, clock: Clock, one_run: dict[str, Rows]
) -> None:
    for day in DAYS:
        clock.now = settled(day)
        assert run_as_cron(command, incremental) == ""
    server.close()
    assert incremental.tables() == one_run


def test_a_failure_is_sent_by_mail(command: str, incremental: Project, server: DemoServer) -> None:
    server.close()
    assert "un again" in run_as_cron(command, incremental)
