"""A file with metrics of the last run, for the textfile collector of Prometheus's node_exporter.

A run that fails keeps what the last one that succeeded wrote, so that alarms can look at its age.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from dlt.common import logger

from ..exceptions import SettingError
from ..tables import TABLES
from .summary import Outcome

_PREFIX = "coveo_source_"
_MEANINGS = {
    "last_run_timestamp_seconds": "When the last run ended, whether it succeeded or not.",
    "last_run_exit_code": "How it ended: 0 done, 1 failed, 2 wrong use.",
    "last_success_timestamp_seconds": "When the last run that succeeded ended.",
    "last_success_duration_seconds": "How long that run took.",
    "last_success_rows": "Rows of that run, by table and by what became of them.",
    "loaded_until_timestamp_seconds": "The end of the newest window that is loaded and reconciled.",
}
"""The metrics, without the prefix of their names."""
_UNTIL = "loaded_until_timestamp_seconds"
_KINDS = ("loaded", "late", "changed", "gone")

_Sample = tuple[str, tuple[tuple[str, str], ...]]
"""A metric without its prefix, and its labels."""


class MetricsFile:
    """The metrics of a pipeline in a file.

    path: its name has to end in .prom for node_exporter; None to write nothing
    """

    def __init__(self, path: Path | None, pipeline: str) -> None:
        self._path = path
        self._pipeline = pipeline

    def check(self) -> None:
        """Raises a SettingError if the file could not be written; told before anything is done."""
        if self._path is None:
            return
        if not find_spec("prometheus_client"):
            needed = "It needs another package: pip install 'coveo-source[metrics]'"
            raise SettingError("metrics", str(self._path), needed)
        if not self._path.absolute().parent.is_dir():
            raise SettingError("metrics", str(self._path), "There is no such folder.")

    def done(self, outcome: Outcome) -> None:
        """Writes what a run has done."""
        if self._path is None:
            return
        found = dict(self._of_outcome(outcome))
        for sample, value in self._before().items():
            if sample[0] == _UNTIL:
                # a backfill loads what is older than what is there
                found[sample] = max(value, found.get(sample, value))
        self._write({**found, **self._end(0)})

    def failed(self, _error: BaseException, code: int) -> None:
        """Writes that a run failed; what the last one that succeeded has written stays.

        code: the exit code
        """
        # a wrong path is an error that ends here too
        if self._path and find_spec("prometheus_client"):
            self._write({**self._before(), **self._end(code)})

    def _end(self, code: int) -> dict[_Sample, float]:
        ends = {"last_run_timestamp_seconds": time.time(), "last_run_exit_code": code}
        return {self._sample(name): value for name, value in ends.items()}

    def _of_outcome(self, outcome: Outcome) -> Iterator[tuple[_Sample, float]]:
        yield self._sample("last_success_timestamp_seconds"), time.time()
        yield self._sample("last_success_duration_seconds"), outcome.seconds
        for table in TABLES:
            ends = [each.step.window.end for each in outcome.fetched if table in each.counts]
            if ends:
                yield self._sample(_UNTIL, table=table), max(ends).timestamp()
            for kind in _KINDS:
                counts = [getattr(each.found, kind) for each in outcome.fetched]
                known = [rows[table] for rows in counts if table in rows]
                if known or not outcome.fetched:
                    yield self._sample("last_success_rows", table=table, kind=kind), sum(known)

    def _sample(self, name: str, **labels: str) -> _Sample:
        return name, tuple(sorted({"pipeline": self._pipeline, **labels}.items()))

    def _before(self) -> dict[_Sample, float]:
        """Returns what the file holds of this pipeline; nothing if it cannot be read."""
        from prometheus_client.parser import text_string_to_metric_families

        found: dict[_Sample, float] = {}
        with suppress(OSError, ValueError):
            text = (self._path or Path()).read_text(encoding="utf-8")
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    name = sample.name.removeprefix(_PREFIX)
                    if name in _MEANINGS and sample.labels.get("pipeline") == self._pipeline:
                        found[name, tuple(sorted(sample.labels.items()))] = sample.value
        return found

    def _write(self, samples: dict[_Sample, float]) -> None:
        """Replaces the file as a whole; what stands in the way is logged, and no more."""
        from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

        registry = CollectorRegistry()
        gauges: dict[str, Gauge] = {}
        for (name, labels), value in samples.items():
            if name not in gauges:
                names = [label for label, _ in labels]
                gauges[name] = Gauge(_PREFIX + name, _MEANINGS[name], names, registry=registry)
            gauges[name].labels(**dict(labels)).set(value)
        try:
            write_to_textfile(str(self._path), registry)
        except OSError as error:
            logger.warning(f"The metrics could not be written: {error}")
