"""Where the time of `run` goes: `python -m benchmarks.phases NAME run …` (as coveo_source).

Runs the verb in this process with a stopwatch around the steps that are the package's own, and
takes the rest from the traces that dlt keeps of each pipeline run. Writes phases.json, the
seconds of each phase.
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
    "coveo_source.exports.archive:download": "download",
    "coveo_source.exports.archive:Archive.check": "check the archive",
    "coveo_source.load.reconciliation:reconcile": "prove the counts",
    "coveo_source.models.runner:build": "models",
}
"""Functions of the package, where they are defined, and the phase that each makes up. Unpacking,
parsing and writing are one phase: three threads do them side by side."""


class Stopwatch:
    """Seconds by phase. A phase that begins inside of another is not part of the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside: list[str] = []

    def call(self, phase: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Calls a function; what a generator does is timed as it is drawn from."""
        result = self._timed(phase, partial(function, *args, **kwargs))
        return self._drawn(phase, result) if isgenerator(result) else result

    def _drawn(self, phase: str, items: Iterator[Any]) -> Iterator[Any]:
        nothing = object()
        while (item := self._timed(phase, partial(next, items, nothing))) is not nothing:
            yield item

    def _timed(self, phase: str, function: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        self._inside.append(phase)
        try:
            return function()
        finally:
            self._inside.pop()
            passed = time.perf_counter() - started
            self.seconds[phase] += passed
            if self._inside:
                self.seconds[self._inside[-1]] -= passed

    def watch(self, place: str, phase: str) -> None:
        """Puts the stopwatch around a function, given as `module:name` or `module:Class.name`."""
        function = resolve_name(place)
        module, _, path = place.partition(":")
        owner, _, name = path.rpartition(".")
        owners = [resolve_name(f"{module}:{owner}")] if owner else modules_with(name, function)

        def timed(*args: Any, **kwargs: Any) -> Any:
            return self.call(phase, function, *args, **kwargs)

        for each in owners:
            setattr(each, name, timed)

    def inside(self, phase: str) -> bool:
        """Whether a phase is under way."""
        return phase in self._inside


def modules_with(name: str, function: object) -> list[ModuleType]:
    """The modules of the package that know a function by its name, its own and its callers'."""
    names = [found.name for found in walk_packages(coveo_source.__path__, "coveo_source.")]
    modules = [import_module(each) for each in names if not each.endswith("__")]
    return [module for module in modules if getattr(module, name, None) is function]


Interval = tuple[datetime, datetime]


def covered(intervals: Iterable[Interval]) -> float:
    """The seconds in which at least one of some jobs ran."""
    total = timedelta()
    reached: datetime | None = None
    for start, end in sorted(intervals):
        begin = max(start, reached) if reached else start
        total += max(end - begin, timedelta())
        reached = max(end, reached) if reached else end
    return total.total_seconds()


def add_trace(seconds: dict[str, float], trace: Any) -> None:
    """Adds what dlt's trace says of one pipeline run that loaded a window."""
    steps = {step.step: step for step in trace.steps}
    took = {name: covered([(step.started_at, step.finished_at)]) for name, step in steps.items()}
    seconds["extract"] += took["extract"]
    seconds["normalize"] += took["normalize"]
    jobs = [
        job
        for metrics in steps["load"].step_info.metrics.values()
        for metric in metrics
        for job in metric["job_metrics"].values()
        if job.finished_at
    ]
    seconds["load and merge"] += covered([(job.started_at, job.finished_at) for job in jobs])


def main() -> None:
    """Runs the verb, and writes how long its phases took."""
    watch = Stopwatch()
    for place, phase in OWN_STEPS.items():
        watch.watch(place, phase)
    plain_run = dlt.Pipeline.run
    started = float(os.environ["BENCHMARK_STARTED"])

    def run(pipeline: dlt.Pipeline, *args: Any, **kwargs: Any) -> Any:
        watch.seconds.setdefault("start and plan", time.time() - started)
        info = plain_run(pipeline, *args, **kwargs)
        if not watch.inside("models"):
            add_trace(watch.seconds, pipeline.last_trace)
        return info

    setattr(dlt.Pipeline, plain_run.__name__, run)
    try:
        run_module("coveo_source", run_name="__main__", alter_sys=True)
    finally:
        seconds = watch.seconds
        own = seconds["download"] + seconds["check the archive"]
        seconds["unpack, parse and write"] = seconds.pop("extract", 0.0) - own
        Path("phases.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
