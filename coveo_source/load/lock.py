"""One run at a time on a pipeline.

Two that load at once would merge through the same staging tables and could lose rows. The lock
is the operating system's, so that of a process that was killed is gone with it.
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

    def acquire(file: IO[str]) -> None:
        """Locks an open file, or raises OSError at once if another process has it."""
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def acquire(file: IO[str]) -> None:
        """Locks an open file, or raises OSError at once if another process has it."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def only_run(pipelines_dir: Path, pipeline: str) -> Iterator[None]:
    """Holds a pipeline's lock; it stands beside the working folder, which dlt may remove.

    Raises:
        PipelineBusy: if another process holds it
    """
    pipelines_dir.mkdir(parents=True, exist_ok=True)
    path = pipelines_dir / f".{pipeline}.coveo_source.lock"
    with path.open("a+") as file:
        try:
            acquire(file)
        except OSError:
            raise PipelineBusy(pipeline, holder(path)) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def holder(path: Path) -> str:
    """The process that holds a lock, as far as it is known."""
    try:
        return f"process {path.read_text().strip() or 'unknown'}"
    except OSError:
        return "another process"
