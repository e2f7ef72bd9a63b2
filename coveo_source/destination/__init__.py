"""What we change of dlt's destinations: DuckDB loads and builds in little memory, each row once.

tuning: chooses DuckDB's threads and memory
jobs: writes rows into DuckDB without a staging table
duckdb: makes both of them a dlt destination
"""

from .duckdb import building_settings, loading_settings, tuned
from .jobs import DEDUPLICATED, DirectClient, embed_query

__all__ = [
    "DEDUPLICATED",
    "DirectClient",
    "building_settings",
    "embed_query",
    "loading_settings",
    "tuned",
]
