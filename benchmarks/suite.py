"""The parts of the benchmark, each of which runs in a folder and a process of its own."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from .exports import END, START, Export, folder_of
from .measure import Measured, PartFailed, measured, start
from .parts import EVENT_TYPES, ROWS_SHARE

PHASES = (
    "start and plan",
    "download",
    "check the archive",
    "unpack, parse and write",
    "normalize",
    "load and merge",
    "prove the counts",
    "models",
    "the rest",
)
"""The phases of a run, in order; phases.py says how they are measured."""


NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Result:
    """The measurement of one part: the fastest of its runs, with the highest peak of all runs.

    cpu_seconds: None if the process did other work too
    base: name of the result with which its seconds are compared, since it does the same work
    rows: number of rows by table that the part loaded
    expected: number of rows by table that it should have loaded
    """

    name: str
    title: str
    seconds: float
    cpu_seconds: float | None
    peak_mb: float
    base: str
    rows: dict[str, int] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """True if all expected rows are there."""
        return all(self.rows.get(table) == count for table, count in self.expected.items())


def cached_export(megabytes: float, dialect: str, shape: str, cache: Path) -> Export:
    """Returns the export of a size, generating it on first use."""
    folder = folder_of(cache, megabytes, dialect, shape)
    if not (folder / "export.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        measured(
            ["-m", "benchmarks.exports", f"{megabytes:g}", dialect, shape, str(folder)], folder
        )
    return Export.load(folder)


class Suite:
    """All parts on one export.

    work: where the temporary folders of the parts are created
    repeat: number of runs of each part
    """

    def __init__(self, export: Export, work: Path, repeat: int = 1) -> None:
        self.export = export
        self.work = work
        self.repeat = repeat

    def documented(self) -> Iterator[Result]:
        """Measures the script of Coveo's article."""
        runs = [self._part("documented") for _ in range(self.repeat)]
        yield self._result(
            "documented",
            "Coveo's documented script (pandas)",
            runs,
            base="duckdb",
            expected={"all_events": self.events},
        )

    def duckdb(self) -> Iterator[Result]:
        """Measures DuckDB alone: the load, and the load with the union."""
        runs = [self._part("duckdb") for _ in range(self.repeat)]
        all_rows = {**self.export.rows, "all_events": self.events}
        loads = [
            (
                run._replace(
                    seconds=run.seconds - report["seconds"]["union"],
                    peak_mb=report["peak_mb"]["load"],
                ),
                report,
            )
            for run, report in runs
        ]
        title = "DuckDB alone, load"
        yield self._result("duckdb-load", title, loads, "duckdb-load", self.export.rows, cpu=False)
        title = "DuckDB alone, load and ordered union"
        yield self._result("duckdb", title, runs, base="duckdb", expected=all_rows)

    def run_no_models(self) -> Iterator[Result]:
        """Measures the package without the models."""
        runs = [self._run("--no-models") for _ in range(self.repeat)]
        title = "coveo_source, run --no-models"
        yield self._result("run-no-models", title, runs, "duckdb-load", self.run_rows)

    def run(self) -> Iterator[Result]:
        """Measures the package with the models."""
        runs = [self._run() for _ in range(self.repeat)]
        expected = {**self.run_rows, "all_events": self.events}
        yield self._result("run", "coveo_source, run", runs, "duckdb", expected)

    def run_within(self, budget: str) -> Iterator[Result]:
        """Measures the package with the models, in a budget of memory such as "512MB"."""
        setting = {"SOURCES__COVEO_SOURCE__MEMORY_LIMIT": budget}
        runs = [self._run(env=setting) for _ in range(self.repeat)]
        expected = {**self.run_rows, "all_events": self.events}
        yield self._result(budget, f"coveo_source, run, {budget}", runs, "duckdb", expected)

    def run_seven(self) -> Iterator[Result]:
        """Measures the package with seven of its models, which it builds in the same process."""
        runs = [self._run("--no-models", module="benchmarks.seven") for _ in range(self.repeat)]
        expected = {**self.run_rows, "all_events": self.events}
        title = "coveo_source, run with seven models"
        yield self._result("run-seven", title, runs, "duckdb", expected)

    def rows(self) -> Iterator[Result]:
        """Measures dlt with Python dicts, scaled up from a share of the rows.

        The start of the process does not count.
        """
        scaled = []
        for _ in range(self.repeat):
            run, report = self._part("rows")
            seconds = report["seconds"]["slice"] / ROWS_SHARE
            scaled.append((run._replace(seconds=seconds), report))
        title = f"dlt with Python dicts, scaled from {ROWS_SHARE:.0%}"
        sliced = {table: int(rows * ROWS_SHARE) for table, rows in self.export.rows.items()}
        yield self._result("rows", title, scaled, "duckdb-load", sliced, cpu=False)

    def phases(self, profile: Path | None = None) -> dict[str, float]:
        """Returns the seconds of each phase of one more run; see phases.py.

        profile: file for cProfile's statistics; None for no profile
        """
        module = ["-m", "benchmarks.phases"]
        if profile:
            module = ["-m", "cProfile", "-o", str(profile.absolute()), *module]
        with self._folder() as folder:
            env = {"BENCHMARK_STARTED": repr(time.time())}
            run = self._verb(module, folder, [], env)
            seconds = json.loads((folder / "phases.json").read_text())
        seconds["the rest"] = run.seconds - sum(seconds.values())
        return {phase: seconds.get(phase, 0.0) for phase in PHASES}

    @property
    def is_escaped(self) -> bool:
        """True if the files have the documented escape, which ordinary CSV readers cannot read."""
        return self.export.dialect == "excel_backslash"

    @property
    def events(self) -> int:
        """Number of rows in the timeline."""
        return sum(self.export.rows[table] for table in EVENT_TYPES)

    @property
    def run_rows(self) -> dict[str, int]:
        """Number of rows by table that a run should load, with none rejected."""
        return {**self.export.rows, "exports": 1, "rejected_rows": 0}

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        with TemporaryDirectory(dir=self.work) as folder:
            yield Path(folder)

    def _part(self, name: str) -> tuple[Measured, dict[str, Any]]:
        with self._folder() as folder:
            run = measured(self._part_arguments(name, self.export.path), folder, dlt_env(folder))
            return run, json.loads(run.output)

    def _part_arguments(self, name: str, path: Path) -> list[str]:
        return ["-m", "benchmarks.parts", name, str(path), self.export.dialect]

    def _run(
        self, *options: str, module: str = "coveo_source", env: Mapping[str, str] = NOTHING
    ) -> tuple[Measured, dict[str, Any]]:
        with self._folder() as folder:
            run = self._verb(["-m", module], folder, options, env)
            arguments = self._part_arguments("counts", folder / "benchmark.duckdb")
            return run, json.loads(measured(arguments, folder).output)

    def _verb(
        self, module: list[str], folder: Path, options: Any, env: Mapping[str, str] = NOTHING
    ) -> Measured:
        """Runs the verb `run` in a folder, against a server in a process of its own."""
        span = ["--from", f"{START:%Y-%m-%d}", "--to", f"{END:%Y-%m-%d}"]
        arguments = [*module, *_pipeline(folder), "run", *span, *options]
        with served(self.export, folder) as settings:
            return measured(arguments, folder, {**dlt_env(folder), **settings, **env})

    def _result(
        self,
        name: str,
        title: str,
        runs: list[tuple[Measured, dict[str, Any]]],
        base: str,
        expected: dict[str, int],
        cpu: bool = True,
    ) -> Result:
        best, report = min(runs, key=lambda run: run[0].seconds)
        peak = max(run.peak_mb for run, _ in runs)
        cpu_seconds = best.cpu_seconds if cpu else None
        rows = report["rows"]
        return Result(name, title, best.seconds, cpu_seconds, peak, base, rows, expected)


def _pipeline(folder: Path) -> list[str]:
    return ["--pipelines-dir", str(folder / "pipelines"), "benchmark"]


@contextmanager
def served(export: Export, folder: Path) -> Iterator[dict[str, str]]:
    """Serves the export in a process of its own. Yields the settings for the package."""
    with service([str(export.path.parent)], folder) as settings:
        if export.dialect == "no_newline":
            settings["SOURCES__COVEO_SOURCE__EXPORT_FORMAT"] = "NO_NEWLINE"
        yield settings


@contextmanager
def service(arguments: Sequence[str], folder: Path) -> Iterator[dict[str, str]]:
    """Runs `python -m benchmarks.service ARGUMENTS`. Yields the settings for the package."""
    process = start(
        ["-m", "benchmarks.service", *arguments],
        folder,
        {},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise PartFailed("The server of the export did not start.")
        yield {f"SOURCES__COVEO_SOURCE__{k.upper()}": v for k, v in json.loads(line).items()}


def dlt_env(folder: Path) -> dict[str, str]:
    """Returns variables that keep dlt inside a folder, quiet, and true to a server's clock."""
    return {
        "SOURCES__COVEO_SOURCE__CLOCK_TOLERANCE_MINUTES": "10000000",
        "DLT_DATA_DIR": str(folder / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
    }


def missing(name: str) -> str | None:
    """Returns why a part cannot run here, None if it can."""
    if name == "documented" and find_spec("pandas") is None:
        return "pandas is not installed (pip install -r benchmarks/requirements.txt)"
    return None


PARTS: dict[str, Callable[[Suite], Iterator[Result]]] = {
    "documented": Suite.documented,
    "duckdb": Suite.duckdb,
    "run-no-models": Suite.run_no_models,
    "run-seven": Suite.run_seven,
    "run": Suite.run,
    "rows": Suite.rows,
}
"""The parts by their names in `--only`."""
