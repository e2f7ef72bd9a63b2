"""Spark's cluster is one: processes of its own share the work."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warehouses.engines import SPARK_CLUSTER
from tests.warehouses.main_job import load_for_the_first_time
from tests.warehouses.test_main_job import job_in

pytestmark = [pytest.mark.slow, pytest.mark.warehouses]


def executors(folder: Path) -> list[str]:
    """Returns the numbers of the executors that run with files of a folder, each as a process."""
    processes = subprocess.check_output(("ps", "-ww", "-eo", "args"), text=True).splitlines()
    ours = "\n".join(line for line in processes if str(folder) in line)
    return sorted(re.findall(r"CoarseGrainedExecutorBackend .*--executor-id (\d+)", ours))


def workers_of_tasks(folder: Path) -> Iterator[str]:
    """Yields the executor of each task that succeeded."""
    [log] = (folder / "events").iterdir()
    for line in log.open():
        event = json.loads(line)
        if event["Event"] == "SparkListenerTaskEnd" and not event["Task Info"]["Failed"]:
            yield event["Task Info"]["Executor ID"]


def test_two_processes_share_the_first_load(tmp_path: Path) -> None:
    with job_in(SPARK_CLUSTER, tmp_path) as (user, server, clock):
        load_for_the_first_time(user, server, clock)
        assert executors(tmp_path) == ["0", "1"]
    tasks = Counter(workers_of_tasks(tmp_path / "database"))
    assert sorted(tasks) == ["0", "1"]
    assert min(tasks.values()) > max(tasks.values()) / 4
