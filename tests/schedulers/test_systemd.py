"""The service and the timer in examples/systemd: checked by systemd, and run as it would."""

import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from tests.schedulers.conftest import DAYS, settled
from tests.support.cli_user import Rows
from tests.support.clock import Clock
from tests.support.schedulers import Project, copy_example

INSTALLED = "/srv/coveo"
"""Where the service expects the folder."""


@pytest.fixture
def units(incremental: Project, tmp_path: Path) -> list[Path]:
    units = [copy_example(f"systemd/coveo.{kind}", tmp_path) for kind in ("service", "timer")]
    for unit in units:
        unit.write_text(unit.read_text().replace(INSTALLED, str(incremental.folder)))
    return units


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_accepts_them(units: list[Path]) -> None:
    words = ["systemd-analyze", "verify", *map(str, units)]
    completed = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr) == (0, "")
    calendar = units[1].read_text().partition("OnCalendar=")[2].splitlines()[0]
    assert "Next elapse" in subprocess.check_output(
        ["systemd-analyze", "calendar", calendar], text=True
    )


def test_three_nights_are_one_run(
    units: list[Path],
    incremental: Project,
    server: DemoServer,
    clock: Clock,
    one_run: dict[str, Rows],
) -> None:
    parser = ConfigParser()
    # systemd's names have capitals
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(units[0])
    service = parser["Service"]
    name, value = service["Environment"].split("=")
    for day in DAYS:
        clock.now = settled(day)
        words = shlex.split(service["ExecStart"])
        night = incremental.call_bare(words, service["WorkingDirectory"], **{name: value})
        assert night.returncode == 0, night.stdout
    assert incremental.tables() == one_run
    written = set(incremental.folder.parent.iterdir())
    assert written == {Path(service["ReadWritePaths"])}
