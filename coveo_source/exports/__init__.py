"""One window's export, from the request to a checked file.

window: the windows that are due, and for which tables
export: an export as Coveo's API describes it
job: finds the export that a request asks for on the server, or creates it
polling: waits until Coveo has built an export
archive: opens the downloaded file of an export, and checks it
download: downloads the file of an export, and checks it
prefetch: fetches the file of the next export in a background thread
fetch: all of these steps for one window, and recovery from what may go wrong
cleanup: deletes exports from Coveo once the load that used them has completed
"""

from .cleanup import after_load, delete
from .export import Export
from .fetch import Count, ExportFile
from .job import ExportOwner, ExportRequest, ours
from .prefetch import Prefetch
from .window import (
    SMALLEST,
    Span,
    Window,
    WindowTables,
    fit,
    floor_to,
    halves,
    short_time,
    split_after_export,
    tiled,
    union,
    windows_due,
)

__all__ = [
    "SMALLEST",
    "Count",
    "Export",
    "ExportFile",
    "ExportOwner",
    "ExportRequest",
    "Prefetch",
    "Span",
    "Window",
    "WindowTables",
    "after_load",
    "delete",
    "fit",
    "floor_to",
    "halves",
    "ours",
    "short_time",
    "split_after_export",
    "tiled",
    "union",
    "windows_due",
]
