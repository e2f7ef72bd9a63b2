"""A long history, from nothing, through the whole of `run`: `python -m benchmarks.large`.

The demo server writes each window's export when it is asked for, in a process of its own, so the
time that a run waits for it is told apart. Prints time, memory and disk; ends with 1 if other
rows were loaded than were exported.
"""

import argparse
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from .measure import Measured, PartFailed, measured, start
from .suite import dlt_env

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
EVENTS_PER_VISIT = 3.8
"""Of the demo's visits on an average day, week-ends included."""
NO_LIMIT = 1 << 40
PAUSE = 0.5
"""Seconds between two looks at the disk."""


def serve(visits_per_day: int) -> None:
    """Serves until nobody listens any more; prints the address."""
    from coveo_source.demo import DemoServer, Traffic

    traffic = Traffic(seed=7, visits_per_day=visits_per_day)
    with DemoServer(traffic, export_seconds=0, row_limit=NO_LIMIT) as server:
        print(server.base_url, server.api_key, server.org, flush=True)
        sys.stdin.read()


@contextmanager
def served(visits_per_day: int, folder: Path) -> Iterator[dict[str, str]]:
    """A server in a process of its own; the settings by which the package finds it."""
    module = ["-m", "benchmarks.large", "--serve", "--visits-per-day", str(visits_per_day)]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with start(module, folder, {}, **streams) as process:
        assert process.stdout
        values = process.stdout.readline().decode().split()
        names = ("BASE_URL", "API_KEY", "ORG")
        yield {
            f"SOURCES__COVEO_SOURCE__{name}": value
            for name, value in zip(names, values, strict=True)
        }


class Disk:
    """The most that a folder held, looked at now and then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Disk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(PAUSE):
            self.peak = max(self.peak, size_of(self.folder))


def size_of(folder: Path) -> int:
    """Bytes on disk below a folder in which files come and go."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except OSError:
            continue
    return total


def run(days: int, options: argparse.Namespace, folder: Path) -> tuple[Measured, Disk]:
    """One run over some days, from nothing."""
    end = START + timedelta(days=days)
    window = ["--from", f"{START:%Y-%m-%d}", "--to", f"{end:%Y-%m-%d}"]
    words = ["--pipelines-dir", str(folder / "pipelines"), "benchmark", "run", *window]
    words += ["--window-days", str(options.window_days), *options.more]
    with served(options.visits_per_day, folder) as account, Disk(folder) as disk:
        taken = measured(["-m", "coveo_source", *words], folder, {**dlt_env(folder), **account})
    return taken, disk


def told(database: Path) -> dict[str, float]:
    """What the audit trail says of the exports, and whether its counts agree."""
    import duckdb

    tables = ("searches", "clicks", "custom_events", "keywords", "groups")
    counts = {what: " + ".join(f"{table}_{what}" for table in tables) for what in ("rows", "keys")}
    query = f"""
        select count(*) as windows, sum({counts["rows"]}) as rows, sum(file_bytes) as zip_bytes,
            sum(searches_rows + clicks_rows + custom_events_rows) as events,
            sum(wait_seconds) as waited, sum({counts["keys"]}) as keys,
            sum({" + ".join(f"{table}_loaded" for table in tables)}) as loaded
        from coveo_ua.exports
    """
    with duckdb.connect(str(database), read_only=True) as opened:
        names = [column[0] for column in opened.execute(query).description or ()]
        [values] = opened.execute(query).fetchall()
    return dict(zip(names, values, strict=True))


def main() -> int:
    """Prints a table; exit code 1 if rows are missing, or the run failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--events", type=float, default=10e6, help="about (default: 10 million)")
    parser.add_argument("--visits-per-day", type=int, default=10_000, metavar="N")
    parser.add_argument("--window-days", type=int, default=30, metavar="N")
    parser.add_argument("--work", type=Path, default=Path(gettempdir()), help="for what it writes")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("more", nargs="*", help="options of run, behind --")
    options = parser.parse_args()
    if options.serve:
        serve(options.visits_per_day)
        return 0
    days = round(options.events / options.visits_per_day / EVENTS_PER_VISIT)
    with TemporaryDirectory(dir=options.work) as name:
        folder = Path(name)
        try:
            taken, disk = run(days, options, folder)
        except PartFailed as error:
            print(f"The run failed: {error}", file=sys.stderr)
            return 1
        database = folder / "benchmark.duckdb"
        found = told(database)
        lines = {
            "events": f"{found['events']:,.0f}",
            "rows": f"{found['rows']:,.0f}",
            "windows": f"{found['windows']:,.0f}",
            "seconds": f"{taken.seconds:,.0f}",
            "of which waiting for exports": f"{found['waited']:,.0f}",
            "CPU seconds": f"{taken.cpu_seconds:,.0f}",
            "peak memory, MB": f"{taken.peak_mb:,.0f}",
            "ZIPs, MB": f"{found['zip_bytes'] / 1e6:,.0f}",
            "database, MB": f"{database.stat().st_size / 1e6:,.0f}",
            "peak disk, database included, MB": f"{disk.peak / 1e6:,.0f}",
        }
    print("\n".join(f"{label:34}{value:>14}" for label, value in lines.items()))
    return 0 if found["loaded"] == found["keys"] == found["rows"] else 1


if __name__ == "__main__":
    sys.exit(main())
