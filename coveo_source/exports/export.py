"""An export as Coveo's API describes it, and waiting until Coveo has built it.

Source: the answers of `GET /exports`, `GET /exports/{exportId}` and `POST /exports`.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ..api import CoveoClient
from ..exceptions import (
    ExportError,
    ExportExpired,
    ExportFailed,
    ExportNotFound,
    ExportTimedOut,
    UnknownAnswer,
    UnknownStatus,
)
from .echo import Echo, reason_of
from .window import LAST_INSTANT, Window

FIRST_WAIT = 0.3
"""Seconds before the first poll; each later pause is half as long again."""
LONGEST_WAIT = 30.0
"""Seconds between two polls at most."""
_LAST_EPOCH = 100_000_000_000_000
"""Milliseconds since 1970: the year 5138, which leaves room to compute with."""


@dataclass(frozen=True)
class Export:
    """An export on Coveo's side.

    status: in upper case; PENDING, AVAILABLE, FAILED, EXPIRED or one that is new to us
    window: taken from the description if we wrote it, else from Coveo's `from` and `to`
    tables: in lower case; empty if Coveo does not name them
    created: when Coveo started it; events that arrived later are not in it
    size: bytes of its file; 0 if Coveo does not say
    echo: what the answer repeats of the request
    message: why it failed, if Coveo says so
    """

    id: str
    status: str
    description: str
    window: Window
    tables: tuple[str, ...]
    created: datetime
    size: int
    echo: Echo = field(default=Echo(), compare=False)
    message: str | None = None

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> "Export":
        """Reads an export object of the API.

        Raises:
            UnknownAnswer: if the answer is not an export object
        """
        try:
            description = answer.get("description") or ""
            return cls(
                id=answer["id"],
                status=str(answer["status"]).upper(),
                description=description,
                window=_described_window(description)
                or Window(_from_epoch(answer["from"]), _from_epoch(answer["to"]) + LAST_INSTANT),
                tables=tuple(table.lower() for table in answer.get("tables") or ()),
                created=_from_epoch(answer["startDate"]),
                size=int(answer.get("size") or 0),
                echo=Echo.parse(answer),
                message=reason_of(answer),
            )
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise UnknownAnswer("read an export", f"{type(error).__name__} {error}") from error

    @property
    def is_alive(self) -> bool:
        """True if the export has a file or may still get one."""
        return self.status in ("PENDING", "AVAILABLE")

    def started_by(self, now: datetime) -> "Export":
        """Returns the export, created as early as can be if Coveo says that it was after now.

        Otherwise late events would be taken to be in it.
        """
        earliest = min(self.created, self.window.end)
        return replace(self, created=earliest) if self.created > now else self

    def __str__(self) -> str:
        return f"The export {self.id} of {self.window}"


def wait(
    export: Export,
    client: CoveoClient,
    timeout: timedelta,
    on_wait: Callable[[float], None] = lambda seconds: None,
    pause: Callable[[float], None] | None = None,
) -> Export:
    """Polls until the export is AVAILABLE, less and less often; returns its final state.

    on_wait: called before each pause with the seconds waited so far
    pause: sleeps for the given seconds, or raises to stop waiting; by default `time.sleep`

    Raises:
        ExportFailed, ExportExpired, UnknownStatus: if it will never have a file
        ExportTimedOut: if it is still PENDING after `timeout`
    """
    started = time.monotonic()
    interval = FIRST_WAIT
    while export.status == "PENDING":
        waited = time.monotonic() - started
        if waited > timeout.total_seconds():
            raise ExportTimedOut(
                str(export),
                f"is still being built after {waited / 60:.0f} minutes",
                "It is kept: run again to use it once it is ready, or raise poll_timeout_minutes.",
            )
        on_wait(waited)
        (pause or time.sleep)(min(interval, max(timeout.total_seconds() - waited, 0) + 0.1))
        interval = min(interval * 1.5, LONGEST_WAIT)
        export = reread(export, client)
    if export.status != "AVAILABLE":
        raise terminal_error(export)
    return export


def reread(export: Export, client: CoveoClient) -> Export:
    """Returns the current state of an export; raises ExportExpired if it no longer exists."""
    try:
        return Export.parse(client.export(export.id))
    except ExportNotFound as error:
        raise ExportExpired(
            str(export), "no longer exists", "Somebody deleted it. Run again to create a new one."
        ) from error


def terminal_error(export: Export) -> ExportError:
    """Returns the error for an export whose status means that it will never have a file."""
    if export.status == "FAILED":
        return ExportFailed(str(export), export.message)
    if export.status == "EXPIRED":
        return ExportExpired(str(export), "is EXPIRED", "Run again to create a new one.")
    return UnknownStatus(
        str(export),
        f"has the status {export.status!r}, which this version does not know",
        "Look for a newer version of coveo-source; if there is none, report the status.",
    )


def _described_window(description: str) -> Window | None:
    """Returns the window in a description; None if it is not one of ours."""
    instant = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z"
    match = re.fullmatch(rf"coveo_source .+ #\w+ {instant}/{instant} .*", description)
    try:
        start, end = map(datetime.fromisoformat, match.groups() if match else ())
    except ValueError:
        return None
    return Window(start.replace(tzinfo=timezone.utc), end.replace(tzinfo=timezone.utc))


def _from_epoch(milliseconds: float) -> datetime:
    """Returns a time in UTC; for an absurd one the nearest with which we can compute."""
    bounded = min(max(milliseconds, 0), _LAST_EPOCH)
    return datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=bounded)
