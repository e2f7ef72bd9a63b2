"""The copy of a DuckDB file for readers, which is replaced as a whole.

Readers open the copy, so they are never in the way of a run, and none is in theirs: whoever has the
former copy open keeps it until it is closed, and whoever opens it next gets the new one.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

import dlt
import duckdb

from ..causes import reason
from ..exceptions import CopyNotWritten, SettingError
from ..private_files import users_umask
from .opening import Patience
from .rewriting import check_log, database_file, empty_log, logs_of

if sys.platform == "win32":

    def _keep_writers_out(file: BinaryIO) -> None:
        """Does nothing: there, DuckDB writes to no file that somebody else has open."""
else:
    import fcntl

    def _keep_writers_out(file: BinaryIO) -> None:
        """Takes the lock that DuckDB takes when it opens a file for reading."""
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


_RECORD = "_coveo_dataset"
"""A table that every database of ours has, and so every copy."""
_BLOCK = 1 << 20
"""Bytes that are copied at once."""


def check_copy(pipeline: dlt.Pipeline, publish: str | None) -> Path | None:
    """Returns the file that the setting publish names; None without the setting.

    Removes what a killed process left beside it.

    Raises:
        SettingError: if there can be no copy, or not there
    """
    if publish is None:
        return None
    file = database_file(pipeline)
    if file is None:
        name = pipeline.destination.destination_name
        what = f"The destination {name} is no file of DuckDB's: leave publish out."
        raise SettingError("publish", publish, what)
    copy = _copy_of(file, publish)
    if problem := _problem(file, copy, pipeline.dataset_name):
        raise SettingError("publish", publish, problem)
    _unfinished(copy).unlink(missing_ok=True)
    return copy


def write_copy(file: Path, copy: Path, patience: Patience) -> None:
    """Replaces a copy by what a database holds now, in one step.

    No connection to the database may be open in this process: to close the file would release the
    lock that keeps other processes out.

    Raises:
        CopyNotWritten: if the copy is left as it is
        DatabaseHeld: if another process writes to the database for too long
    """
    new = _unfinished(copy)
    new.unlink(missing_ok=True)
    try:
        with patience.opened(partial(_settled, file)) as source, _new_file(new) as target:
            shutil.copyfileobj(source, target, _BLOCK)
        # what a reader who opened the former copy for writing has changed there
        for log in logs_of(copy):
            log.unlink()
        new.replace(copy)
        _flush_folder(copy.parent)
    except (OSError, duckdb.Error) as error:
        raise CopyNotWritten(str(copy), _why(error)) from error
    finally:
        new.unlink(missing_ok=True)


def _copy_of(file: Path, publish: str) -> Path:
    """Returns the path of the copy; in a folder it is called like the database."""
    path = file.parent / Path(publish).expanduser()
    is_folder = path.is_dir() or publish.endswith(("/", os.sep))
    return path / file.name if is_folder else path


def _problem(file: Path, copy: Path, dataset: str) -> str | None:
    """Returns why a copy cannot be there, as a sentence; None if it can."""
    if not copy.parent.is_dir():
        return f"There is no folder {copy.parent}."
    if copy.resolve() == file or (copy.exists() and file.exists() and copy.samefile(file)):
        return "That is the database itself: name another file, or another folder."
    if copy.stem.lower() == dataset.lower():
        return (
            f"DuckDB cannot tell a file {copy.name} from the dataset {dataset} in it: name the file"
            " otherwise."
        )
    if copy.exists() and not _is_copy(copy):
        return "The file holds something else, which would be lost: name another one."
    return None


def _is_copy(file: Path) -> bool:
    """Returns True if a file is a database of ours, or one that cannot be looked into now."""
    try:
        with duckdb.connect(str(file), read_only=True) as database:
            query = "select count(*) from duckdb_tables() where table_name = ?"
            [(found,)] = database.execute(query, [_RECORD]).fetchall()
            return bool(found)
    except duckdb.IOException as error:
        return "Could not set lock" in str(error)
    except duckdb.Error:
        return False


def _settled(file: Path) -> BinaryIO:
    """Opens a database that nobody writes to, and whose log is empty, and keeps it so."""
    if logs_of(file):
        empty_log(file)
    # DuckDB says who is in the way, and whether this process itself has it open
    duckdb.connect(str(file), read_only=True).close()
    opened = file.open("rb")
    try:
        _keep_writers_out(opened)
        check_log(file)
    except BaseException:
        opened.close()
        raise
    return opened


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Opens a new file, and brings what was written to it safely to disk."""
    with users_umask(), path.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Brings the names in a folder safely to disk, where that is possible."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _unfinished(copy: Path) -> Path:
    return copy.with_name(f".{copy.name}.new")


def _why(error: Exception) -> str:
    if isinstance(error, duckdb.ConnectionException):
        return "This process itself has the database open. Close it before the run ends."
    if sys.platform == "win32" and isinstance(error, PermissionError):
        return f"{reason(error)} If somebody has it open: there, it cannot be replaced then."
    return reason(error)
