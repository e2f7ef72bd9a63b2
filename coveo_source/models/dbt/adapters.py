"""The databases that a dbt project can be written for: their SQL, and how dbt connects to them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ...exceptions import ProjectError, SettingError
from ..files import DIALECT


class Adapter(NamedTuple):
    """A dbt adapter.

    dialect: name of its SQL in sqlglot
    rebuilds_units: whether dbt can rebuild touched units there, by a strategy of ours; if not,
        each run builds all models in full
    connection: what `profiles.yml` begins with, to be completed by the user
    """

    name: str
    dialect: str
    rebuilds_units: bool
    connection: Mapping[str, Any]

    @property
    def is_translated(self) -> bool:
        """True if the SQL of the models has to be written in another dialect than theirs."""
        return self.dialect != DIALECT


def _variable(name: str, suffix: str = "") -> str:
    """Returns the Jinja expression for an environment variable."""
    return f"{{{{ env_var('{name}'){suffix} }}}}"


_ADAPTERS = (
    # `md:NAME` for MotherDuck, `ducklake:CATALOG` for DuckLake
    Adapter(DIALECT, DIALECT, True, {"path": _variable("DUCKDB_PATH")}),
    Adapter(
        "postgres",
        "postgres",
        True,
        {
            "host": _variable("POSTGRES_HOST"),
            "port": _variable("POSTGRES_PORT", " | as_number"),
            "user": _variable("POSTGRES_USER"),
            "password": _variable("POSTGRES_PASSWORD"),
            "dbname": _variable("POSTGRES_DATABASE"),
        },
    ),
    Adapter(
        "clickhouse",
        "clickhouse",
        False,
        {
            "host": _variable("CLICKHOUSE_HOST"),
            "port": 8443,
            "secure": True,
            "user": _variable("CLICKHOUSE_USER"),
            "password": _variable("CLICKHOUSE_PASSWORD"),
            # otherwise a row without a counterpart would have '' and 0 instead of nulls
            "custom_settings": {"join_use_nulls": 1},
        },
    ),
    Adapter(
        "spark",
        "databricks",
        False,
        {
            "method": "thrift",
            "host": _variable("SPARK_HOST"),
            "port": 10000,
            "user": _variable("SPARK_USER"),
        },
    ),
    Adapter(
        "databricks",
        "databricks",
        False,
        {
            "host": _variable("DATABRICKS_HOST"),
            "http_path": _variable("DATABRICKS_HTTP_PATH"),
            "token": _variable("DATABRICKS_TOKEN"),
            "catalog": _variable("DATABRICKS_CATALOG"),
        },
    ),
    Adapter(
        "bigquery",
        "bigquery",
        False,
        {"method": "oauth", "project": _variable("BIGQUERY_PROJECT")},
    ),
    Adapter(
        "snowflake",
        "snowflake",
        True,
        {
            "account": _variable("SNOWFLAKE_ACCOUNT"),
            "user": _variable("SNOWFLAKE_USER"),
            "password": _variable("SNOWFLAKE_PASSWORD"),
            "role": _variable("SNOWFLAKE_ROLE"),
            "warehouse": _variable("SNOWFLAKE_WAREHOUSE"),
            "database": _variable("SNOWFLAKE_DATABASE"),
        },
    ),
)

ADAPTERS: Mapping[str, Adapter] = MappingProxyType({each.name: each for each in _ADAPTERS})

_OF_DESTINATION = {"motherduck": DIALECT, "ducklake": DIALECT}
"""The adapters of those destinations that are not called like them."""


def find_adapter(name: str | None, destination: str) -> Adapter:
    """Returns the adapter of a name, or else that of a dlt destination.

    Raises:
        SettingError: if there is no adapter of the name
        ProjectError: if there is none for the destination
    """
    listed = ", ".join(ADAPTERS)
    if name and name not in ADAPTERS:
        raise SettingError("adapter", name, f"Accepted: {listed}.")
    wanted = name or _OF_DESTINATION.get(destination, destination)
    if wanted not in ADAPTERS:
        raise ProjectError(
            f"The SQL of the models cannot be written for dbt in the destination {destination}."
            f" There are adapters for {listed}; name one with --adapter if its SQL will do."
        )
    return ADAPTERS[wanted]
