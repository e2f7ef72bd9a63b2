"""The cost of one more day after a short and a long history: `python -m benchmarks.history`.

Loads a history, builds all models, and then measures some more days: the load, the incremental
update of the models and, for comparison, a full rebuild of the models. Then repeats this with a
history ten times as long. The cost of a day must depend on that day, not on the history, so the
ratio of the two must be low. The time in which a load waits for the server to write an export
does not count.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from coveo_source.cli.models import build_models
from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer, Traffic

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
MAX_RATIO = 1.4
"""The highest acceptable ratio of the run's CPU time after the long and the short history."""

MAX_LOAD_RATIO = 1.2
"""The same for the load alone."""

STEPS = ("load", "models", "run", "models, full rebuild")


class Took(NamedTuple):
    """Elapsed seconds, and CPU seconds of all cores."""

    elapsed: float
    cpu: float

    def __add__(self, other: Any) -> "Took":
        return Took(self.elapsed + other.elapsed, self.cpu + other.cpu)

    def __str__(self) -> str:
        return f"{self.elapsed:.2f} ({self.cpu:.2f})"


def timed(action: Callable[[], float | None]) -> Took:
    """Measures an action in this process.

    action: returns the seconds in which it only waited, which do not count
    """
    started, cpu_started = time.perf_counter(), time.process_time()
    waited = action() or 0.0
    return Took(time.perf_counter() - started - waited, time.process_time() - cpu_started)


def serve(visits_per_day: int, now: Any, connection: Connection) -> None:
    """Serves until the other end of the connection is closed.

    now: the server's time in seconds since 1970, shared with the process that advances it
    """
    traffic = Traffic(seed=7, visits_per_day=visits_per_day)
    clock = lambda: datetime.fromtimestamp(now.value, timezone.utc)  # noqa: E731
    with DemoServer(traffic, clock=clock, export_seconds=0) as server, suppress(EOFError):
        connection.send({"base_url": server.base_url, "api_key": server.api_key, "org": server.org})
        connection.recv()


class Account:
    """A demo server with a clock, and the pipeline that loads from it.

    The server runs in a process of its own, so that its CPU time does not count as the load's.

    folder: in which the pipeline has its database and its working folder
    """

    def __init__(self, visits_per_day: int, folder: Path) -> None:
        self.folder = folder
        processes = get_context("spawn")
        self.now = processes.Value("d", START.timestamp())
        self.connection, other_end = processes.Pipe()
        arguments = (visits_per_day, self.now, other_end)
        self.server = processes.Process(target=serve, args=arguments, daemon=True)
        self.server.start()
        other_end.close()
        self.account = self.connection.recv()

    def __enter__(self) -> "Account":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.server.join()

    def advance(self, days: int) -> None:
        """Advances the server's clock."""
        self.now.value += timedelta(days=days).total_seconds()

    def options(self, **more: Any) -> Options:
        return Options("coveo", pipelines_dir=str(self.folder / "pipelines"), **more)

    def load(self) -> float:
        """Loads what is due, without models. Returns the seconds spent waiting for exports."""
        os.chdir(self.folder)
        settings = {**self.account, "from_date": START, "clock_tolerance_minutes": 10_000_000}
        outcome = run(self.options(with_models=False), settings)
        return sum(fetched.wait_seconds for fetched in outcome.fetched)

    def build(self, full_refresh: bool = False) -> None:
        """Updates or rebuilds all models."""
        os.chdir(self.folder)
        build_models(self.options(full_refresh=full_refresh), ())

    def one_more_day(self) -> tuple[Took, ...]:
        """Measures the load and the update of the models on the next day, and both together."""
        self.advance(1)
        load, models = timed(self.load), timed(self.build)
        return load, models, load + models


def load_history(account: Account, days: int, kept: Path | None) -> None:
    """Loads a history and builds all models, or copies what an earlier benchmark has kept of it.

    A pipeline goes on in the folder of its first run, so a copy is always made for the same one.

    kept: folder for the copy; None to keep nothing
    """
    account.advance(days)
    if kept and kept.is_dir():
        shutil.rmtree(account.folder)
        shutil.copytree(kept, account.folder)
    else:
        account.load()
        account.build()
        if kept:
            unfinished = kept.with_suffix(".unfinished")
            shutil.copytree(account.folder, unfinished)
            unfinished.rename(kept)
    # what the kernel still has to write would count as part of the first day
    os.sync()


def lengths_of(days: int, times: int) -> tuple[int, int]:
    """Returns the days of both histories; they end on the same day of the week.

    There are fewer events on a weekend, and weeks are units of the models.
    """
    return days, days + days * (times - 1) // 7 * 7


def measured(
    options: argparse.Namespace, lengths: tuple[int, int], work: Path
) -> list[dict[str, Took]]:
    """Measures each step on some days after each history, and returns the means.

    The mean matters because DuckDB merges row groups of earlier days on some days only. The
    histories take turns, because the speed of a machine varies.
    """
    with ExitStack() as stack:
        accounts = []
        for days in lengths:
            name = f"{days}-days-of-{options.visits_per_day}"
            folder = work / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            stack.callback(shutil.rmtree, folder)
            account = stack.enter_context(Account(options.visits_per_day, folder))
            load_history(account, days, options.keep and work / f"{name}.kept")
            accounts.append(account)
        samples: list[list[tuple[Took, ...]]] = [[] for _ in accounts]
        for _ in range(options.more):
            for days, account, measurements in zip(lengths, accounts, samples, strict=True):
                measurements.append(account.one_more_day())
                tell(days, measurements[-1])
        means = [[mean(step) for step in zip(*days, strict=True)] for days in samples]
        if options.full_rebuild:
            for account, steps in zip(accounts, means, strict=True):
                steps.append(timed(partial(account.build, full_refresh=True)))
        os.chdir(work)
    return [dict(zip(STEPS, steps, strict=False)) for steps in means]


def tell(days: int, took: Sequence[Took]) -> None:
    """Prints what one day took, apart from the table."""
    steps = (f"{step} {each}" for step, each in zip(STEPS, took, strict=False))
    print(f"after {days} days: {', '.join(steps)}", file=sys.stderr, flush=True)


def mean(samples: Sequence[Took]) -> Took:
    """Returns the means of the elapsed and of the CPU seconds."""
    return Took(*(sum(seconds) / len(samples) for seconds in zip(*samples, strict=True)))


def main() -> int:
    """Prints a table. Returns the exit code: 1 if the cost of a day grows with the history."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument(
        "--days", type=int, default=30, help="length of the short history (default: 30)"
    )
    parser.add_argument(
        "--times",
        type=int,
        default=10,
        help="how many times as long the long history is, less some days of a week (default: 10)",
    )
    parser.add_argument("--visits-per-day", type=int, default=400, metavar="N")
    parser.add_argument(
        "--more", type=int, default=5, metavar="N", help="days to measure after it (default: 5)"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep the histories there, and measure on copies of those that are there already",
    )
    parser.add_argument(
        "--no-full-rebuild",
        dest="full_rebuild",
        action="store_false",
        help="do not measure the models in full, which takes long after a long history",
    )
    options = parser.parse_args()
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    original_folder = Path.cwd()
    lengths = lengths_of(options.days, options.times)
    with TemporaryDirectory() as name:
        work = options.keep.resolve() if options.keep else Path(name)
        short, long = measured(options, lengths, work)
        os.chdir(original_folder)
    print(f"One more day of {options.visits_per_day} visits: elapsed seconds (CPU seconds)\n")
    print(f"| step | after {lengths[0]} days | after {lengths[1]} days | ratio |")
    print("|---|---:|---:|---:|")
    for step in short:
        ratio = Took(long[step].elapsed / short[step].elapsed, long[step].cpu / short[step].cpu)
        print(f"| {step} | {short[step]} | {long[step]} | {ratio} |")
    # CPU time, which other work on the machine affects less than elapsed time
    run_ratio, load_ratio = (long[step].cpu / short[step].cpu for step in ("run", "load"))
    return 1 if run_ratio > MAX_RATIO or load_ratio > MAX_LOAD_RATIO else 0


if __name__ == "__main__":
    sys.exit(main())
