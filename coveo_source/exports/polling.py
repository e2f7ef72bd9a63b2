"""Waits until Coveo has built an export."""

import time
from collections.abc import Callable
from datetime import timedelta

from ..api.client import CoveoClient
from ..exceptions import (
    ExportExpired,
    ExportFailed,
    ExportNotFound,
    ExportTimedOut,
    UnknownStatus,
)
from .export import Export

FIRST_WAIT = 0.3
LONGEST_WAIT = 30.0


def wait(
    export: Export,
    client: CoveoClient,
    timeout: timedelta,
    on_wait: Callable[[float], None] = lambda seconds: None,
    pause: Callable[[float], None] | None = None,
) -> Export:
    """Polls until the file is there, ever less often.

    on_wait: called before each pause with the seconds waited so far
    pause: sleeps so many seconds, or raises where nobody waits any more

    Raises:
        ExportFailed, ExportExpired, ExportTimedOut, UnknownStatus: no file will come
    """
    started = time.monotonic()
    length = FIRST_WAIT
    while export.status == "PENDING":
        waited = time.monotonic() - started
        if waited > timeout.total_seconds():
            raise ExportTimedOut(
                str(export),
                f"is still being built after {waited / 60:.0f} minutes",
                "It is kept: run again and it is used as soon as it is there, or raise"
                " poll_timeout_minutes.",
            )
        on_wait(waited)
        (pause or time.sleep)(min(length, max(timeout.total_seconds() - waited, 0) + 0.1))
        length = min(length * 1.5, LONGEST_WAIT)
        export = reread(export, client)
    if export.status != "AVAILABLE":
        raise terminal_error(export)
    return export


def reread(export: Export, client: CoveoClient) -> Export:
    """The export as it is now."""
    try:
        return Export.parse(client.export(export.id))
    except ExportNotFound as error:
        raise ExportExpired(
            str(export), "is gone", "Somebody deleted it. Run again and a new one is made."
        ) from error


def terminal_error(export: Export) -> Exception:
    """The error for a status from which no file comes."""
    if export.status == "FAILED":
        return ExportFailed(
            str(export),
            "ended as FAILED, and Coveo does not say why",
            "Run again; if it fails again, ask Coveo's support about this id.",
        )
    if export.status == "EXPIRED":
        return ExportExpired(str(export), "is EXPIRED", "Run again and a new one is made.")
    return UnknownStatus(
        str(export),
        f"has the status {export.status!r}, which this version does not know",
        "Look for a newer version of coveo-source, and report the status if there is none.",
    )
