"""Where a run can be killed: at a request, at a line it prints, at a file it makes, at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coveo_source.demo.wire import Request

Moment = Literal["before", "after", "half", "sent"]
"""Before the server acts, after it acted but before it answers, in the middle of the answer, or
when all of the answer is on its way."""


@dataclass(frozen=True)
class Point:
    """One place in a run; one of the first three is set.

    request: which requests lead there
    moment: when, in the course of such a request
    line: what a line of output begins with
    files: glob patterns below the pipeline's working folder; a path that appears leads there
    """

    phase: str
    request: Callable[[Request], bool] | None = None
    moment: Moment = "before"
    line: str | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kill:
    """When a run is killed: the nth time that it comes to a point, or after some seconds."""

    point: str
    nth: int = 1
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.point} {self.nth}" if self.point in POINTS else f"{self.seconds:.3f} s"


def listing(request: Request) -> bool:
    """Asks for the list of exports."""
    return request.method == "GET" and request.path.endswith("/exports")


def creation(request: Request) -> bool:
    """Creates an export."""
    return request.method == "POST"


def polling(request: Request) -> bool:
    """Asks how far an export is."""
    return of_one_export(request) and request.first("redirect") != "true"


def address(request: Request) -> bool:
    """Asks where the file is."""
    return of_one_export(request) and request.first("redirect") == "true"


def of_one_export(request: Request) -> bool:
    """Asks something of one export."""
    return (
        request.host == "api"
        and request.method == "GET"
        and len(request.path.rpartition("/exports/")[2]) == 36
    )


def file(request: Request) -> bool:
    """Fetches the file."""
    return request.host == "storage"


def deletion(request: Request) -> bool:
    """Deletes an export."""
    return request.method == "DELETE"


EXTRACTING = ("normalize/[!e]*", "normalize/e[!x]*")
"""The folder that dlt extracts to has a random name; its neighbour is called `extracted`."""

POINTS = {
    "planning": Point("plan", listing),
    "creating": Point("create", creation),
    "created, not answered": Point("create", creation, "after"),
    "created, answered": Point("create", creation, "sent"),
    "waiting": Point("wait", polling),
    "asking for the file": Point("download", address),
    "half the file": Point("download", file, "half"),
    "the whole file": Point("download", file, "sent"),
    "fetching ahead": Point("download", files=("coveo_exports/next_*",)),
    "unpacking": Point("extract", files=("coveo_exports/[!en]*",)),
    "extracting": Point("extract", files=(*(f"{folder}/*/new_jobs/*" for folder in EXTRACTING),)),
    "extracted": Point("normalize", files=("normalize/extracted/*",)),
    "normalizing": Point("normalize", files=("load/new/*/new_jobs/*",)),
    "normalized": Point("load", files=("load/normalized/*",)),
    "merging": Point("merge", files=("load/normalized/*/started_jobs/*.parquet",)),
    "between two merges": Point("merge", files=("load/normalized/*/completed_jobs/*.parquet",)),
    "loaded": Point("loaded", files=("load/loaded/*/completed_jobs",)),
    "deleting": Point("delete", deletion),
    "deleted": Point("delete", deletion, "after"),
    "window": Point("window", line="Window "),
    "model": Point("models", line="Model "),
    "extracting a model": Point(
        "models", files=(*(f"{folder}/*/new_jobs/*.model" for folder in EXTRACTING),)
    ),
    "normalizing a model": Point("models", files=("load/new/*/new_jobs/*.model",)),
    "running a model": Point("models", files=("load/normalized/*/started_jobs/*.model",)),
    "a model's job done": Point("models", files=("load/normalized/*/completed_jobs/*.model",)),
}
"""All points by name."""


class Seen:
    """Counts how often paths appear that lead to a point."""

    def __init__(self, folder: Path, point: Point) -> None:
        self._folder = folder
        self._point = point
        self._before = set(self._paths())

    def appeared(self) -> int:
        """How many paths are there that were not when this was asked last."""
        now = set(self._paths())
        fresh = len(now - self._before)
        self._before = now
        return fresh

    def _paths(self) -> Iterator[Path]:
        for pattern in self._point.files:
            try:
                yield from self._folder.glob(pattern)
            except OSError:
                # a folder that is gone between its listing and its reading
                continue
