"""DuckLake as the destination: Parquet files, and a catalog that says which of them are valid."""

from pathlib import Path
from typing import Any

import dlt

from .opening import open_patiently

_FILES = ("duckdb", "sqlite")
"""Kinds of catalogs that are a file, in which only one transaction can write at a time."""


class TunedDuckLake(dlt.destinations.ducklake):
    """dlt's DuckLake destination; a pipeline records it under dlt's own name."""

    @property
    def destination_type(self) -> str:
        """The type that a pipeline records; dlt's own, so that all of dlt's commands know it."""
        return "dlt.destinations.ducklake"

    def client(self, schema: Any, initial_config: Any = None) -> Any:
        """Returns a client that waits while another process has a catalog of DuckDB's open."""
        client = super().client(schema, initial_config)
        open_patiently(client, self)
        return client


def catalog_file(pipeline: dlt.Pipeline) -> Path | None:
    """Returns the file that a DuckLake's catalog is in; None if it is in a server, or no DuckLake.

    https://ducklake.select/docs/stable/duckdb/usage/choosing_a_catalog_database
    """
    if not isinstance(pipeline.destination, dlt.destinations.ducklake):
        return None
    credentials: Any = pipeline.destination_client().config.credentials
    catalog = credentials.catalog
    return Path(catalog.database).resolve() if catalog.drivername in _FILES else None


def forget_history(pipeline: dlt.Pipeline) -> None:
    """Removes what a DuckLake keeps of deleted rows: former snapshots, and bytes in its files.

    Afterwards nobody can read the lake as it was before.

    https://ducklake.select/docs/stable/duckdb/maintenance/recommended_maintenance
    """
    if not isinstance(pipeline.destination, dlt.destinations.ducklake):
        return
    with pipeline.sql_client() as client:
        name = client.capabilities.escape_literal(client.credentials.ducklake_name)
        for call in (
            # rows that are still in the catalog, because they were few
            f"ducklake_flush_inlined_data({name})",
            f"ducklake_rewrite_data_files({name}, delete_threshold => 0)",
            f"ducklake_expire_snapshots({name}, older_than => now())",
            f"ducklake_cleanup_old_files({name}, cleanup_all => true)",
            f"ducklake_delete_orphaned_files({name}, cleanup_all => true)",
        ):
            client.execute_sql(f"call {call}")
