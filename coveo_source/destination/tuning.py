"""The threads and the memory that DuckDB gets while it loads and while it builds models.

DuckDB keeps uncompressed row groups in memory, in each thread and for each table that it loads. On
two cores, more threads or tables at once were no faster; two tables at once also went through its
log first, which took three times the disk space.
"""

from collections.abc import Mapping
from typing import Any

from ..file_settings import read_file_settings
from ..machine import cores, memory_mb
from ..settings import LEAST_MEMORY

TABLES_AT_ONCE = 1
"""Tables that are loaded in parallel."""
LOADING_THREADS = 1
"""DuckDB's threads while it loads."""
_LOADING_MB = 200
"""Megabytes that it gets at most: more does not make it faster. The rest is spilled to disk."""
_EARLY_MB = 800
"""The budget from which on rows are inserted while they are read, which takes 300 MB more."""

MEGABYTES_A_THREAD = 400
"""Megabytes for each thread that builds models."""
_SHARE = 4
"""What a command takes by default is one part in so many of what it may use."""
_PYTHON_MB = 200
"""Megabytes that Python, dlt and Arrow themselves take of the budget."""


def budget_mb() -> int:
    """Returns how many megabytes DuckDB may take.

    That is what the setting `memory_limit` says, or a quarter of what the machine or the container
    gives, but for what Python and Arrow take.

    Raises:
        SettingError: if the setting is not accepted
    """
    given = read_file_settings().memory_limit
    return (given or max(LEAST_MEMORY, (memory_mb() or 0) // _SHARE)) - _PYTHON_MB


def within_budget() -> Mapping[str, Any]:
    """Returns DuckDB's settings where nothing else is said."""
    return {"threads": cores(), "memory_limit": f"{budget_mb()}MB"}


def loading() -> Mapping[str, Any]:
    """Returns DuckDB's settings while it loads."""
    return {
        "threads": LOADING_THREADS,
        "write_buffer_row_group_count": 1,
        "memory_limit": f"{min(_LOADING_MB, budget_mb() // 2)}MB",
    }


def loads_early() -> bool:
    """Returns True if there is enough memory to insert rows while they are read."""
    return budget_mb() >= _EARLY_MB


def building() -> Mapping[str, Any]:
    """Returns DuckDB's settings while it builds models."""
    megabytes = budget_mb()
    return {
        "threads": building_threads(megabytes),
        "write_buffer_row_group_count": 1,
        "memory_limit": f"{megabytes}MB",
    }


def building_threads(megabytes: int) -> int:
    """Returns in how many threads DuckDB builds models, each of which keeps rows of its own.

    megabytes: what DuckDB may take. If that is little, two threads take twice the time of one.
    """
    return min(cores(), max(1, megabytes // MEGABYTES_A_THREAD))
