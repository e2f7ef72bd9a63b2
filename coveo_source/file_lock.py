"""A file that one process at a time holds.

The operating system holds the lock, so it is released even if the process is killed.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """A lock on a file, which is made for it and stays."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Takes the lock; returns False if somebody else has it, in this process or another."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return True

    def release(self) -> None:
        """Gives the lock back, if it was taken."""
        if self._file:
            self._file.close()
            self._file = None

    @property
    def holder(self) -> str:
        """The process that has the lock, as a text."""
        with suppress(OSError):
            return f"process {self._path.read_text().strip() or 'unknown'}"
        return "another process"
