"""Removes rows from a table, and writes down where they were: the models follow from there."""

from datetime import datetime
from typing import NamedTuple

from dlt.common.storages.load_package import create_load_id

from ..tables import CURSOR, REMOVED, SOURCE, TABLES
from .sql import DatasetSql

VISIT = "visitId"


class Removal(NamedTuple):
    """The occasion on which rows are removed.

    load_id: a load of its own, which the models consume
    at: when it is
    export_id: the export that no longer holds them; None if a user removes them
    """

    load_id: str
    at: datetime
    export_id: str | None = None


def begin_removal(dataset: DatasetSql, export_id: str | None = None) -> Removal:
    """Returns a removal, and enters its load among those that are complete.

    To be called in the transaction that removes the rows.
    """
    removal = Removal(create_load_id(), dataset.now(), export_id)
    enter_load(dataset, removal)
    return removal


def enter_load(dataset: DatasetSql, removal: Removal) -> None:
    """Enters the load of a removal among those that are complete."""
    load = {"load_id": removal.load_id, "schema_name": SOURCE, "status": 0}
    dataset.insert("_dlt_loads", {**load, "inserted_at": removal.at})


def remove_rows(
    dataset: DatasetSql, removal: Removal, table: str, where: str, *values: object
) -> None:
    """Moves the rows of a table that meet a condition to `removed_rows`, without their content.

    values: the values of the condition

    To be called in a transaction.
    """
    names = [dataset.normalized(name) for name in (TABLES[table].key[0], VISIT, CURSOR)]
    known = dataset.columns(table)[table]
    key, visit, time = (dataset.column(name) if name in known else "null" for name in names)
    into = ("table_name", "row_key", "visit_id", "datetime", "removed_at", "export_id")
    columns = ", ".join(map(dataset.column, (*into, "_dlt_load_id")))
    source = dataset.table(table)
    dataset.execute(
        f"insert into {dataset.table(REMOVED)} ({columns})"
        f" select '{table}', {key}, {visit}, {time}, %s, %s, %s from {source} where {where}",
        removal.at,
        removal.export_id,
        removal.load_id,
        *values,
    )
    dataset.execute(f"delete from {source} where {where}", *values)
