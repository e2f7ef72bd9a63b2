"""A folder, a demo server and a clock: real runs are killed in it with a real SIGKILL.

A black box: all that is known of a run is which requests it sends, what it prints, and which files
appear in its working folder.
"""

import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from coveo_source.demo import DemoServer
from coveo_source.demo.exports import Export
from coveo_source.demo.wire import Request, Response
from tests.promises.crash.child import POLL_SECONDS, Child
from tests.promises.crash.points import Kill
from tests.promises.crash.scenarios import Command, FlawedTraffic, Scenario
from tests.support.cli_user import DATASET, PIPELINE, environment
from tests.support.clock import ANY_TIME_MINUTES, NOW, Clock


@dataclass
class RunResult:
    """A run that is over.

    killed: True if it was killed before it ended by itself
    pending: True if a package was waiting to be loaded when it began
    seconds: how long it took
    """

    code: int
    output: str
    killed: bool
    pending: bool
    seconds: float


class Sandbox:
    """Carries out a scenario.

    runs: the runs so far
    created: the exports that were created: what was asked for, by id
    filters: their event filters, by id
    duplicates: exports that were created although a usable one existed
    missed: kills whose point was never reached
    slow_exports: True if an export takes some time to be built, so that runs have to wait
    """

    def __init__(self, folder: Path, scenario: Scenario, slow_exports: bool = False) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.scenario = scenario
        self.clock = Clock(NOW)
        self.server = DemoServer(
            FlawedTraffic(), clock=self.clock, export_seconds=0.05 if slow_exports else 0.0
        )
        self.server.intercept = self._intercept
        self.runs: list[RunResult] = []
        self.created: dict[str, str] = {}
        self.filters: dict[str, Any] = {}
        self.duplicates: list[str] = []
        self.missed: list[Kill] = []
        self._slow_exports = slow_exports
        self._child: Child | None = None
        self._creating = Lock()

    def __enter__(self) -> "Sandbox":
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()

    @property
    def working_dir(self) -> Path:
        """Where dlt keeps the pipeline's packages."""
        return self.folder / "dlt" / "pipelines" / PIPELINE

    @property
    def database(self) -> Path:
        return self.folder / f"{PIPELINE}.duckdb"

    @property
    def is_pending(self) -> bool:
        """True if a package is waiting to be loaded.

        A package older than the dataset is not: what it held is exported again.
        """
        packages = ("normalize/extracted/*/new_jobs", "load/normalized/*/new_jobs")
        pending = any(any(self.working_dir.glob(pattern)) for pattern in packages)
        return pending and self._has_dataset

    @property
    def _has_dataset(self) -> bool:
        if not self.database.exists():
            return False
        with duckdb.connect(str(self.database), read_only=True) as database:
            tables = database.execute(
                "select 1 from information_schema.tables"
                f" where table_schema = '{DATASET}' and table_name = '_coveo_dataset'"
            )
            return tables.fetchone() is not None

    def run(self, command: Command, words: Sequence[str], kill: Kill | None = None) -> RunResult:
        """Carries out a command with these words, until it ends or is killed."""
        started = time.monotonic()
        pending = self.is_pending
        env = {
            **os.environ,
            **environment(self.server),
            **dict(self.scenario.settings),
            "SOURCES__COVEO_SOURCE__FILTERS": command.filters,
            "SOURCES__COVEO_SOURCE__CLOCK_TOLERANCE_MINUTES": str(ANY_TIME_MINUTES),
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        self._child = Child((command.verb, *words), self.folder, env, self.working_dir, kill)
        code, output = self._child.wait()
        killed = code == -signal.SIGKILL
        self.runs.append(RunResult(code, output, killed, pending, time.monotonic() - started))
        self._child = None
        return self.runs[-1]

    def play(self, kills: Sequence[Kill] = (), hours_between: float = 0.0) -> None:
        """Runs all commands: the last is killed once for each kill, and then runs to its end."""
        *others, last = self.scenario.commands
        for command in others:
            self.clock.advance(hours=command.hours)
            self.run(command, command.words)
        self.clock.advance(hours=last.hours)
        for number, kill in enumerate(kills):
            if not self.run(last, self.scenario.last_words(number), kill).killed:
                self.missed.append(kill)
            self.clock.advance(hours=hours_between)
        self.run(last, self.scenario.last_words(len(kills)))

    def _intercept(self, request: Request) -> Response:
        child = self._child
        point = child.point_of(request) if child else None
        if child is None or point is None:
            return self._respond(request)
        if point.moment == "before":
            child.kill()
            raise ConnectionAbortedError
        response = self._respond(request)
        if point.moment == "after":
            child.kill()
            raise ConnectionAbortedError
        return child.response_that_kills(response, half=point.moment == "half")

    def _respond(self, request: Request) -> Response:
        if request.method != "POST":
            return self.server.answer(request)
        with self._creating:
            parameters = " ".join(str(request.query.get(name)) for name in ("from", "to", "tables"))
            if any(self.created[export.id] == parameters for export in self._usable_exports()):
                self.duplicates.append(parameters)
            response = self.server.answer(request)
            return self._record(parameters, response) if response.status == 201 else response

    def _usable_exports(self) -> list[Export]:
        return [
            export for export in self.server.exports if export.status in ("PENDING", "AVAILABLE")
        ]

    def _record(self, parameters: str, response: Response) -> Response:
        """Records a new export, and lets the run see it built unless exports are slow."""
        assert isinstance(response.body, bytes)
        content = json.loads(response.body)
        self.created[content["id"]] = parameters
        [export] = [export for export in self.server.exports if export.id == content["id"]]
        self.filters[export.id] = export.order.keep
        while not self._slow_exports and export.status == "PENDING":
            time.sleep(POLL_SECONDS)
        return Response.json({**content, "status": export.status}, 201)
