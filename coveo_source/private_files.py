"""Files and folders that only their owner may read, because they hold what people searched for."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

_users_umask: ContextVar[int | None] = ContextVar("users_umask", default=None)


@contextmanager
def private_umask() -> Iterator[None]:
    """Lets only their owner read the files and folders that this process creates meanwhile."""
    before = os.umask(0o077)
    token = _users_umask.set(before)
    try:
        yield
    finally:
        _users_umask.reset(token)
        os.umask(before)


@contextmanager
def users_umask() -> Iterator[None]:
    """Lets others read what is created meanwhile, as the user's own umask says."""
    umask = _users_umask.get()
    if umask is None:
        yield
        return
    private = os.umask(umask)
    try:
        yield
    finally:
        os.umask(private)


def make_private(folder: Path) -> None:
    """Lets only their owner read a folder and everything in it."""
    for path in (folder, *folder.rglob("*")):
        # what belongs to somebody else stays as it is
        with suppress(OSError):
            if not path.is_symlink():
                path.chmod(0o700 if path.is_dir() else 0o600)


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
