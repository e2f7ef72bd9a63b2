"""The order in which a warehouse keeps the rows of a table, so that a query need not read them all.

A destination is one function in `_ADAPTERS`. Whatever is not named there is left as it is.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import dlt
from dlt.common.schema import Schema
from dlt.extract import DltResource

from .jobs import DEDUPLICATED


class Layout(NamedTuple):
    """What a table is mostly read by.

    time: the column of the events' time or day, of which ranges are read
    is_day: whether that is a date
    key: the columns that single rows are found by; of a model of visits, the visit
    """

    time: str
    is_day: bool
    key: tuple[str, ...] = ()


def lay_out(resource: DltResource, layout: Layout, dialect: str | None) -> DltResource:
    """Returns a resource whose table gets a layout when it is created.

    dlt leaves the partitions of a table that exists as they are. A layout that somebody has chosen
    for the resource stays.

    dialect: of the destination, by its name in sqlglot
    """
    adapter = _ADAPTERS.get(dialect or "")
    return adapter(resource, layout) if adapter and not _is_laid_out(resource) else resource


def lay_out_table(schema: Schema, name: str, layout: Layout, dialect: str | None) -> None:
    """Gives a table in a schema a layout, by the names of its columns in the destination.

    In the hints of a resource columns may have other names, which an adapter would not find.
    """
    if dialect not in _ADAPTERS:
        return
    table: Any = schema.tables[name]
    resource = dlt.resource(
        [], name=name, columns=table["columns"], write_disposition=table["write_disposition"]
    )
    own = {hint: value for hint, value in table.items() if hint.startswith("x-")}
    resource.apply_hints(additional_table_hints=own)
    schema.update_table(lay_out(resource, layout, dialect).compute_table_schema())


def _is_laid_out(resource: DltResource) -> bool:
    table: Any = resource.compute_table_schema()
    hints = {
        name for each in (table, *table["columns"].values()) for name, on in each.items() if on
    }
    # generic ones are called `cluster`, those of a destination `x-bigquery-cluster`
    return any(hint.rpartition("-")[2] in ("cluster", "partition", "sort") for hint in hints)


def _for_bigquery(resource: DltResource, layout: Layout) -> DltResource:
    """Partitions by month, as a job may change 4,000 partitions; clusters by day and key.

    Google advises against small partitions, and a day of an organization's events is one.
    https://cloud.google.com/bigquery/docs/partitioned-tables
    """
    from dlt.destinations.impl.bigquery.bigquery_adapter import (
        PartitionTransformation,
        bigquery_adapter,
    )

    function = "DATE_TRUNC" if layout.is_day else "TIMESTAMP_TRUNC"
    month = PartitionTransformation(f"{function}({{column_name}}, MONTH)", layout.time)
    # behind a time, which is nearly unique, a key would be of no use
    days = [layout.time] if layout.is_day else []
    return bigquery_adapter(resource, partition=month, cluster=[*days, *layout.key])


def _for_snowflake(resource: DltResource, layout: Layout) -> DltResource:
    """Clusters by time; dlt has no adapter for it.

    The key is left out: dlt would put it first, as it takes columns in the order of the table.
    """
    cluster: Any = {layout.time: {"name": layout.time, "cluster": True}}
    return resource.apply_hints(columns=cluster)


def _for_clickhouse(resource: DltResource, layout: Layout) -> DltResource:
    """Partitions by month; orders by key, or of models by visit, and then by time.

    ClickHouse finds rows by the first columns of that order, if they are its primary key, which dlt
    takes from its own.
    https://clickhouse.com/docs/best-practices/choosing-a-primary-key
    """
    from dlt.destinations.impl.clickhouse.clickhouse_adapter import clickhouse_adapter

    columns: Any = resource.columns or {}
    merges = any(hints.get("primary_key") for hints in columns.values())
    # dlt lists the columns of the primary key in the order of the table
    key = [name for name in columns if name in layout.key] if merges else list(layout.key)
    order = list(dict.fromkeys((*key, layout.time)))
    if not merges:
        # a model has no key for dlt to merge by, as each unit is replaced as a whole
        hints: Any = {name: {"name": name, "nullable": True} for name in order}
        hints[order[0]]["primary_key"] = True
        resource = resource.apply_hints(columns=hints, additional_table_hints={DEDUPLICATED: True})
    return clickhouse_adapter(
        resource,
        sort=order,
        partition=f"toYYYYMM({layout.time})",
        # not every event has a visit
        settings={"allow_nullable_key": True},
    )


def _for_databricks(resource: DltResource, layout: Layout) -> DltResource:
    """Clusters by time and key, which Databricks advises instead of partitions.

    It has to have statistics of these columns, and by default has those of the first 32.
    https://docs.databricks.com/aws/en/delta/clustering
    """
    from dlt.destinations.impl.databricks.databricks_adapter import databricks_adapter

    columns = [layout.time, *layout.key]
    statistics: Any = {"delta.dataSkippingStatsColumns": ",".join(columns)}
    return databricks_adapter(resource, cluster=columns, table_properties=statistics)


_ADAPTERS: dict[str, Callable[[DltResource, Layout], DltResource]] = {
    "bigquery": _for_bigquery,
    "clickhouse": _for_clickhouse,
    "databricks": _for_databricks,
    "snowflake": _for_snowflake,
}
