"""One run at a time on a pipeline: two would merge through the same staging tables and lose rows.

The operating system holds the lock, so it is released even if the process is killed.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..exceptions import PipelineBusy

if sys.platform == "win32":
    import msvcrt

    def _acquire(file: IO[str]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _acquire(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def hold_lock(pipelines_dir: Path, pipeline: str) -> Iterator[None]:
    """Holds the lock of a pipeline, or raises PipelineBusy if another process holds it."""
    pipelines_dir.mkdir(parents=True, exist_ok=True)
    # beside the working folder, which dlt may remove
    path = pipelines_dir / f".{pipeline}.coveo_source.lock"
    with path.open("a+") as file:
        try:
            _acquire(file)
        except OSError:
            raise PipelineBusy(pipeline, _holder(path)) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _holder(path: Path) -> str:
    try:
        return f"process {path.read_text().strip() or 'unknown'}"
    except OSError:
        return "another process"
