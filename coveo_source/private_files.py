"""Files and folders that only their owner may read, because they hold what people searched for."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal


def private_file(path: Path, mode: Literal["wb", "ab"] = "wb") -> BinaryIO:
    """Opens a file for writing; if it is new, only its owner may read it."""
    return open(path, mode, opener=partial(os.open, mode=0o600))


@contextmanager
def private_folder(path: Path) -> Iterator[Path]:
    """Creates an empty folder that only its owner may read, and deletes it afterwards.

    Anything that a killed process left there is deleted first.
    """
    delete_folder(path)
    path.mkdir(mode=0o700, parents=True)
    try:
        yield path
    finally:
        delete_folder(path)


def delete_folder(folder: Path) -> None:
    """Deletes a folder and everything in it, if it exists."""
    shutil.rmtree(folder, ignore_errors=True)
