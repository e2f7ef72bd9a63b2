"""Where a run can be killed: at a request, a line of output, a new file, or after some time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coveo_source.demo.wire import Request

Moment = Literal["before", "after", "half", "sent"]
"""When, around a request: before the server acts, after it acted but before it responds, in the
middle of the response, or when the whole response has been sent."""


@dataclass(frozen=True)
class Point:
    """One place in a run, given by either requests, a line of output or files.

    request: returns True for a request that leads there
    moment: when, around such a request
    line: a regular expression for the beginning of a line of output
    files: glob patterns below the pipeline's working folder; a new path leads there
    """

    phase: str
    request: Callable[[Request], bool] | None = None
    moment: Moment = "before"
    line: str | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kill:
    """When a run is killed: the nth time it reaches a point, or after some seconds."""

    point: str
    nth: int = 1
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.point} {self.nth}" if self.point in POINTS else f"{self.seconds:.3f} s"


def _lists_exports(request: Request) -> bool:
    return request.method == "GET" and request.path.endswith("/exports")


def _creates_export(request: Request) -> bool:
    return request.method == "POST"


def _polls_export(request: Request) -> bool:
    return _is_about_one_export(request) and request.first("redirect") != "true"


def _asks_for_link(request: Request) -> bool:
    return _is_about_one_export(request) and request.first("redirect") == "true"


def _is_about_one_export(request: Request) -> bool:
    return (
        request.host == "api"
        and request.method == "GET"
        and len(request.path.rpartition("/exports/")[2]) == 36
    )


def _downloads_file(request: Request) -> bool:
    return request.host == "storage"


def _deletes_export(request: Request) -> bool:
    return request.method == "DELETE"


_EXTRACT_FOLDERS = ("normalize/[!e]*", "normalize/e[!x]*")
"""Matches the folder, randomly named, that dlt extracts to, but not `extracted` beside it."""

POINTS = {
    "taking the lease": Point("lease", files=("../../../coveo.duckdb.wal",)),
    "planning": Point("plan", _lists_exports),
    "creating": Point("create", _creates_export),
    "created, not answered": Point("create", _creates_export, "after"),
    "created, answered": Point("create", _creates_export, "sent"),
    "waiting": Point("wait", _polls_export),
    "asking for the file": Point("download", _asks_for_link),
    "half the file": Point("download", _downloads_file, "half"),
    "the whole file": Point("download", _downloads_file, "sent"),
    "fetching ahead": Point("download", files=("coveo_exports/next_*",)),
    "unpacking": Point("extract", files=("coveo_exports/[!en]*",)),
    "extracting": Point("extract", files=tuple(f"{f}/*/new_jobs/*" for f in _EXTRACT_FOLDERS)),
    "extracted": Point("normalize", files=("normalize/extracted/*",)),
    "normalizing": Point("normalize", files=("load/new/*/new_jobs/*",)),
    "normalized": Point("load", files=("load/normalized/*",)),
    "merging": Point("merge", files=("load/normalized/*/started_jobs/*.parquet",)),
    "between two merges": Point("merge", files=("load/normalized/*/completed_jobs/*.parquet",)),
    "loaded": Point("loaded", files=("load/loaded/*",)),
    "deleting": Point("delete", _deletes_export),
    "deleted": Point("delete", _deletes_export, "after"),
    "deleted, answered": Point("reconcile", _deletes_export, "sent"),
    "writing the file anew": Point("erase", line=r"[\d:]{8}  Writing the database file"),
    "copying the file": Point("erase", files=("../../../coveo.duckdb.rewriting/*",)),
    "window": Point("window", line=r"[\d:]{8}  Window "),
    "model": Point("models", line=r"[\d:]{8}  Building "),
    "extracting a model": Point(
        "models", files=tuple(f"{folder}/*/new_jobs/*.model" for folder in _EXTRACT_FOLDERS)
    ),
    "normalizing a model": Point("models", files=("load/new/*/new_jobs/*.model",)),
    "running a model": Point("models", files=("load/normalized/*/started_jobs/*.model",)),
    "a model's job done": Point("models", files=("load/normalized/*/completed_jobs/*.model",)),
}
"""All points by name, in the order of a run."""


def points_of(scenario: str) -> list[str]:
    """Returns the points that a scenario can come to."""
    own = {"erase": ("lease", "erase", "models")}
    phases = own.get(scenario, {point.phase for point in POINTS.values()} - {"erase"})
    return [name for name, point in POINTS.items() if point.phase in phases]


class PathCounter:
    """Counts the new paths that lead to a point."""

    def __init__(self, folder: Path, point: Point) -> None:
        self._folder = folder
        self._point = point
        self._known = set(self._paths())

    def count_new(self) -> int:
        """Returns how many paths have appeared since the last call."""
        paths = set(self._paths())
        new = len(paths - self._known)
        self._known = paths
        return new

    def _paths(self) -> Iterator[Path]:
        for pattern in self._point.files:
            # a pattern cannot go up, but a folder has parents
            up = pattern.count("../")
            folder = self._folder.parents[up - 1] if up else self._folder
            try:
                yield from folder.glob(pattern.replace("../", ""))
            except OSError:
                # a folder was removed between being listed and being read
                continue
