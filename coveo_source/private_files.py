"""Files and folders that only their owner may read: people's searches lie in them for a while."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal


def private_file(path: Path, mode: Literal["wb", "ab"] = "wb") -> BinaryIO:
    """Opens a file for writing that only its owner may read."""
    return open(path, mode, opener=partial(os.open, mode=0o600))


@contextmanager
def private_folder(path: Path) -> Iterator[Path]:
    """An empty folder that only its owner may read, gone afterwards with all that is in it.

    What a process that was killed left there goes first.
    """
    clear(path)
    path.mkdir(mode=0o700, parents=True)
    try:
        yield path
    finally:
        clear(path)


def clear(folder: Path) -> None:
    """Removes a folder with all that is in it, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)
