"""The image of examples/container: built, run without rights, stopped, and run again."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from coveo_source.demo import DemoServer
from tests.schedulers.conftest import DAYS, settled
from tests.support.cli_user import Rows, environment
from tests.support.clock import ANY_TIME_MINUTES, Clock
from tests.support.schedulers import ROOT, Project

CONTAINERFILE = "examples/container/Containerfile"
BASE = os.environ.get("CONTAINER_BASE", "docker.io/library/python:3.13-slim")
SETTING = "SOURCES__COVEO_SOURCE__"


def podman(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["podman", *words], capture_output=True, text=True, timeout=600, check=False
    )


pytestmark = pytest.mark.skipif(
    not shutil.which("podman") or podman("image", "exists", BASE).returncode != 0,
    reason=f"podman has no image {BASE}: podman pull {BASE}, or name another with Python and venv"
    " in CONTAINER_BASE",
)


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    name = f"localhost/coveo-test-{uuid4().hex[:8]}"
    file = str(ROOT / CONTAINERFILE)
    built = podman("build", "--build-arg", f"BASE={BASE}", "-t", name, "-f", file, str(ROOT))
    assert built.returncode == 0, built.stdout + built.stderr
    yield name
    podman("rmi", "--force", name)


class Container:
    """Runs the image as the page says, with one volume, and with nothing else to write to."""

    def __init__(self, image: str, server: DemoServer, folder: Path) -> None:
        self.name = f"coveo-{uuid4().hex[:8]}"
        self._image = image
        self._volume = folder
        given = {
            **environment(server),
            f"{SETTING}CLOCK_TOLERANCE_MINUTES": str(ANY_TIME_MINUTES),
            f"{SETTING}FROM_DATE": f"{DAYS[0]:%Y-%m-%d}",
        }
        self._env = [f"--env={name}={value}" for name, value in given.items()]

    def command(self, *words: str) -> list[str]:
        return [
            *("podman", "run", "--rm", f"--name={self.name}", f"--volume={self._volume}:/data"),
            *("--read-only", "--read-only-tmpfs=false", "--cap-drop=all"),
            # the demo is on this machine
            *("--security-opt=no-new-privileges", "--network=host", *self._env),
            *(self._image, *words),
        ]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return podman(*self.command(*words)[1:])


@pytest.fixture
def container(image: str, project: Project, server: DemoServer) -> Container:
    # what the container knows comes from its variables
    shutil.rmtree(project.folder / ".dlt")
    # the user of the image, whom nobody else knows
    os.chown(project.folder, 10001, 10001)
    return Container(image, server, project.folder)


def test_three_nights_are_one_run(
    container: Container, project: Project, clock: Clock, one_run: dict[str, Rows]
) -> None:
    for day in DAYS:
        clock.now = settled(day)
        night = container.run()
        assert night.returncode == 0, night.stdout + night.stderr
    assert project.tables() == one_run
    owners = {path.stat().st_uid for path in project.folder.rglob("*")}
    assert owners == {10001}


def test_it_ends_well_when_it_is_stopped(
    container: Container, project: Project, server: DemoServer, one_run: dict[str, Rows]
) -> None:
    words = container.command("run", "--window-days", "0.1")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        wait_for(lambda: len(server.exports) > 1 or run.poll() is not None)
        # it kills whatever has not ended by then
        stopped = podman("stop", "--time", "60", container.name)
        _, err = run.communicate(timeout=90)
    assert stopped.returncode == 0, stopped.stderr
    assert run.returncode == 1
    assert "Stopped by SIGTERM" in err
    again = container.run()
    assert again.returncode == 0, again.stderr
    assert project.tables() == one_run


def wait_for(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.05)
