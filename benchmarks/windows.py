"""How long a backfill waits for Coveo: `python -m benchmarks.windows`.

Loads the same windows first from a server whose exports are ready at once, which measures loading
alone, and then from one that takes time to build each, with different settings of
`exports_ahead`.
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
"""Days in each window, so that all have a weekend."""

Tables = Mapping[str, tuple[int, int]]
"""The number of rows and a checksum of each table."""


class Loaded(NamedTuple):
    """A finished backfill."""

    seconds: float
    tables: Tables


def edges(windows: int) -> list[datetime]:
    """Returns the start of each window, and the end of the last one."""
    return [START + timedelta(days=DAYS * number) for number in range(windows + 1)]


def write_exports(folder: Path, windows: int, visits_per_day: int) -> None:
    """Writes the export of each window."""
    from coveo_source.demo import COLUMNS, Member, Traffic, write_archive

    from .service import file_name

    traffic = Traffic(SEED, visits_per_day)
    for start, end in pairwise(edges(windows)):
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
    start, *_, end = edges(windows)
    span = ["--from", f"{start:%Y-%m-%d}", "--to", f"{end:%Y-%m-%d}"]
    served = [str(exports), str(build), str(download)]
    with TemporaryDirectory() as name, service(served, Path(name)) as account:
        folder = Path(name)
        settings = {**account, "SOURCES__COVEO_SOURCE__EXPORTS_AHEAD": str(exports_ahead)}
        verb = ["-m", "coveo_source", "--pipelines-dir", str(folder / "pipelines"), "benchmark"]
        arguments = [*verb, "run", "--no-models", *span, "--window-days", str(DAYS)]
        run = measured(arguments, folder, {**dlt_env(folder), **settings})
        return Loaded(run.seconds, tables_in(folder / "benchmark.duckdb"))


def tables_in(database: Path) -> Tables:
    """Reads the tables that a backfill loaded."""
    import duckdb

    from coveo_source.tables import TABLES

    with duckdb.connect(str(database), read_only=True) as connection:
        tables = {}
        for table in TABLES:
            rows = f"select * exclude (_dlt_load_id) from coveo_ua.{table}"
            query = f"select count(*), sum(hash(row)) from ({rows}) row"
            sums = connection.execute(query).fetchone()
            assert sums
            tables[table] = (int(sums[0]), int(sums[1]))
        return tables


def table_of(loaded: Iterable[tuple[str, Loaded]]) -> str:
    """Returns a Markdown table with the seconds of each backfill and their ratio to the first."""
    lines = ["| | seconds | ratio |", "|---|---:|---:|"]
    base = 0.0
    for title, backfilled in loaded:
        base = base or backfilled.seconds
        lines.append(f"| {title} | {backfilled.seconds:.0f} | {backfilled.seconds / base:.1f} |")
    return "\n".join(lines)


def main() -> int:
    """Prints a table. Returns the exit code: 1 if the backfills loaded different rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.windows", description=__doc__)
    parser.add_argument("--windows", type=int, default=12, help="number of windows (default: 12)")
    parser.add_argument(
        "--export-seconds", type=float, default=20, help="time to build each export (default: 20)"
    )
    parser.add_argument(
        "--download-seconds", type=float, default=0, help="time to download each file (default: 0)"
    )
    parser.add_argument("--visits-per-day", type=int, default=600, metavar="N")
    parser.add_argument(
        "--ahead",
        type=int,
        nargs="+",
        default=[0, 2, 11],
        help="values of exports_ahead to compare (default: 0 2 11)",
    )
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        exports = Path(name)
        write_exports(exports, options.windows, options.visits_per_day)
        loaded = [("loading alone", backfill(exports, options.windows, 0))]
        for ahead in options.ahead:
            result = backfill(
                exports, options.windows, ahead, options.export_seconds, options.download_seconds
            )
            loaded.append((f"exports_ahead = {ahead}", result))
    rows = sum(count for count, _ in loaded[0][1].tables.values())
    print(
        f"{options.windows} windows, {rows:,} rows; each export takes {options.export_seconds:g} s"
        f" to build and {options.download_seconds:g} s to download\n\n{table_of(loaded)}"
    )
    return 0 if all(result.tables == loaded[0][1].tables for _, result in loaded) else 1


if __name__ == "__main__":
    sys.exit(main())
