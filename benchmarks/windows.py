"""What waiting for Coveo costs a backfill: `python -m benchmarks.windows`.

Loads the same windows from a server that has every export at once, which is the loading itself,
and from one that takes its time for each, with more and fewer of them asked for ahead.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from .exports import SEED, START
from .measure import measured
from .suite import dlt_env, service

DAYS = 7
"""In each window, so that all have a weekend."""

Tables = Mapping[str, tuple[int, int]]
"""How many rows there are of each table, and a number that differs if one of them does."""


class Loaded(NamedTuple):
    """A backfill that is over."""

    seconds: float
    tables: Tables


def begins(windows: int) -> list[datetime]:
    """Where each window begins, and the last ends."""
    return [START + timedelta(days=DAYS * number) for number in range(windows + 1)]


def write_exports(folder: Path, windows: int, visits_per_day: int) -> None:
    """Writes the file of each window."""
    from coveo_source.demo import COLUMNS, Member, Traffic, write_archive

    from .service import file_name

    traffic = Traffic(SEED, visits_per_day)
    for start, end in pairwise(begins(windows)):
        members = (
            Member(f"{table}.csv", columns, traffic.rows(table, start, end))
            for table, columns in COLUMNS.items()
        )
        write_archive(folder / file_name(start), members, "rfc4180")


def backfill(
    exports: Path, windows: int, exports_ahead: int, build: float = 0, download: float = 0
) -> Loaded:
    """Loads all windows into an empty database.

    build, download: seconds that each export takes
    """
    edges = begins(windows)
    span = ["--from", f"{edges[0]:%Y-%m-%d}", "--to", f"{edges[-1]:%Y-%m-%d}"]
    served = [str(exports), str(build), str(download)]
    with TemporaryDirectory() as name, service(served, Path(name)) as found:
        folder = Path(name)
        settings = {**found, "SOURCES__COVEO_SOURCE__EXPORTS_AHEAD": str(exports_ahead)}
        verb = ["-m", "coveo_source", "--pipelines-dir", str(folder / "pipelines"), "benchmark"]
        arguments = [*verb, "run", "--no-models", *span, "--window-days", str(DAYS)]
        run = measured(arguments, folder, {**dlt_env(folder), **settings})
        return Loaded(run.seconds, tables_in(folder / "benchmark.duckdb"))


def tables_in(database: Path) -> Tables:
    """What a backfill left of the tables of Coveo."""
    import duckdb

    from coveo_source.tables import TABLES

    with duckdb.connect(str(database), read_only=True) as opened:
        found = {}
        for table in TABLES:
            rows = f"select * exclude (_dlt_load_id) from coveo_ua.{table}"
            sums = opened.execute(f"select count(*), sum(hash(row)) from ({rows}) row").fetchone()
            assert sums
            found[table] = (int(sums[0]), int(sums[1]))
        return found


def table_of(loaded: Iterable[tuple[str, Loaded]]) -> str:
    """The seconds of each backfill, and how many times as long it took as the first."""
    lines = ["| | seconds | ratio |", "|---|---:|---:|"]
    itself = 0.0
    for title, each in loaded:
        itself = itself or each.seconds
        lines.append(f"| {title} | {each.seconds:.0f} | {each.seconds / itself:.1f} |")
    return "\n".join(lines)


def main() -> int:
    """Prints a table; exit code 1 if the backfills did not leave the same rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.windows", description=__doc__)
    parser.add_argument("--windows", type=int, default=12, help="default: 12")
    parser.add_argument(
        "--export-seconds", type=float, default=20, help="that each export takes (default: 20)"
    )
    parser.add_argument(
        "--download-seconds", type=float, default=0, help="that each file takes (default: 0)"
    )
    parser.add_argument("--visits-per-day", type=int, default=600, metavar="N")
    parser.add_argument(
        "--ahead", type=int, nargs="+", default=[0, 2, 11], help="exports_ahead (default: 0 2 11)"
    )
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        exports = Path(name)
        write_exports(exports, options.windows, options.visits_per_day)
        loaded = [("the loading itself", backfill(exports, options.windows, 0))]
        for ahead in options.ahead:
            took = backfill(
                exports, options.windows, ahead, options.export_seconds, options.download_seconds
            )
            loaded.append((f"exports_ahead = {ahead}", took))
    rows = sum(count for count, _ in loaded[0][1].tables.values())
    print(
        f"{options.windows} windows, {rows:,} rows; each export takes {options.export_seconds:g} s"
        f" to be built and {options.download_seconds:g} s to be downloaded\n\n{table_of(loaded)}"
    )
    return 0 if all(each.tables == loaded[0][1].tables for _, each in loaded) else 1


if __name__ == "__main__":
    sys.exit(main())
