"""Waits until Coveo has built an export."""

import time
from collections.abc import Callable
from datetime import timedelta

from ..api import CoveoClient
from ..exceptions import (
    ExportError,
    ExportExpired,
    ExportFailed,
    ExportNotFound,
    ExportTimedOut,
    UnknownStatus,
)
from .export import Export

FIRST_WAIT = 0.3
"""Seconds before the first poll; each later pause is half as long again."""
LONGEST_WAIT = 30.0
"""Seconds between two polls at most."""


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
    """Returns the current state of an export.

    Raises:
        ExportExpired: if it no longer exists
    """
    try:
        return Export.parse(client.export(export.id))
    except ExportNotFound as error:
        raise ExportExpired(
            str(export), "no longer exists", "Somebody deleted it. Run again to create a new one."
        ) from error


def terminal_error(export: Export) -> ExportError:
    """Returns the error for an export whose status means that it will never have a file."""
    if export.status == "FAILED":
        return ExportFailed(
            str(export),
            "ended as FAILED, and Coveo does not say why",
            "Run again; if it fails again, contact Coveo's support and quote this id.",
        )
    if export.status == "EXPIRED":
        return ExportExpired(str(export), "is EXPIRED", "Run again to create a new one.")
    return UnknownStatus(
        str(export),
        f"has the status {export.status!r}, which this version does not know",
        "Look for a newer version of coveo-source; if there is none, report the status.",
    )
