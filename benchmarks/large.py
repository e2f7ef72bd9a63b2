"""Loads a long history into an empty database with `run`: `python -m benchmarks.large`.

The demo server runs in a process of its own and writes each window's export when it is requested;
the time that the run waits for exports is shown separately. Prints time, memory and disk space.
The exit code is 1 if the loaded rows differ from the exported ones.
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
"""Average events per day, weekends included, for each of `--visits-per-day`."""

NO_LIMIT = 1 << 40
PAUSE_SECONDS = 0.5
"""Time between two measurements of the disk."""


def serve(visits_per_day: int) -> None:
    """Prints the address, then serves until its standard input is closed."""
    from coveo_source.demo import DemoServer, Traffic

    traffic = Traffic(seed=7, visits_per_day=visits_per_day)
    with DemoServer(traffic, export_seconds=0, row_limit=NO_LIMIT) as server:
        print(server.base_url, server.api_key, server.org, flush=True)
        sys.stdin.read()


@contextmanager
def served(visits_per_day: int, folder: Path) -> Iterator[dict[str, str]]:
    """Runs the server in a process of its own. Yields the settings for the package."""
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
    """The peak size of a folder in bytes, measured regularly."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.peak = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Disk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            self.peak = max(self.peak, size_of(self.folder))


def size_of(folder: Path) -> int:
    """Returns the bytes on disk of all files in a folder; files may disappear during the count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except OSError:
            continue
    return total


def run(days: int, options: argparse.Namespace, folder: Path) -> tuple[Measured, Disk]:
    """Runs the package over some days, into an empty database."""
    end = START + timedelta(days=days)
    span = ["--from", f"{START:%Y-%m-%d}", "--to", f"{end:%Y-%m-%d}"]
    arguments = ["--pipelines-dir", str(folder / "pipelines"), "benchmark", "run", *span]
    arguments += ["--window-days", str(options.window_days), *options.more]
    with served(options.visits_per_day, folder) as account, Disk(folder) as disk:
        taken = measured(["-m", "coveo_source", *arguments], folder, {**dlt_env(folder), **account})
    return taken, disk


def audit_totals(database: Path) -> dict[str, float]:
    """Returns totals from the audit trail of the exports, by name."""
    import duckdb

    tables = ("searches", "clicks", "custom_events", "keywords", "groups")
    counts = {kind: " + ".join(f"{table}_{kind}" for table in tables) for kind in ("rows", "keys")}
    query = f"""
        select count(*) as windows, sum({counts["rows"]}) as rows, sum(file_bytes) as zip_bytes,
            sum(searches_rows + clicks_rows + custom_events_rows) as events,
            sum(wait_seconds) as waited, sum({counts["keys"]}) as keys,
            sum({" + ".join(f"{table}_loaded" for table in tables)}) as loaded
        from coveo_ua.exports
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        names = [column[0] for column in connection.execute(query).description or ()]
        [values] = connection.execute(query).fetchall()
    return dict(zip(names, values, strict=True))


def main() -> int:
    """Prints a table. Returns the exit code: 1 if the row counts differ or the run failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument(
        "--events", type=float, default=10e6, help="approximate number (default: 10 million)"
    )
    parser.add_argument("--visits-per-day", type=int, default=10_000, metavar="N")
    parser.add_argument("--window-days", type=int, default=30, metavar="N")
    parser.add_argument("--work", type=Path, default=Path(gettempdir()), help="folder for the run")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("more", nargs="*", help="options of run, after --")
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
        totals = audit_totals(database)
        lines = {
            "events": f"{totals['events']:,.0f}",
            "rows": f"{totals['rows']:,.0f}",
            "windows": f"{totals['windows']:,.0f}",
            "seconds": f"{taken.seconds:,.0f}",
            "of which waiting for exports": f"{totals['waited']:,.0f}",
            "CPU seconds": f"{taken.cpu_seconds:,.0f}",
            "peak memory, MB": f"{taken.peak_mb:,.0f}",
            "ZIPs, MB": f"{totals['zip_bytes'] / 1e6:,.0f}",
            "database, MB": f"{database.stat().st_size / 1e6:,.0f}",
            "peak disk, database included, MB": f"{disk.peak / 1e6:,.0f}",
        }
    print("\n".join(f"{label:34}{value:>14}" for label, value in lines.items()))
    return 0 if totals["loaded"] == totals["keys"] == totals["rows"] else 1


if __name__ == "__main__":
    sys.exit(main())
