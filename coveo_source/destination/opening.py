"""Opens the file of a database: waits as long as another process has it open.

DuckDB lets one process write to a file, or several read it. dlt opens and closes it some twenty
times in a run, and whoever looks at it in between, for as long as that takes, is in the way of the
next opening. All of them come through here.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from pathlib import PurePath
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import duckdb
from dlt.common import logger
from dlt.common.destination import Destination
from dlt.common.runtime import signals
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from ..causes import causes
from ..exceptions import DatabaseHeld, DatabaseUnusable
from ..file_settings import read_file_settings
from ..signals import interruptible

_TOLD_SECONDS = 1.0
"""What is shorter than this is not worth a line."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
"""Seconds between two attempts. Somebody who opens the file again and again leaves small gaps."""

_LOCKED = re.compile(r'Could not set lock on file "(?P<file>.*?)"')
_IN_USE = re.compile(r'Cannot open file "(?P<file>.*?)": .*used by another process', re.DOTALL)
_REFUSED = re.compile(
    r'Cannot open file "(?P<file>.*?)": (?P<reason>Permission denied|Read-only file system)'
)
_HOLDER = re.compile(
    r"(?:lock is held in|already open in)\s+(?P<program>.*?)\s*\(?PID (?P<id>\d+)\)?", re.DOTALL
)
_READER = "open this database in read-only mode"
"""What DuckDB says if the other process only reads."""

_waits: ContextVar[bool] = ContextVar("waits", default=True)
_Opened = TypeVar("_Opened")


class _Held(NamedTuple):
    """A file that another process has open.

    holder: the process, as people read it
    is_read: whether that process only reads it
    """

    file: str
    holder: str
    is_read: bool


class Patience:
    """How long the openings of a destination wait for its file, and whom they tell.

    One wait goes on until an opening succeeds: dlt repeats some of those that fail.

    limit: None for the setting wait_minutes
    """

    def __init__(
        self, limit: timedelta | None = None, say: Callable[[str], None] = logger.warning
    ) -> None:
        self._limit = limit
        self._say = say
        self._since: float | None = None
        self._told: set[str] = set()

    def opened(self, opening: Callable[[], _Opened]) -> _Opened:
        """Returns what an opening returns, as soon as no other process is in its way.

        Raises:
            DatabaseHeld: if that takes too long
            DatabaseUnusable: if the file may not be opened
        """
        while True:
            try:
                opened = opening()
            except DatabaseUnusable:
                raise
            except Exception as error:
                if refused := _refused(error):
                    raise refused from error
                held = _held(error)
                if held is None:
                    raise
                self._wait(held, error)
            else:
                self._since = None
                return opened

    def _wait(self, held: _Held, error: Exception) -> None:
        """Waits a moment, or gives up."""
        limit = read_file_settings().wait if self._limit is None else self._limit
        refusal = DatabaseHeld(held.file, held.holder, held.is_read, limit)
        # dlt waits for its threads before it stops, and so they must not wait for anything
        if signals.was_signal_received():
            raise refusal from signals.exception_for_signal()
        if not _waits.get():
            raise refusal from error
        since = self._since = self._since or time.monotonic()
        waited = time.monotonic() - since
        if waited >= limit.total_seconds():
            raise refusal from error
        if waited >= _TOLD_SECONDS and held.holder not in self._told:
            self._told.add(held.holder)
            does = "reads" if held.is_read else "writes to"
            self._say(
                f"{held.file} is open in {held.holder}, which {does} it: waiting until it is"
                f" closed there, for up to {limit.total_seconds() / 60:g} minutes."
            )
        with interruptible():
            time.sleep(min(max(waited / 4, _FIRST_PAUSE), _LONGEST_PAUSE))


_patience: "WeakKeyDictionary[Destination[Any, Any], Patience]" = WeakKeyDictionary()


def patience_of(destination: Destination[Any, Any]) -> Patience:
    """Returns the patience of a destination: its own, or the usual one."""
    return _patience.setdefault(destination, Patience())


def be_patient(
    destination: Destination[Any, Any], limit: timedelta | None, say: Callable[[str], None]
) -> None:
    """Has the openings of a destination wait that long from now on, and tell it."""
    _patience[destination] = Patience(limit, say)


@contextmanager
def without_waiting() -> Iterator[None]:
    """Lets openings in this thread fail at once if another process has the file."""
    token = _waits.set(False)
    try:
        yield
    finally:
        _waits.reset(token)


def open_patiently(client: Any, destination: Destination[Any, Any]) -> None:
    """Has a client of dlt's wait whenever it opens a file of DuckDB's; others stay as they are."""
    sql_client = getattr(client, "sql_client", None)
    if isinstance(sql_client, DuckDbSqlClient):
        opening = partial(patience_of(destination).opened, sql_client.open_connection)
        sql_client.open_connection = opening  # type: ignore[method-assign]


def _held(error: BaseException) -> _Held | None:
    """Returns who has the file that could not be opened; None if that is not why."""
    for cause in causes(error):
        text = str(cause)
        found = _LOCKED.search(text) or _IN_USE.search(text)
        if found and isinstance(cause, duckdb.IOException):
            return _Held(found["file"], _holder(text), _READER in text)
    return None


def _holder(text: str) -> str:
    found = _HOLDER.search(text)
    if not found:
        return "another process"
    return f"{PurePath(found['program']).name or 'a program'} (process {found['id']})"


def _refused(error: BaseException) -> DatabaseUnusable | None:
    """Returns the error of a file that may not be opened; None if that is not why."""
    for cause in causes(error):
        found = _REFUSED.search(str(cause))
        if found and isinstance(cause, duckdb.IOException):
            file, reason = found["file"], found["reason"]
            return DatabaseUnusable(
                f"The database {file} cannot be opened: {reason}. What was loaded stays loaded."
                " Let the user of this process read and write the file and its folder,"
                f" {PurePath(file).parent}, then run again."
            )
    return None
