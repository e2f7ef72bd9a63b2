"""The alternatives to the package: `python -m benchmarks.parts NAME ZIP DIALECT`.

Works in the current folder and prints a `Report` as JSON. Each part imports what it needs by
itself, so that the peak memory is its own.
"""

import csv
import json
import resource
import sys
import time
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from .measure import MAXRSS_BYTES

TABLES = ("searches", "clicks", "custom_events", "keywords", "groups")
EVENT_TYPES = {"clicks": "Click", "searches": "Search", "custom_events": "Custom"}
ROWS_SHARE = 0.05
"""The share of every file that is loaded as Python dicts; the whole would take too long."""

Report = dict[str, Any]
"""`rows` by table, `seconds` by step, and the `peak_mb` after a step if it is of interest."""


def unpack(archive: Path) -> Path:
    """Unpacks all files of an export and returns their folder."""
    with zipfile.ZipFile(archive) as file:
        file.extractall("csv")
    return Path("csv")


def documented(archive: Path, dialect: str) -> Report:
    """Does what Coveo's documented script does with the files, all in memory."""
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]

    folder = unpack(archive)
    escape = "\\" if dialect == "no_newline" else None
    frames = []
    for table, event_type in EVENT_TYPES.items():
        frame = pd.read_csv(folder / f"{table}.csv", escapechar=escape)
        frame["c_eventType"] = event_type
        frames.append(frame)
    events = pd.concat(frames, ignore_index=True).sort_values(["visitId", "datetime"])
    events.to_csv("allEvents.csv", index=False)
    return {"rows": {"all_events": len(events)}}


def duckdb(archive: Path, dialect: str) -> Report:
    """Does the minimum: loads every file as a table of text and builds the ordered union."""
    import duckdb as db

    started = time.perf_counter()
    folder = unpack(archive)
    with db.connect("limit.duckdb") as database:
        for table in TABLES:
            database.execute(create_table(table, folder / f"{table}.csv", dialect))
        loaded = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES / 1e6
        union = " union all by name ".join(
            f"select *, '{event_type}' as c_eventType from {table}"
            for table, event_type in EVENT_TYPES.items()
        )
        database.execute(
            f"create table all_events as select * from ({union}) order by visitId, datetime"
        )
        united = time.perf_counter()
        rows = {table: count(database, table) for table in (*TABLES, "all_events")}
    seconds = {"load": loaded - started, "union": united - loaded}
    return {"rows": rows, "seconds": seconds, "peak_mb": {"load": peak}}


def create_table(table: str, path: Path, dialect: str) -> str:
    """Returns SQL that loads a CSV file as text, with nothing left to DuckDB's sniffer."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(file))
    columns = ", ".join(f"'{name}': 'varchar'" for name in names)
    escape = "\\" if dialect == "no_newline" else '"'
    return f"""
        create table {table} as select * from read_csv(
            '{path}', columns = {{{columns}}}, auto_detect = false, header = true, delim = ',',
            quote = '"', escape = '{escape}', nullstr = ''
        )
    """


def rows(archive: Path, dialect: str) -> Report:
    """Loads a share of the rows with plain dlt: as Python dicts, appended to DuckDB."""
    import dlt
    import duckdb as db

    folder = unpack(archive)
    pipeline = dlt.pipeline(
        "rows",
        pipelines_dir=str(Path("pipelines").absolute()),
        destination=dlt.destinations.duckdb("rows.duckdb"),
        dataset_name="coveo_ua",
    )
    sizes = {table: record_count(folder / f"{table}.csv", dialect) for table in TABLES}
    started = time.perf_counter()
    pipeline.run(
        [
            dlt.resource(
                islice(records(folder / f"{table}.csv", dialect), int(size * ROWS_SHARE)),
                name=table,
            )
            for table, size in sizes.items()
        ]
    )
    seconds = {"slice": time.perf_counter() - started}
    with db.connect("rows.duckdb") as database:
        loaded = {table: count(database, f"coveo_ua.{table}") for table in TABLES}
    return {"rows": loaded, "seconds": seconds}


def records(path: Path, dialect: str) -> Iterator[dict[str, str]]:
    """Yields the records of a CSV file as dicts."""
    escape = "\\" if dialect == "no_newline" else None
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, doublequote=escape is None, escapechar=escape)


def record_count(path: Path, dialect: str) -> int:
    """Returns the number of records in a CSV file."""
    return sum(1 for _ in records(path, dialect))


def counts(database: Path, dialect: str) -> Report:
    """Counts the rows that a run of the package left in a DuckDB file."""
    import duckdb as db

    with db.connect(str(database), read_only=True) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables"
                " where table_schema = 'coveo_ua' and table_name not like '\\_dlt%' escape '\\'"
            ).fetchall()
        ]
        return {"rows": {name: count(connection, f"coveo_ua.{name}") for name in names}}


def count(database: Any, table: str) -> int:
    """Returns the number of rows in a table."""
    return int(database.execute(f"select count(*) from {table}").fetchone()[0])


PARTS = {part.__name__: part for part in (documented, duckdb, rows, counts)}


def main() -> None:
    """Runs the part of the command line."""
    name, path, dialect = sys.argv[1:]
    print(json.dumps(PARTS[name](Path(path), dialect)))


if __name__ == "__main__":
    main()
