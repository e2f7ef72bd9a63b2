"""Load packages that are on disk and not loaded: what they hold, and the way out if they cannot be.

A package may be dropped without loss: the dataset proves what is loaded, so what was only in the
package is due again, and Coveo still has its export, which is deleted only after the load.
"""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dlt
import pyarrow.parquet as pq
from dlt.common.destination.exceptions import WithJobError
from dlt.common.exceptions import TerminalException
from dlt.common.storages.load_package import PackageStorage, ParsedLoadJobFileName
from dlt.pipeline.exceptions import PipelineStepFailed

from ..causes import causes, find_cause
from ..exceptions import CoveoSourceError, PackageNotLoaded
from ..packages import package_description
from ..signals import find_signal
from ..tables import TABLES

_UNFINISHED = ("new_jobs", "started_jobs")


@dataclass(frozen=True)
class PendingPackage:
    """A load package on disk.

    windows: as messages write them; none if it holds no events, or if nobody knows
    tables: of Coveo's and of the models, of which it holds rows
    version: of this project, which made it; None if another program did
    is_range: whether only the command that asked for its range loads it again
    damage: a clause that says why it cannot be read; None if it can
    """

    load_id: str
    windows: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    version: str | None = None
    is_range: bool = False
    damage: str | None = None

    def __str__(self) -> str:
        parts = filter(None, (" and ".join(self.windows), ", ".join(self.tables)))
        return f"{self.load_id} ({': '.join(parts) or 'no events'})"

    @property
    def is_replaceable(self) -> bool:
        """True if a run makes it anew, and maybe in another way: models, or a former version's."""
        return not TABLES.keys() & set(self.tables) or self.version not in (
            None,
            version("coveo-source"),
        )


def pending_packages(pipeline: dlt.Pipeline) -> list[PendingPackage]:
    """Returns the packages that are extracted or normalized and not loaded, oldest first."""
    found = {}
    for storage in (
        pipeline._get_normalize_storage().extracted_packages,
        # if a run was killed, the extracted copy of a normalized package may be incomplete
        pipeline._get_load_storage().normalized_packages,
    ):
        with suppress(FileNotFoundError):
            for load_id in storage.list_packages():
                found[load_id] = _package(storage, load_id)
    return [found[load_id] for load_id in sorted(found)]


def why_dropped(packages: Iterable[PendingPackage], reason: str) -> str:
    """Returns the message that packages are dropped, and what follows from it.

    reason: a clause
    """
    packages = list(packages)
    names = " and ".join(map(str, packages)) or "that an earlier run left"
    text = f"The load package {names} is dropped, because {reason}. What is due is read again."
    if any(package.is_range for package in packages):
        text += " Its range was asked for with both ends: ask for it again."
    return text


@contextmanager
def explained(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Says which package failed to be loaded, why, and what to do about it.

    Raises:
        PackageNotLoaded: if a package stays on disk because it could not be loaded
    """
    try:
        yield
    except PipelineStepFailed as error:
        is_known = find_signal(error) or find_cause(error, CoveoSourceError)
        packages = [] if is_known else pending_packages(pipeline)
        if not packages or error.step not in ("normalize", "load"):
            raise
        failed = [each for each in packages if each.load_id == error.load_id] or packages
        is_lasting = any(isinstance(cause, TerminalException) for cause in causes(error))
        name = pipeline.pipeline_name
        raise PackageNotLoaded(name, str(failed[0]), _why(error), is_lasting) from error


def _package(storage: PackageStorage, load_id: str) -> PendingPackage:
    try:
        told = package_description(storage, load_id)
        storage.load_schema(load_id)
        jobs = storage.get_load_package_jobs(load_id)
    except Exception as error:
        return PendingPackage(load_id, damage=f"its description is damaged: {_first_line(error)}")
    held = {job.table_name for each in jobs.values() for job in each}
    known = {name for name in held if not name.startswith("_dlt") and name in TABLES}
    tables = told.get("tables") or sorted(known or {n for n in held if not n.startswith("_dlt")})
    damage = None
    if not storage.is_package_completed(load_id):
        files = (*told.get("tables", ()), *told.get("others", ()))
        missing = [name for name in files if name not in held]
        damage = f"its file of {missing[0]} is gone" if missing else None
        damage = damage or _damaged_file(storage, load_id)
    return PendingPackage(
        load_id,
        tuple(told.get("windows", ())),
        tuple(tables),
        told.get("version"),
        told.get("is_range", False),
        damage,
    )


def _damaged_file(storage: PackageStorage, load_id: str) -> str | None:
    """Returns which file of a package cannot be read and why, as a clause; None if all can."""
    package = Path(storage.storage.make_full_path(storage.get_package_path(load_id)))
    for file in sorted(file for folder in _UNFINISHED for file in (package / folder).glob("*")):
        try:
            _read(file)
        except Exception as error:
            table = ParsedLoadJobFileName.parse(file.name).table_name
            return f"its file of {table} is damaged: {_first_line(error)}"
    return None


def _read(file: Path) -> None:
    """Reads what tells whether a file is complete; raises an error if it is not."""
    with file.open("rb") as opened:
        if file.suffix == ".parquet":
            pq.read_metadata(opened)
        elif opened.read(2) == b"\x1f\x8b":
            opened.seek(0)
            with gzip.open(opened) as text:
                while text.read(1 << 20):
                    pass


def _why(error: BaseException) -> str:
    """Returns the innermost reason as a sentence, with the table of the job that failed."""
    *_, innermost = causes(error)
    job: Any = find_cause(error, WithJobError)
    table = str(getattr(job, "job_id", "")).partition(".")[0]
    return f"{table}: {_first_line(innermost)}." if table else f"{_first_line(innermost)}."


def _first_line(error: BaseException) -> str:
    # in the further lines databases quote the statement, or the row
    lines = str(error).strip().splitlines()
    return (lines[0].strip() if lines else type(error).__name__).rstrip(".")
