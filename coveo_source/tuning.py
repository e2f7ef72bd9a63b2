"""Settings under which DuckDB, as the destination, loads fast in little memory.

DuckDB keeps rows in memory, uncompressed, until a group of them is full, in each of its threads
and for several groups at once. dlt loads tables side by side, each in a thread of its own, so one
thread a query is as fast and needs a fraction of the memory.
"""

from typing import Any

import dlt
from dlt.common.destination import Destination

LOADING: dict[str, Any] = {
    "threads": 1,
    "write_buffer_row_group_count": 1,
    "memory_limit": "512MB",
}
"""DuckDB's settings while loading; what is configured for the destination comes first."""


class FrugalDuckDb(dlt.destinations.duckdb):
    """dlt's DuckDB destination with other defaults; it is recorded under dlt's own name."""

    @property
    def destination_type(self) -> str:
        """The type that a pipeline remembers, so that all of dlt's commands know it."""
        return "dlt.destinations.duckdb"

    def configuration(self, initial_config: Any, accept_partial: bool = False) -> Any:
        """What dlt finds in arguments, environment and files, over our defaults."""
        config = super().configuration(initial_config, accept_partial)
        if config.credentials:
            configured = config.credentials.global_config or {}
            config.credentials.global_config = {**LOADING, **configured}
        return config


def tuned(destination: str) -> Destination[Any, Any]:
    """A destination by its name in dlt; DuckDB with our defaults.

    Raises:
        UnknownDestinationModule: if dlt knows none of this name
    """
    found: Destination[Any, Any] = Destination.from_reference(destination)  # type: ignore[assignment]
    if type(found) is dlt.destinations.duckdb:
        return FrugalDuckDb(**found.config_params, **found.caps_params)
    return found
