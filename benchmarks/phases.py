"""Where the time of `run` goes: `python -m benchmarks.phases NAME run …`, as for coveo_source.

Runs the verb in this process with a stopwatch around the package's own steps, and takes dlt's
steps from the trace that dlt keeps of each pipeline run. Writes the seconds of each phase to
phases.json.
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from inspect import isgenerator
from pathlib import Path
from pkgutil import resolve_name, walk_packages
from runpy import run_module
from types import ModuleType
from typing import Any

import dlt

import coveo_source

OWN_STEPS = {
    "coveo_source.exports.download:download": "download",
    "coveo_source.exports.archive:Archive.check": "check the archive",
    "coveo_source.dataset.reconciliation:reconcile": "prove the counts",
    "coveo_source.models.runner:build": "models",
}
"""The phase of each function that is timed, by the place where it is defined.

Unpacking, parsing and writing run in three parallel threads, so they are one phase.
"""


class Stopwatch:
    """Seconds by phase. The time of a nested phase does not count for the outer one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._active: list[str] = []

    def call(self, phase: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Times a call. A generator is timed while it produces its items."""
        result = self._timed(phase, partial(function, *args, **kwargs))
        return self._iterate(phase, result) if isgenerator(result) else result

    def _iterate(self, phase: str, items: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (item := self._timed(phase, partial(next, items, end))) is not end:
            yield item

    def _timed(self, phase: str, function: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        self._active.append(phase)
        try:
            return function()
        finally:
            self._active.pop()
            elapsed = time.perf_counter() - started
            self.seconds[phase] += elapsed
            if self._active:
                self.seconds[self._active[-1]] -= elapsed

    def watch(self, place: str, phase: str) -> None:
        """Times all calls of a function, given as `module:name` or `module:Class.name`."""
        function = resolve_name(place)
        module, _, path = place.partition(":")
        owner, _, name = path.rpartition(".")
        owners = [resolve_name(f"{module}:{owner}")] if owner else modules_with(name, function)

        def timed(*args: Any, **kwargs: Any) -> Any:
            return self.call(phase, function, *args, **kwargs)

        for target in owners:
            setattr(target, name, timed)

    def is_active(self, phase: str) -> bool:
        """Returns True during a phase."""
        return phase in self._active


def modules_with(name: str, function: object) -> list[ModuleType]:
    """Returns the modules of the package that define or import a function under its name."""
    infos = walk_packages(coveo_source.__path__, "coveo_source.")
    modules = [import_module(info.name) for info in infos if not info.name.endswith("__")]
    return [module for module in modules if getattr(module, name, None) is function]


Interval = tuple[datetime, datetime]


def covered(intervals: Iterable[Interval]) -> float:
    """Returns the seconds that at least one of the intervals covers."""
    total = timedelta()
    reached: datetime | None = None
    for start, end in sorted(intervals):
        uncovered = max(start, reached) if reached else start
        total += max(end - uncovered, timedelta())
        reached = max(end, reached) if reached else end
    return total.total_seconds()


def add_trace(seconds: dict[str, float], trace: Any) -> None:
    """Adds the steps in dlt's trace of one pipeline run, which loaded a window."""
    steps = {step.step: step for step in trace.steps}
    for name in ("extract", "normalize"):
        seconds[name] += covered([(steps[name].started_at, steps[name].finished_at)])
    jobs = [
        job
        for metrics in steps["load"].step_info.metrics.values()
        for metric in metrics
        for job in metric["job_metrics"].values()
        if job.finished_at
    ]
    seconds["load and merge"] += covered([(job.started_at, job.finished_at) for job in jobs])


def main() -> None:
    """Runs the verb of the command line and writes the seconds of its phases."""
    watch = Stopwatch()
    for place, phase in OWN_STEPS.items():
        watch.watch(place, phase)
    original_run = dlt.Pipeline.run
    started = float(os.environ["BENCHMARK_STARTED"])

    def run(pipeline: dlt.Pipeline, *args: Any, **kwargs: Any) -> Any:
        watch.seconds.setdefault("start and plan", time.time() - started)
        info = original_run(pipeline, *args, **kwargs)
        if not watch.is_active("models"):
            add_trace(watch.seconds, pipeline.last_trace)
        return info

    setattr(dlt.Pipeline, original_run.__name__, run)
    try:
        run_module("coveo_source", run_name="__main__", alter_sys=True)
    finally:
        seconds = watch.seconds
        own = seconds["download"] + seconds["check the archive"]
        seconds["unpack, parse and write"] = seconds.pop("extract", 0.0) - own
        Path("phases.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
