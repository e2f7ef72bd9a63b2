"""The exports that the server keeps, and the threads that build them."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from ..tables import TABLES
from .dimensions import columns_of, display_name
from .errors import ApiError
from .files import Dialect, Member, write_archive
from .parameters import Order
from .traffic import Row, Traffic

Status: TypeAlias = Literal["PENDING", "AVAILABLE", "FAILED", "EXPIRED"]

AUTHOR = "demo@example.com"
_BYTES_A_SECOND = 2


class _CancelledError(Exception):
    """The export was deleted, or the server closed, while it was being built."""


class _TooManyRowsError(Exception):
    """The export has more rows than the organization may have in one."""


@dataclass(eq=False)
class Export:
    """One export on the server. Tests may change `status`, to `EXPIRED` for one.

    size: bytes of the archive; a guess until it is built
    reason: why it failed
    """

    id: str
    order: Order
    created: datetime
    path: Path
    size: int
    status: Status = "PENDING"
    reason: str | None = None
    cancelled: Event = field(default_factory=Event, repr=False)

    @property
    def file_name(self) -> str:
        """The name under which the archive is served."""
        name = self.order.filename or self.id
        return name if name.lower().endswith(".zip") else f"{name}.zip"

    def content(self, link: str) -> dict[str, Any]:
        """What the API says of it.

        The names of the filters, `null` for no description and that `downloadLink` is there
        only once the export is ready are inferred: the documented example has the link in
        an export that is pending, the API description says that it is not there yet.
        """
        ready = {"downloadLink": link} if self.status == "AVAILABLE" else {}
        order = self.order
        return {
            "id": self.id,
            "author": AUTHOR,
            **ready,
            "startDate": _epoch_ms(self.created),
            "from": _epoch_ms(order.start),
            "to": _epoch_ms(order.last),
            "filters": {name: " AND ".join(texts) for name, texts in order.filters.items()},
            "description": order.description,
            "size": self.size,
            "status": self.status,
            "tables": list(order.tables),
            "downloadable": self.status in ("PENDING", "AVAILABLE"),
            "dimensions": list(order.dimensions),
            "replayable": False,
            "usingDisplayNames": order.display_names,
            "scheduleId": None,
        }


class Ledger:
    """All exports, from the first to the last that was created.

    seconds: how long an export stays pending, at least
    quota: how many exports are kept at most, whatever their status
    row_limit: rows that one export may have, all tables together (inferred)
    """

    def __init__(
        self,
        traffic: Traffic,
        folder: Path,
        *,
        seconds: float,
        quota: int,
        row_limit: int,
        dialect: Dialect,
    ) -> None:
        self.row_limit = row_limit
        self._traffic = traffic
        self._folder = folder
        self._seconds = seconds
        self._quota = quota
        self._dialect: Dialect = dialect
        self._exports: dict[str, Export] = {}
        self._threads: list[Thread] = []
        self._lock = RLock()

    def all(self) -> list[Export]:
        """Every export that is kept."""
        with self._lock:
            return list(self._exports.values())

    def get(self, export_id: str) -> Export:
        """One export. Raises ApiError (404) for an unknown id."""
        with self._lock:
            if export := self._exports.get(export_id):
                return export
        raise ApiError(404, "EXPORT_NOT_FOUND", f"There is no export with the id {export_id}.")

    def create(self, order: Order, now: datetime) -> Export:
        """Begin to build an export of what has arrived by now. Raises ApiError (400)."""
        with self._lock:
            self._check_quota()
            export = self._new(order, now)
            self._exports[export.id] = export
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = Thread(target=self._build, args=(export,), daemon=True)
            self._threads.append(thread)
            thread.start()
        return export

    def delete(self, export_id: str) -> None:
        """Forget an export and its file. Raises ApiError (404) for an unknown id."""
        with self._lock:
            export = self.get(export_id)
            del self._exports[export_id]
            export.cancelled.set()
            if export.status != "PENDING":
                export.path.unlink(missing_ok=True)

    def estimate(self, order: Order, now: datetime) -> dict[str, int]:
        """The number of rows of each table that is asked for."""
        counts = self._traffic.counts(order.start, order.end, arrived_by=now, keep=order.keep)
        return {table: counts[table] for table in order.tables}

    def close(self) -> None:
        """Stop building."""
        for export in self.all():
            export.cancelled.set()
        for thread in list(self._threads):
            thread.join(timeout=5)

    def _check_quota(self) -> None:
        if len(self._exports) >= self._quota:
            raise ApiError(
                400,
                "EXPORT_LIMIT_REACHED",
                f"The organization has reached its limit of {self._quota} exports; delete one "
                "that is no longer needed.",
            )

    def _new(self, order: Order, now: datetime) -> Export:
        export_id = str(uuid4())
        guess = 1000 + int((order.end - order.start).total_seconds()) * _BYTES_A_SECOND
        return Export(export_id, order, now, self._folder / f"{export_id}.zip", guess)

    def _build(self, export: Export) -> None:
        ready_at = time.monotonic() + self._seconds
        reason = self._write(export)
        export.cancelled.wait(max(0.0, ready_at - time.monotonic()))
        with self._lock:
            if export.cancelled.is_set() or reason is not None:
                export.path.unlink(missing_ok=True)
            else:
                export.size = export.path.stat().st_size
            export.status = "AVAILABLE" if reason is None else "FAILED"
            export.reason = reason

    def _write(self, export: Export) -> str | None:
        """Why there is no archive, None if there is one."""
        plain = export.order.format == "EXCEL"
        try:
            write_archive(
                export.path, self._members(export), self._dialect if plain else "no_newline"
            )
        # whatever it is, the export fails, not the server
        except Exception as error:
            return str(error) or type(error).__name__
        return None

    def _members(self, export: Export) -> Iterator[Member]:
        """A table of which no column is asked for has no file (inferred)."""
        order, rows_left = export.order, _Allowance(self.row_limit, export.cancelled.is_set)
        for table in order.tables:
            columns = columns_of(table, order.dimensions)
            rows = self._traffic.rows(
                table,
                order.start,
                order.end,
                arrived_by=export.created,
                columns=columns,
                keep=order.keep.get(table),
            )
            header = [display_name(c) for c in columns] if order.display_names else columns
            if columns:
                yield Member(TABLES[table].file_name, header, rows_left.spend(rows))


class _Allowance:
    """The rows that an export may still have."""

    def __init__(self, limit: int, cancelled: Callable[[], bool]) -> None:
        self._limit = limit
        self._left = limit
        self._cancelled = cancelled

    def spend(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            if self._left == 0:
                raise _TooManyRowsError(f"The export has more than {self._limit} rows.")
            if self._left & 0xFF == 0 and self._cancelled():
                raise _CancelledError
            self._left -= 1
            yield row


def _epoch_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
