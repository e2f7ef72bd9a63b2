"""What else in a database keeps values of rows that were erased, once the models are rebuilt."""

from collections.abc import Iterable, Iterator

from ..tables import REMOVED
from .audit_tables import ROW_KEY
from .erasures import Erasure
from .removal import VISIT
from .sql import DatasetSql

_DBT_UNITS = "dbt_touched_units"
_DBT_TIMELINE = "all_events"


def clear_traces(dataset: DatasetSql, erasures: Iterable[Erasure], tables: Iterable[str]) -> None:
    """Removes values from the staging dataset, from dbt's list, and from `removed_rows`.

    tables: that dlt may have loaded through the staging dataset
    """
    with dataset.at(dataset.staging):
        dataset.empty(*tables)
    for name in _dbt_datasets(dataset):
        with dataset.at(name):
            _clear_dbt_units(dataset)
    for erasure in erasures:
        _clear_removed_rows(dataset, erasure)


def has_removed_rows(dataset: DatasetSql, erasure: Erasure) -> bool:
    """Returns True if `removed_rows` still says what an erasure has removed."""
    return bool(dataset.rows(f"select 1 {_of_erasure(dataset)} limit 1", erasure.load_id))


def dbt_dataset_with(dataset: DatasetSql, erasures: Iterable[Erasure]) -> str | None:
    """Returns the dataset in which a timeline that dbt has built still holds erased events."""
    keys = f"select {dataset.column(ROW_KEY)} {_of_erasure(dataset)}"
    for name in _dbt_datasets(dataset):
        with dataset.at(name):
            timeline = dataset.table(_DBT_TIMELINE)
        query = f"select 1 from {timeline} where event_id in ({keys}) limit 1"
        if any(dataset.rows(query, erasure.load_id) for erasure in erasures):
            return name
    return None


def _of_erasure(dataset: DatasetSql) -> str:
    return f"from {dataset.table(REMOVED)} where _dlt_load_id = %s"


def _dbt_datasets(dataset: DatasetSql) -> Iterator[str]:
    """Yields the datasets that hold dbt's state: by default the one beside this, or else this."""
    for name in (dataset.name, f"{dataset.name}_dbt"):
        with dataset.at(name):
            found = bool(dataset.columns(_DBT_UNITS)[_DBT_UNITS])
        if found:
            yield name


def _clear_dbt_units(dataset: DatasetSql) -> None:
    """Clears the list of a build that did not end; what is due is then rebuilt in full."""
    units, unit = dataset.table(_DBT_UNITS), "unit not in ('load', 'everything')"
    if dataset.rows(f"select 1 from {units} where {unit}"):
        with dataset.transaction():
            dataset.execute(f"delete from {units} where {unit}")
            dataset.execute(f"insert into {units} (unit, value) values ('everything', '')")


def _clear_removed_rows(dataset: DatasetSql, erasure: Erasure) -> None:
    """Removes what the erasure has written, and what was written of the same rows before."""
    columns = [dataset.column(name) for name in (ROW_KEY, dataset.normalized(VISIT))]
    same = " or ".join(
        f"{column} in (select {column} {_of_erasure(dataset)})" for column in columns
    )
    ids = [erasure.load_id for _ in columns]
    dataset.execute(f"delete from {dataset.table(REMOVED)} where {same}", *ids)
