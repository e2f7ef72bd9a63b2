"""Kills real runs with a real SIGKILL and runs them again, until one comes to its end.

Black box: what is known of a run is what it asks the demo server, what it prints, and which files
appear in its working folder.
"""

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.exports import Export
from coveo_source.demo.traffic import Row
from coveo_source.demo.wire import Request, Response
from coveo_source.tables import TABLES
from tests.promises.crash.child import POLL_SECONDS, Child
from tests.promises.crash.points import Kill
from tests.support.cli_user import DATASET, PIPELINE, environment
from tests.support.clock import NOW, Clock

PENDING = "Loading first what an earlier run had read"


@dataclass(frozen=True)
class FlawedTraffic(Traffic):
    """Traffic of which some events come late, and some cells do not fit their type."""

    seed: int = 3
    visits_per_day: int = 25
    late_share: float = 0.1

    def rows(self, table: str, *args: Any, **options: Any) -> Iterator[Row]:
        columns = list(options["columns"])
        key = columns.index(TABLES[table].key[0])
        flawed = {"searches": "responseTimeMs", "clicks": "clickRank"}.get(table)
        for row in super().rows(table, *args, **options):
            if flawed and str(row[key])[-1] == "0":
                cells = list(row)
                cells[columns.index(flawed)] = f"none for {row[key]}"
                yield tuple(cells)
            else:
                yield row


@dataclass(frozen=True)
class Command:
    """One `dlt pipeline coveo run …`.

    hours: by how much the clock goes on before it
    """

    words: tuple[str, ...] = ()
    hours: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """Commands, of which the last is the one that is killed.

    again: the words with which it is run again after a kill; None for its own
    """

    name: str
    commands: tuple[Command, ...]
    again: tuple[str, ...] | None = None
    settings: tuple[tuple[str, str], ...] = ()

    def later(self, hours: float) -> "Scenario":
        """The same with the last command some hours later."""
        *others, last = self.commands
        return replace(self, commands=(*others, replace(last, hours=last.hours + hours)))

    def words_after(self, kills: int) -> tuple[str, ...]:
        """The words of the last command after that many kills."""
        return self.commands[-1].words if not kills or self.again is None else self.again


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("first run", (Command(("--from", "2026-03-09")),)),
        Scenario("several windows", (Command(("--from", "2026-03-04", "--window-days", "3")),)),
        Scenario("second run", (Command(("--from", "2026-03-07")), Command(hours=30))),
        Scenario(
            "tables added",
            (
                Command(("--from", "2026-03-07", "--tables", "searches", "clicks", "--no-models")),
                Command(hours=30),
            ),
        ),
        Scenario(
            "without look-back",
            (Command(("--from", "2026-03-09")), Command(hours=6)),
            settings=(("SOURCES__COVEO_SOURCE__LOOKBACK_DAYS", "0"),),
        ),
        Scenario(
            "full refresh",
            (
                Command(("--from", "2026-03-06", "--no-models")),
                Command(("--full-refresh", "--window-days", "3"), hours=30),
            ),
        ),
        Scenario(
            "full refresh, then on without",
            (
                Command(("--from", "2026-03-06", "--no-models")),
                Command(("--full-refresh", "--window-days", "3"), hours=30),
            ),
            again=("--window-days", "3"),
        ),
    )
}


@dataclass
class Ended:
    """A run that is over.

    killed: whether it was killed before it ended by itself
    pending: whether there was a package to be loaded when it began
    """

    code: int
    output: str
    killed: bool
    pending: bool
    seconds: float


class Workshop:
    """A folder, a demo server and a clock, where runs happen.

    doubles: exports that were created although a usable one was there
    created: ids of all exports that were created, with what was asked for
    missed: kills whose point was never reached
    patient: whether an export takes its time to be built, so that it has to be waited for
    """

    def __init__(self, folder: Path, scenario: Scenario, patient: bool = False) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.scenario = scenario
        self.clock = Clock(NOW)
        self.server = DemoServer(
            FlawedTraffic(), clock=self.clock, export_seconds=0.05 if patient else 0.0
        )
        self.server.intercept = self._intercept
        self.runs: list[Ended] = []
        self.created: dict[str, str] = {}
        self.doubles: list[str] = []
        self.missed: list[Kill] = []
        self._patient = patient
        self._child: Child | None = None
        self._creating = Lock()

    def __enter__(self) -> "Workshop":
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
        """Whether a package waits to be loaded.

        One that is older than the dataset does not: dlt forgets all when it sees no dataset, and
        what the package held is read again.
        """
        packages = ("normalize/extracted/*/new_jobs", "load/normalized/*/new_jobs")
        pending = any(any(self.working_dir.glob(pattern)) for pattern in packages)
        return pending and self._has_dataset

    @property
    def _has_dataset(self) -> bool:
        if not self.database.exists():
            return False
        with duckdb.connect(str(self.database), read_only=True) as database:
            found = database.execute(
                "select 1 from information_schema.tables"
                f" where table_schema = '{DATASET}' and table_name = '_dlt_version'"
            )
            return found.fetchone() is not None

    def run(self, words: Sequence[str], kill: Kill | None = None) -> Ended:
        """One run, until it is killed or ends."""
        started = time.monotonic()
        pending = self.is_pending
        env = {
            **os.environ,
            **environment(self.server),
            **dict(self.scenario.settings),
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        self._child = Child(words, self.folder, env, self.working_dir, kill)
        code, output = self._child.wait()
        killed = code == -signal.SIGKILL
        self.runs.append(Ended(code, output, killed, pending, time.monotonic() - started))
        self._child = None
        return self.runs[-1]

    def play(self, kills: Sequence[Kill] = (), hours_between: float = 0.0) -> None:
        """All commands; the last is killed again and again, and then not."""
        for command in self.scenario.commands:
            self.clock.advance(hours=command.hours)
            if command is not self.scenario.commands[-1]:
                self.run(command.words)
        for number, kill in enumerate(kills):
            if not self.run(self.scenario.words_after(number), kill).killed:
                self.missed.append(kill)
            self.clock.advance(hours=hours_between)
        self.run(self.scenario.words_after(len(kills)))

    def _intercept(self, request: Request) -> Response:
        child = self._child
        point = child.point_of(request) if child else None
        if child is None or point is None:
            return self._answer(request)
        if point.moment == "before":
            child.kill()
            raise ConnectionAbortedError
        response = self._answer(request)
        if point.moment == "after":
            child.kill()
            raise ConnectionAbortedError
        return child.killed_in(response, half=point.moment == "half")

    def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return self.server.answer(request)
        with self._creating:
            asked = " ".join(str(request.query.get(name)) for name in ("from", "to", "tables"))
            if any(self.created[export.id] == asked for export in self._usable()):
                self.doubles.append(asked)
            response = self.server.answer(request)
            return self._created(asked, response) if response.status == 201 else response

    def _usable(self) -> list[Export]:
        return [one for one in self.server.exports if one.status in ("PENDING", "AVAILABLE")]

    def _created(self, asked: str, response: Response) -> Response:
        assert isinstance(response.body, bytes)
        content = json.loads(response.body)
        self.created[content["id"]] = asked
        [export] = [one for one in self.server.exports if one.id == content["id"]]
        while not self._patient and export.status == "PENDING":
            time.sleep(POLL_SECONDS)
        return Response.json({**content, "status": export.status}, 201)
