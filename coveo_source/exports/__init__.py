"""One window's export, from the request to a checked file."""

from .cleanup import after_load, delete_exports
from .export import Export
from .fetch import ExportFile
from .job import ExportOwner, ExportRequest, owned_by
from .prefetch import Prefetch
from .window import (
    SHORTEST_WINDOW,
    LoadRange,
    Window,
    WindowTables,
    common_windows,
    floor_to,
    halves,
    merge_windows,
    short_time,
    split_after_export,
    split_by_length,
    split_to_limit,
    subtract_window,
    window_between,
    windows_due,
)
