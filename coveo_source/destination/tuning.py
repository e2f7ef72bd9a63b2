"""The threads and the memory that DuckDB gets while it loads and while it builds models.

DuckDB keeps uncompressed row groups in memory, in each thread and for each table that it loads. On
two cores, more threads or tables at once were no faster; two tables at once also went through its
log first, which took three times the disk space.
"""

from collections.abc import Mapping
from typing import Any

import duckdb

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

MEGABYTES_A_THREAD = 225
"""Megabytes for each thread that builds models, since each thread sorts rows of its own."""
BYTES_AN_EVENT = 400
"""Bytes that a full build of `search_outcomes`, the model with the most joins, needs per event."""


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


def building(events: int = 0) -> Mapping[str, Any]:
    """Returns DuckDB's settings while it builds models.

    events: how many there are, if a model is built in full; else 0. Where they need more than
        DuckDB's default memory limit, the default applies.
    """
    least, needed = MEGABYTES_A_THREAD * max(2, cores()), events * BYTES_AN_EVENT // 10**6
    settings = {"threads": cores(), "write_buffer_row_group_count": 1}
    if needed > least and needed > default_memory_limit():
        return settings
    return {**settings, "memory_limit": f"{max(least, needed)}MB"}


def default_memory_limit() -> float:
    """Returns the memory in megabytes that DuckDB takes on this machine by default."""
    with duckdb.connect(":memory:") as database:
        [(text,)] = database.execute("select current_setting('memory_limit')").fetchall()
    number, unit = text.split()
    return float(number) * 1024.0 ** ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit) / 10**6
