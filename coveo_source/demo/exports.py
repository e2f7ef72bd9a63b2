"""The exports on the server, and the threads that build them."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from ..tables import TABLES
from .dimensions import display_name, selected_columns
from .errors import ApiError
from .files import Dialect, Member, write_archive
from .parameters import Order
from .traffic import Row, Traffic

Status: TypeAlias = Literal["PENDING", "AVAILABLE", "FAILED", "EXPIRED"]

_AUTHOR = "demo@example.com"
_GUESSED_BYTES_PER_SECOND = 2
"""Archive size per second of the range, for the `size` of an export that is still pending."""


class _CancelledError(Exception):
    """The export was deleted, or the server closed, during the build."""


class _TooManyRowsError(Exception):
    """The export has more rows than the organization's row limit."""


@dataclass(eq=False)
class Export:
    """One export on the server. Tests may change its `status`, for example to `EXPIRED`.

    order: what to export
    path: where the archive is, once it is built
    size: size of the archive in bytes; a guess until it is built
    reason: why the build failed
    cancelled: set when the export is deleted or the server closes
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
        """Name under which the archive is served."""
        name = self.order.filename or self.id
        return name if name.lower().endswith(".zip") else f"{name}.zip"

    def content(self, link: str) -> dict[str, Any]:
        """Returns the API's description of the export.

        Inferred: the names of the filters, `null` for no description, and that `downloadLink`
        appears only once the export is available. On the last point Coveo contradicts itself:
        its example shows a pending export with a link, its API description says there is none.
        """
        download = {"downloadLink": link} if self.status == "AVAILABLE" else {}
        order = self.order
        return {
            "id": self.id,
            "author": _AUTHOR,
            **download,
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


class ExportStore:
    """All exports on the server, in the order of their creation.

    seconds: minimum time for which an export stays pending
    quota: maximum number of exports, whatever their status
    row_limit: maximum number of rows in an export, all tables together (inferred)
    dialect: how `EXCEL` files are written
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
        """Returns every export, the oldest first."""
        with self._lock:
            return list(self._exports.values())

    def get(self, export_id: str) -> Export:
        """Returns one export.

        Raises:
            ApiError: 404 for an unknown id
        """
        with self._lock:
            if export := self._exports.get(export_id):
                return export
        raise ApiError(404, "EXPORT_NOT_FOUND", f"There is no export with the id {export_id}.")

    def create(self, order: Order, now: datetime) -> Export:
        """Starts to build an export of the events that have arrived by `now`.

        Raises:
            ApiError: 400 if the quota is reached
        """
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
        """Deletes an export and its file.

        Raises:
            ApiError: 404 for an unknown id
        """
        with self._lock:
            export = self.get(export_id)
            del self._exports[export_id]
            export.cancelled.set()
            if export.status != "PENDING":
                export.path.unlink(missing_ok=True)

    def estimate(self, order: Order, now: datetime) -> dict[str, int]:
        """Returns the number of rows of each requested table."""
        counts = self._traffic.counts(order.start, order.end, arrived_by=now, keep=order.keep)
        return {table: counts[table] for table in order.tables}

    def close(self) -> None:
        """Stops all builds."""
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
        guess = 1000 + int((order.end - order.start).total_seconds()) * _GUESSED_BYTES_PER_SECOND
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
        """Writes the archive. Returns why that failed, None if it did not."""
        dialect = self._dialect if export.order.format == "EXCEL" else "no_newline"
        try:
            write_archive(export.path, self._members(export), dialect)
        # any error fails the export, not the server
        except Exception as error:
            return str(error) or type(error).__name__
        return None

    def _members(self, export: Export) -> Iterator[Member]:
        """Yields one file per table. Inferred: a table without a requested column has none."""
        order, guard = export.order, _BuildGuard(self.row_limit, export.cancelled.is_set)
        for table in order.tables:
            columns = selected_columns(table, order.dimensions)
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
                yield Member(TABLES[table].file_name, header, guard.check(rows))


class _BuildGuard:
    """Ends the build of an export that is cancelled or has too many rows."""

    def __init__(self, row_limit: int, is_cancelled: Callable[[], bool]) -> None:
        self._limit = row_limit
        self._left = row_limit
        self._is_cancelled = is_cancelled

    def check(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yields the rows of one table. The limit applies to all tables together."""
        for row in rows:
            if self._left == 0:
                raise _TooManyRowsError(f"The export has more than {self._limit} rows.")
            if self._left & 0xFF == 0 and self._is_cancelled():
                raise _CancelledError
            self._left -= 1
            yield row


def _epoch_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
