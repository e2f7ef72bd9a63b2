"""One writer at a time on a dataset, whatever the machine: a lease in the dataset's record.

The holder renews it; a lease that nobody renews expires, so a crash blocks others for minutes at
most. On the machine of the crash, where one can see that the process is gone, it blocks nobody.

A DuckLake whose catalog is a file cannot be written to beside a load: there the lease is not
renewed, and a lock on a file beside the catalog takes the place of its time.
"""

import atexit
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import dlt
from dlt.destinations.job_client_impl import SqlJobClientBase

from ..destination import catalog_file, unchanged_settings, without_waiting
from ..exceptions import DatasetBusy, LeaseLost
from ..file_lock import FileLock
from .comments import write_comments
from .owner import RECORD, DatasetRecord, Owner, claim, settle
from .sql import DatasetSql, client_of_dataset, open_dataset

DURATION = timedelta(minutes=2)
"""How long a lease lasts after it was last renewed."""
_RENEWAL_SECONDS = 20.0
"""Seconds between two renewals."""
_END_SECONDS = 5.0
"""Seconds to wait for a renewal at the end: a run ends soon although its database hangs."""

_held: dict[str, "Lease"] = {}
"""The leases that this process holds, by holder."""


class Lease:
    """The right to write to a dataset, until it is released.

    record: what the dataset says of itself
    lock: the lock that decides who holds it; None if its time does
    """

    def __init__(
        self,
        record: DatasetRecord,
        client: SqlJobClientBase,
        lock: FileLock | None = None,
    ) -> None:
        self.record = record
        self.holder = uuid4().hex
        self._client = client
        self._lock = lock
        self._lost = threading.Event()
        self._released = threading.Event()
        self._renewing = threading.Lock()
        self._thread = threading.Thread(target=self._renew_regularly, name="lease", daemon=True)

    def acquire(self, dataset: DatasetSql) -> None:
        """Takes the lease if it is free, expired or held by a process that is gone.

        Raises:
            DatasetBusy: if another run holds it
        """
        if (not self._lock or self._lock.acquire()) and self._take(dataset):
            _held[self.holder] = self
            if not self._lock:
                self._thread.start()
            # a thread that is in the database's code when Python ends would abort the process
            atexit.register(self.stop)
            return
        self.unlock()
        raise _busy(dataset)

    def check(self) -> None:
        """Raises LeaseLost if another run has taken the lease, since it had expired."""
        if self._lost.is_set():
            raise LeaseLost

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Opens no connection meanwhile; renews the lease afterwards."""
        with self._renewing:
            yield
        if self._lock:
            return
        with suppress(Exception):
            self._renew()

    def stop(self) -> None:
        """Ends the renewals, and waits for one that has begun."""
        self._released.set()
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS)
        _held.pop(self.holder, None)
        atexit.unregister(self.stop)

    def unlock(self) -> None:
        """Gives back the lock, if there is one; to be called last."""
        if self._lock:
            self._lock.release()

    def release(self, dataset: DatasetSql) -> None:
        """Lets others take the lease."""
        free = {"holder": None, "held_by": None, "heartbeat_at": None, "expires_at": None}
        dataset.update(RECORD.name, free, "holder = %s", self.holder)

    def _take(self, dataset: DatasetSql) -> bool:
        now = dataset.now()
        # one statement, so that of several runs that try it at the same time only one succeeds
        dataset.update(
            RECORD.name,
            {"holder": self.holder, "held_by": _this_process(), **_times(dataset)},
            "dataset_id = %s and (holder is null or expires_at < %s or holder = %s)",
            self.record.id,
            now,
            self._gone_holder(dataset) or "",
        )
        query = f"select dataset_id, holder from {dataset.table(RECORD.name)}"
        rows: dict[str, str | None] = dict(dataset.rows(query))
        mine = rows.pop(self.record.id, None) == self.holder
        if not rows:
            return mine
        # two runs made a record at the same time, each its own: only one may stay
        if mine and not any(rows.values()):
            others = f"delete from {dataset.table(RECORD.name)} where dataset_id <> %s"
            dataset.execute(others, self.record.id)
            return True
        own = f"delete from {dataset.table(RECORD.name)} where dataset_id = %s and holder = %s"
        dataset.execute(own, self.record.id, self.holder)
        return False

    def _gone_holder(self, dataset: DatasetSql) -> str | None:
        """Returns the holder in the record if it holds the lease no more."""
        if not self._lock:
            return _dead_holder(dataset)
        rows = dataset.rows(f"select holder from {dataset.table(RECORD.name)}")
        return next((str(holder) for (holder,) in rows if holder), None)

    def _renew_regularly(self) -> None:
        while not self._released.wait(_RENEWAL_SECONDS):
            # a renewal that fails is tried again; others may take the lease only once it expires
            with suppress(Exception):
                self._renew()

    def _renew(self) -> None:
        with self._renewing, without_waiting(), self._client:
            dataset = DatasetSql(self._client)
            if not self._released.is_set():
                dataset.update(RECORD.name, _times(dataset), "holder = %s", self.holder)
                current = dataset.rows(f"select holder from {dataset.table(RECORD.name)}")
                if current != [(self.holder,)] and not self._released.is_set():
                    self._lost.set()


@contextmanager
def hold_lease(pipeline: dlt.Pipeline, owner: Owner) -> Iterator[Lease | None]:
    """Claims a dataset for its owner and holds its lease; yields None if there is no SQL.

    Raises:
        PipelineMismatch: if the dataset belongs to another owner
        DatasetBusy: if another run is writing to it
    """
    lease = take_lease(pipeline, owner)
    try:
        yield lease
    finally:
        if lease:
            give_back(pipeline, lease)


def take_lease(pipeline: dlt.Pipeline, owner: Owner) -> Lease | None:
    """Claims a dataset for its owner and takes its lease; see `hold_lease`."""
    with open_dataset(pipeline) as dataset:
        # it is renewed while rows are loaded and models are built, which have settings of their own
        with unchanged_settings(pipeline):
            client = client_of_dataset(pipeline)
        if dataset is None or client is None:
            return None
        record = claim(pipeline, dataset, owner)
        catalog = catalog_file(pipeline)
        lock = FileLock(catalog.with_name(f"{catalog.name}.lock")) if catalog else None
        lease = Lease(record, client, lock)
        lease.acquire(dataset)
        lease.record = settle(dataset, record, owner)
        return lease


def is_leased(dataset: DatasetSql) -> bool:
    """Returns True if somebody is writing to a dataset now."""
    query = f"select holder from {dataset.table(RECORD.name)} where expires_at > %s"
    return any(holder for (holder,) in dataset.rows(query, dataset.now()))


def give_back(pipeline: dlt.Pipeline, lease: Lease) -> None:
    """Ends the work on a dataset, with comments on its tables, and releases its lease.

    If the database cannot be reached, the lease expires.
    """
    lease.stop()
    with suppress(Exception), open_dataset(pipeline) as dataset:
        if dataset:
            # nothing is to be written any more, and the connection is open
            write_comments(pipeline, dataset)
            lease.release(dataset)
    lease.unlock()


def _times(dataset: DatasetSql) -> dict[str, object]:
    now = dataset.now()
    return {"heartbeat_at": now, "expires_at": now + DURATION}


def _busy(dataset: DatasetSql) -> DatasetBusy:
    query = f"select held_by, expires_at from {dataset.table(RECORD.name)}"
    [(held_by, expires_at), *_] = dataset.rows(query) or [(None, None)]
    machine, _, process = str(held_by or "another machine").partition("/")
    pid = process.rpartition("/")[2]
    return DatasetBusy(f"process {pid} on {machine}" if pid else machine, expires_at)


def _dead_holder(dataset: DatasetSql) -> str | None:
    """Returns the holder of a lease if its process was on this machine and is gone."""
    for holder, held_by in dataset.rows(
        f"select holder, held_by from {dataset.table(RECORD.name)}"
    ):
        place, _, pid = str(held_by).rpartition("/")
        own_place, _, own_pid = _this_process().rpartition("/")
        if place == own_place and holder not in _held and (pid == own_pid or not _is_alive(pid)):
            return str(holder)
    return None


def _this_process() -> str:
    """Returns machine and process: two of one name on different machines differ in the middle."""
    return "/".join([socket.gethostname(), _machine(), str(os.getpid())])


def _machine() -> str:
    """Returns an id of the running system and, in a container, of its processes' namespace."""
    found = []
    with suppress(OSError):
        found.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        found.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return "-".join(found)


def _is_alive(pid: str) -> bool:
    if sys.platform == "win32":
        # there, os.kill would end the process
        return True
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return not _is_unreaped(pid)


def _is_unreaped(pid: str) -> bool:
    """Returns True if a process has ended, but nobody has asked for its exit code yet.

    In a container, where the first process may not be an init, that can stay so.
    """
    with suppress(OSError):
        # the name of the program, in parentheses, may hold anything
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state in ("Z", "X")
    return False
