"""ClickHouse as the destination: dlt's own, with the settings that standard SQL needs there."""

from typing import Any

import dlt

SETTINGS = {
    # rows that a left join does not find are null, not 0 or ''
    "join_use_nulls": "1",
    # as in standard SQL, where they mean `distinct`
    "union_default_mode": "DISTINCT",
    "except_default_mode": "DISTINCT",
    "intersect_default_mode": "DISTINCT",
    # a text with a time zone is a time
    "cast_string_to_date_time_mode": "best_effort",
    # an update or delete is done when its statement ends
    "mutations_sync": "2",
    "lightweight_deletes_sync": "2",
    # bytes; the statement of a model with hundreds of dimensions is long
    "max_query_size": str(16 << 20),
}
"""https://clickhouse.com/docs/operations/settings/settings"""


class TunedClickHouse(dlt.destinations.clickhouse):
    """dlt's ClickHouse destination; a pipeline records it under dlt's own name."""

    @property
    def destination_type(self) -> str:
        """The type that a pipeline records; dlt's own, so that all of dlt's commands know it."""
        return "dlt.destinations.clickhouse"

    def configuration(self, initial_config: Any, accept_partial: bool = False) -> Any:
        """Returns what dlt finds in arguments, environment and files, with our settings."""
        config = super().configuration(initial_config, accept_partial)
        if config.credentials:
            config.credentials.query = {**(config.credentials.query or {}), **SETTINGS}
        return config
