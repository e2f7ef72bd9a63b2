"""What one more day costs on a short and on a long history: `python -m benchmarks.history`.

Loads a history, builds all models, and measures the runs of the days after it: the load, the
models by what it touched, and the models built as a whole for comparison. The same for a history
ten times as long. What a day costs must follow the day, so the ratio of the two must be low. The
seconds that a load waits for the server to write the export are no cost of its own.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from coveo_source.cli.models import rebuild_models
from coveo_source.cli.run import run
from coveo_source.cli.session import Options
from coveo_source.demo import DemoServer, Traffic

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
MOST = 1.5
"""The ratio that must not be passed."""

STEPS = ("load", "models", "run", "models as a whole")


class Took(NamedTuple):
    """Seconds on the clock, and of all cores."""

    clock: float
    cores: float

    def __add__(self, other: Any) -> "Took":
        return Took(self.clock + other.clock, self.cores + other.cores)


def timed(action: Callable[[], float | None]) -> Took:
    """How long an action takes in this process, without the seconds that it only waited."""
    clock, cores = time.perf_counter(), time.process_time()
    waited = action() or 0.0
    return Took(time.perf_counter() - clock - waited, time.process_time() - cores)


def serve(visits_per_day: int, now: Any, line: Connection) -> None:
    """Serves until the other end of the line is closed.

    now: the server's time, in seconds since 1970, shared with who moves it
    """
    traffic = Traffic(seed=7, visits_per_day=visits_per_day)
    clock = lambda: datetime.fromtimestamp(now.value, timezone.utc)  # noqa: E731
    with DemoServer(traffic, clock=clock, export_seconds=0) as server, suppress(EOFError):
        line.send({"base_url": server.base_url, "api_key": server.api_key, "org": server.org})
        line.recv()


class Account:
    """A demo server with a clock, and the pipeline that loads from it.

    The server is a process of its own, so that what it takes to write an export is no cost of the
    load.
    """

    def __init__(self, visits_per_day: int, folder: Path) -> None:
        self.folder = folder
        processes = get_context("spawn")
        self.now = processes.Value("d", START.timestamp())
        self.line, theirs = processes.Pipe()
        arguments = (visits_per_day, self.now, theirs)
        self.server = processes.Process(target=serve, args=arguments, daemon=True)
        self.server.start()
        theirs.close()
        self.account = self.line.recv()

    def __enter__(self) -> "Account":
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()
        self.server.join()

    def advance(self, days: int) -> None:
        """Lets days pass."""
        self.now.value += timedelta(days=days).total_seconds()

    def options(self, **more: Any) -> Options:
        return Options("coveo", pipelines_dir=str(self.folder / "pipelines"), **more)

    def load(self) -> float:
        """Loads what is due, without models; returns the seconds that it waited for exports."""
        outcome = run(self.options(with_models=False), {**self.account, "from_date": START})
        return sum(fetched.wait_seconds for fetched in outcome.fetched)

    def build(self, full_refresh: bool = False) -> None:
        """Brings all models up to date."""
        rebuild_models(self.options(full_refresh=full_refresh), ())


def one_more_day(days: int, visits_per_day: int, more: int) -> dict[str, Took]:
    """What a day after a history costs, by step: the mean of some days in a row.

    On some days DuckDB folds what former days left of its row groups, on others it does not.
    """
    with TemporaryDirectory() as name:
        work = Path(name)
        os.chdir(work)
        with Account(visits_per_day, work) as account:
            account.advance(days)
            account.load()
            account.build()
            found: list[tuple[Took, ...]] = []
            for _ in range(more):
                account.advance(1)
                load, models = timed(account.load), timed(account.build)
                found.append((load, models, load + models))
            means = [mean(each) for each in zip(*found, strict=True)]
            whole = timed(lambda: account.build(full_refresh=True))
    return dict(zip(STEPS, [*means, whole], strict=True))


def mean(taken: Sequence[Took]) -> Took:
    """The mean on the clock, and of all cores."""
    return Took(*(sum(each) / len(taken) for each in zip(*taken, strict=True)))


def main() -> int:
    """Prints a table; exit code 1 if one more day costs more the longer the history."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--days", type=int, default=30, help="of the short history (default: 30)")
    parser.add_argument("--times", type=int, default=10, help="the long one's (default: 10)")
    parser.add_argument("--visits-per-day", type=int, default=400, metavar="N")
    parser.add_argument(
        "--more", type=int, default=5, metavar="N", help="days whose mean counts (default: 5)"
    )
    options = parser.parse_args()
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    here = Path.cwd()
    lengths = [options.days, options.days * options.times]
    short, long = (one_more_day(days, options.visits_per_day, options.more) for days in lengths)
    os.chdir(here)
    print(f"One more day of {options.visits_per_day} visits, seconds on the clock (of all cores)\n")
    print(f"| step | after {lengths[0]} days | after {lengths[1]} days | ratio |")
    print("|---|---:|---:|---:|")
    for step in STEPS:
        cells = [f"{took.clock:.2f} ({took.cores:.2f})" for took in (short[step], long[step])]
        ratio = Took(long[step].clock / short[step].clock, long[step].cores / short[step].cores)
        print(f"| {step} | {cells[0]} | {cells[1]} | {ratio.clock:.2f} ({ratio.cores:.2f}) |")
    # of all cores, since other work on the machine counts less there than on the clock
    worst = long["run"].cores / short["run"].cores
    return 1 if worst > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
