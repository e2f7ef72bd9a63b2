"""The export on which everything is measured, generated once per size, dialect and shape.

Runs in a process of its own, `python -m benchmarks.exports MB DIALECT SHAPE FOLDER`: the traffic
generator imports dlt, and the process that measures must stay small (see measure.py).
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from coveo_source.demo import Dialect, Row, Traffic

SHAPES = ("long", "short")
"""Visits as the demo has them, of some six events; or many, of one search and what came of it."""

DIALECTS = ("rfc4180", "excel_backslash", "no_newline")
START = datetime(2025, 3, 1, tzinfo=timezone.utc)
END = datetime(2025, 3, 31, tzinfo=timezone.utc)
"""One window of the default 30 days. A larger export has more visits a day, not more days."""

SEED = 7
SAMPLE_VISITS = 50


@dataclass(frozen=True)
class Export:
    """An export on disk.

    path: the ZIP archive
    rows: number of rows by table, counted as the files were written
    csv_bytes: total size of the CSV files
    zip_bytes: size of the ZIP archive
    """

    path: Path
    dialect: str
    shape: str
    rows: dict[str, int]
    csv_bytes: int
    zip_bytes: int

    @classmethod
    def load(cls, folder: Path) -> "Export":
        """Reads the description that `save` wrote to a folder."""
        saved = json.loads((folder / "export.json").read_text())
        return cls(**{**saved, "path": folder / "export.zip"})

    def save(self) -> None:
        """Writes the description beside the ZIP. Without it, the export counts as incomplete."""
        text = json.dumps({**asdict(self), "path": self.path.name}, indent=2)
        self.path.with_suffix(".json").write_text(text)


def folder_of(cache: Path, megabytes: float, dialect: str, shape: str) -> Path:
    """Returns the folder of an export."""
    return cache / f"{megabytes:g}mb-{dialect}-{shape}-seed{SEED}"


def traffic_of(shape: str, visits_per_day: int) -> "Traffic":
    """Returns traffic of a shape."""
    from coveo_source.demo import Traffic
    from coveo_source.demo.visits import Visit

    class ShortVisits(Traffic):
        """Traffic whose visits end after their first search."""

        def visits(self, start: datetime, end: datetime) -> Iterator[Visit]:
            """Yields the visits, each with at most one event of each type."""
            for visit in super().visits(start, end):
                visit.searches = visit.searches[:1]
                first = {search.id for search in visit.searches}
                visit.clicks = [click for click in visit.clicks if click.search_id in first][:1]
                for search in visit.searches:
                    search.clicks = visit.clicks
                visit.custom_events = visit.custom_events[:1]
                yield visit

    return (ShortVisits if shape == "short" else Traffic)(SEED, visits_per_day)


def make(megabytes: float, dialect: "Dialect", shape: str, folder: Path) -> Export:
    """Writes an export with about this many MB (10^6 bytes) of CSV."""
    import zipfile

    from coveo_source.demo import COLUMNS, Member, write_archive

    def members(traffic: "Traffic", counts: dict[str, int]) -> Iterator[Member]:
        for table, columns in COLUMNS.items():
            rows = traffic.rows(table, START, END)
            yield Member(f"{table}.csv", columns, counted(rows, counts, table))

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "export.zip"
    traffic = traffic_of(shape, visits_per_day(megabytes, dialect, shape))
    rows: dict[str, int] = {}
    write_archive(path, members(traffic, rows), dialect)
    with zipfile.ZipFile(path) as archive:
        csv_bytes = sum(member.file_size for member in archive.infolist())
    export = Export(path, dialect, shape, rows, csv_bytes, path.stat().st_size)
    export.save()
    return export


def visits_per_day(megabytes: float, dialect: "Dialect", shape: str) -> int:
    """Estimates the visits per day for a size from the size of a small sample."""
    from coveo_source.demo import COLUMNS, Member, csv_chunks

    sample = traffic_of(shape, SAMPLE_VISITS)
    sample_bytes = sum(
        len(chunk)
        for table, columns in COLUMNS.items()
        for chunk in csv_chunks(Member(table, columns, sample.rows(table, START, END)), dialect)
    )
    return max(1, round(SAMPLE_VISITS * megabytes * 1e6 / sample_bytes))


def counted(rows: "Iterable[Row]", counts: dict[str, int], table: str) -> "Iterator[Row]":
    """Yields the rows and counts them in `counts[table]`."""
    counts[table] = 0
    for row in rows:
        counts[table] += 1
        yield row


def main() -> None:
    """Writes the export of the command line."""
    megabytes, dialect, shape, folder = sys.argv[1:]
    make(float(megabytes), cast("Dialect", dialect), shape, Path(folder))


if __name__ == "__main__":
    main()
