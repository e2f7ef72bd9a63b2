"""Which of dlt's destinations work, and which are refused before anything is asked of Coveo.

A destination has to replace rows by their key, because every run reads some of them again, and its
SQL has to be one that the models are translated to.
"""

from typing import Any

import dlt
from dlt.common.destination import Destination
from dlt.common.destination.exceptions import UnknownDestinationModule

from ..exceptions import SettingError
from .clickhouse import TunedClickHouse
from .duckdb import TunedDuckDb
from .ducklake import TunedDuckLake
from .tuning import TABLES_AT_ONCE

MERGE_STRATEGY = "delete-insert"
"""The only merge strategy of dlt that also removes duplicates within a load."""
_DIALECTS = {"duckdb", "postgres", "clickhouse", "databricks", "bigquery", "snowflake", "redshift"}
"""Names in sqlglot of the SQL that the models are translated to."""

_WITH_TRANSACTIONS = {
    dlt.destinations.duckdb,
    dlt.destinations.ducklake,
    dlt.destinations.motherduck,
    dlt.destinations.postgres,
    dlt.destinations.redshift,
    dlt.destinations.snowflake,
}
"""Destinations in which a delete and an insert can be one transaction. dlt makes them one only in
jobs that create something; otherwise a reader of a DuckLake would see the table between the two."""

_WHAT_WORKS = (
    "What works: duckdb, ducklake, postgres, clickhouse, databricks, bigquery, snowflake, redshift"
    " and motherduck; docs/destinations.md says how far each was tested. For files in a folder or a"
    " bucket, use ducklake: it writes Parquet, and it can replace rows."
)


def tuned_destination(wanted: str | Destination[Any, Any]) -> Destination[Any, Any]:
    """Returns a destination with our defaults where we have some.

    wanted: one of dlt's, or its name

    Raises:
        SettingError: if it cannot hold what is loaded, or the models cannot be built there
    """
    try:
        known: Any = Destination.from_reference(wanted)
    except UnknownDestinationModule:
        raise SettingError(
            "destination", str(wanted), f"dlt knows none of this name. {_WHAT_WORKS}"
        ) from None
    check_destination(known)
    kind = type(known)
    capabilities = dict(known.caps_params)
    if kind in _WITH_TRANSACTIONS:
        capabilities = {"supports_transactions": True, **capabilities}
    if kind is dlt.destinations.duckdb:
        kind = TunedDuckDb
        capabilities = {"max_parallel_load_jobs": TABLES_AT_ONCE, **capabilities}
    if kind is dlt.destinations.ducklake:
        kind = TunedDuckLake
    if kind is dlt.destinations.clickhouse:
        kind = TunedClickHouse
    tuned: Destination[Any, Any] = kind(**known.config_params, **capabilities)
    return tuned


def check_driver(destination: Destination[Any, Any]) -> None:
    """Raises a SettingError if what dlt needs for a destination is not installed."""
    try:
        _ = destination.client_class
    except ModuleNotFoundError as error:
        extra = destination.destination_type.rpartition(".")[2]
        raise SettingError(
            "destination",
            destination.destination_name,
            f"It needs a package that is not installed ({error.name}): pip install 'dlt[{extra}]'",
        ) from error


def check_destination(destination: Destination[Any, Any]) -> None:
    """Raises a SettingError if a destination cannot hold what is loaded, or its SQL is not known.

    dlt itself would append every row again that a later run reads once more.
    """
    capabilities = destination.capabilities()
    name = destination.destination_name
    if MERGE_STRATEGY not in (capabilities.supported_merge_strategies or ()):
        why = "It cannot replace rows by their key, so every run would load some of them twice."
    elif capabilities.sqlglot_dialect not in _DIALECTS:
        why = "The models cannot be built there, as they are not translated to its SQL."
    else:
        return
    raise SettingError("destination", name, f"{why} {_WHAT_WORKS}")
