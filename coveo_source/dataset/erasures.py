"""The table `erasures`: how many rows were erased and when, and which erasures are not finished."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa
from dlt.common.data_types import TDataType
from dlt.common.storages.load_package import create_load_id

from ..tables import REJECTED, REMOVED, TABLES
from .audit_tables import REMOVED_ROWS_SCHEMA
from .erased import prepare_erased
from .removal import Removal, enter_load
from .sql import DatasetSql, StateTable, utc

_COUNTED = (*TABLES, REJECTED)
_COUNTS: dict[str, TDataType] = dict.fromkeys(_COUNTED, "bigint")
_ERASURES = StateTable(
    "erasures", load_id="text", erased_at="timestamp", **_COUNTS, completed_at="timestamp"
)
_REMOVED_COLUMNS: dict[str, TDataType] = {
    field.name: "timestamp" if pa.types.is_timestamp(field.type) else "text"
    for field in REMOVED_ROWS_SCHEMA
}
_REMOVED_ROWS = StateTable(REMOVED, **_REMOVED_COLUMNS, _dlt_load_id="text")


class Erasure(NamedTuple):
    """One erasure.

    load_id: the load in which the models see that its rows were removed
    at: when it was
    """

    load_id: str
    at: datetime


def begin_erasure(dataset: DatasetSql) -> Erasure:
    """Returns a new erasure, once the tables that it writes to exist."""
    prepare_erased(dataset)
    dataset.create(_ERASURES)
    if not dataset.columns(REMOVED)[REMOVED]:
        # loaded by an early version
        dataset.create(_REMOVED_ROWS)
    return Erasure(create_load_id(), dataset.now())


def enter_erasure(dataset: DatasetSql, erasure: Erasure, counts: Mapping[str, int]) -> None:
    """Writes down an erasure, and the load that the models will consume.

    counts: number of rows, by table
    """
    enter_load(dataset, Removal(erasure.load_id, erasure.at))
    begun = {"load_id": erasure.load_id, "erased_at": erasure.at}
    dataset.insert(_ERASURES.name, {**begun, **dict.fromkeys(_COUNTED, 0), **counts})


def unfinished_erasures(dataset: DatasetSql) -> list[Erasure]:
    """Returns the erasures after which models or files were not cleaned yet, oldest first."""
    if not dataset.columns(_ERASURES.name)[_ERASURES.name]:
        return []
    load, at = map(dataset.column, ("load_id", "erased_at"))
    found = dataset.rows(
        f"select {load}, {at} from {dataset.table(_ERASURES.name)}"
        f" where completed_at is null order by {at}"
    )
    return [Erasure(load_id, utc(moment)) for load_id, moment in found]


def last_erasure(dataset: DatasetSql) -> str | None:
    """Returns the load id of the latest erasure; None if nothing was ever erased."""
    if not dataset.columns(_ERASURES.name)[_ERASURES.name]:
        return None
    column = dataset.column("load_id")
    [(load_id,)] = dataset.rows(f"select max({column}) from {dataset.table(_ERASURES.name)}")
    return load_id if load_id is None else str(load_id)


def complete_erasure(dataset: DatasetSql, erasure: Erasure) -> None:
    """Writes down that nothing is left of what was erased."""
    values = {"completed_at": dataset.now()}
    dataset.update(_ERASURES.name, values, "load_id = %s", erasure.load_id)
