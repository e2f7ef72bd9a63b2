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

from .cleanup import after_load, delete_exports
from .export import Export
from .fetch import Count, ExportFile
from .job import ExportOwner, ExportRequest, owned_by
from .prefetch import Prefetch
from .window import (
    SHORTEST_WINDOW,
    LoadRange,
    Window,
    WindowTables,
    floor_to,
    halves,
    merge_windows,
    short_time,
    split_after_export,
    split_by_length,
    split_to_limit,
    windows_due,
)

__all__ = [
    "SHORTEST_WINDOW",
    "Count",
    "Export",
    "ExportFile",
    "ExportOwner",
    "ExportRequest",
    "LoadRange",
    "Prefetch",
    "Window",
    "WindowTables",
    "after_load",
    "delete_exports",
    "floor_to",
    "halves",
    "merge_windows",
    "owned_by",
    "short_time",
    "split_after_export",
    "split_by_length",
    "split_to_limit",
    "windows_due",
]
