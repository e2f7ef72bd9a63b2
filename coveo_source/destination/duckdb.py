"""DuckDB as the destination: how it loads and builds in little memory, and each row only once.

DuckDB keeps rows in memory, uncompressed, until a group of them is full: in each of its threads,
for several groups at once, and for every table that is being loaded. More threads or tables at
once were no faster on two cores; of two at once DuckDB also has to write the rows to its log
first, which took three times the disk.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dlt
from dlt.common.destination import Destination

if TYPE_CHECKING:
    from .jobs import DirectClient

LOADING: Mapping[str, Any] = {
    "threads": 1,
    "write_buffer_row_group_count": 1,
    "memory_limit": "200MB",
}
"""DuckDB's settings while it loads. What does not fit into the memory goes to disk for a while."""


def cores() -> int:
    """The cores that this process may use; DuckDB counts all of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


MEGABYTES_A_THREAD = 225
"""What models have for each thread, since each sorts rows of its own."""

BYTES_AN_EVENT = 400
"""What `search_outcomes`, the model that joins most, takes of each event when built as a whole."""


def building(events: int = 0) -> Mapping[str, Any]:
    """The same while it builds models; never more memory than DuckDB takes by itself.

    events: of which a model is built as a whole
    """
    least, needed = MEGABYTES_A_THREAD * max(2, cores()), events * BYTES_AN_EVENT // 10**6
    settings = {"threads": cores(), "write_buffer_row_group_count": 1}
    if needed > least and needed > own_limit():
        return settings
    return {**settings, "memory_limit": f"{max(least, needed)}MB"}


def own_limit() -> float:
    """The memory that DuckDB takes on this machine if it is not told, in megabytes."""
    import duckdb

    with duckdb.connect(":memory:") as database:
        [(text,)] = database.execute("select current_setting('memory_limit')").fetchall()
    number, unit = text.split()
    return float(number) * 1024.0 ** ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit) / 10**6


TABLES_AT_ONCE = 1


class TunedDuckDb(dlt.destinations.duckdb):
    """dlt's DuckDB destination with other defaults; it is recorded under dlt's own name.

    defaults: settings of DuckDB; those that are configured come first
    """

    defaults: Mapping[str, Any] = {}

    @property
    def destination_type(self) -> str:
        """The type that a pipeline remembers, so that all of dlt's commands know it."""
        return "dlt.destinations.duckdb"

    @property
    def client_class(self) -> "type[DirectClient]":
        """What talks to the database."""
        # here and not above, as in dlt: only who loads needs it
        from .jobs import DirectClient

        return DirectClient

    def configuration(self, initial_config: Any, accept_partial: bool = False) -> Any:
        """What dlt finds in arguments, environment and files, over our defaults."""
        config = super().configuration(initial_config, accept_partial)
        if config.credentials:
            configured = config.credentials.global_config or {}
            config.credentials.global_config = {**self.defaults, **configured}
        return config


@contextmanager
def loading_settings(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Loads into DuckDB with the settings for that.

    What an earlier run left is loaded without them; it may be what there was too little memory for.
    """
    with preset(pipeline, LOADING):
        yield


@contextmanager
def building_settings(
    pipeline: dlt.Pipeline, events: int = 0, limited: bool = True
) -> Iterator[None]:
    """Builds models in DuckDB with the settings for that, or with its own.

    events: of which models are built as a whole

    The file stays open meanwhile, since dlt would open and close it with each of its many short
    connections. Closed, it is complete, and DuckDB keeps nothing of it in memory.
    """
    with preset(pipeline, building(events) if limited else {}):
        if isinstance(pipeline.destination, dlt.destinations.duckdb):
            with pipeline.sql_client():
                yield
        else:
            yield


@contextmanager
def preset(pipeline: dlt.Pipeline, settings: Mapping[str, Any]) -> Iterator[None]:
    """Gives DuckDB these defaults meanwhile."""
    destination = pipeline.destination
    if not isinstance(destination, TunedDuckDb):
        yield
        return
    destination.defaults = settings
    try:
        yield
    finally:
        destination.defaults = {}


def tuned(destination: str) -> Destination[Any, Any]:
    """A destination by its name in dlt; DuckDB with our defaults.

    Raises:
        UnknownDestinationModule: if dlt knows none of this name
    """
    found: Destination[Any, Any] = Destination.from_reference(destination)  # type: ignore[assignment]
    if type(found) is dlt.destinations.duckdb:
        capabilities = {"max_parallel_load_jobs": TABLES_AT_ONCE, **found.caps_params}
        return TunedDuckDb(**found.config_params, **capabilities)
    return found
