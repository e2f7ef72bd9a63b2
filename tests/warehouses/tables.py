"""The tables of a dataset, in a form that is the same whatever database they come from."""

import json
import pickle
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt

from coveo_source.cli.pipeline import Options, create_pipeline
from coveo_source.cli.progress import ConsoleProgress
from coveo_source.dataset import open_sql_dataset
from coveo_source.dataset.audit_tables import BY_AGE, CHANGED
from coveo_source.dataset.sql import utc
from coveo_source.models.files import SEEDS, models
from coveo_source.tables import EXPORTS, REJECTED, REMOVED, TABLES

Rows = list[tuple[tuple[str, Any], ...]]
"""Rows in a fixed order, each with its columns in a fixed order."""
Tables = dict[str, Rows]

COMPARED = (*TABLES, REJECTED, REMOVED, EXPORTS, *SEEDS, *models())
CHANCE = {
    *("_dlt_load_id", "_dlt_id", "export_id", "backfill_id", "removed_at", "made_at"),
    *("fetched_at", "reconciled_at", "wait_seconds", "read_seconds", "file_bytes"),
}
"""Columns that are different in every run."""
_CHANGED = f"_{CHANGED}"
JSON_LISTS = {"keyword_list", "group_list", "top_queries", "by_age"}
"""Columns of JSON; databases differ in which characters they escape without need."""


def dump(pipeline_name: str, destination: str, file: Path) -> None:
    """Writes the tables of a pipeline's dataset to a file."""
    pipeline = create_pipeline(Options(pipeline_name, destination=destination), ConsoleProgress())
    write_dump(tables(pipeline), file)


def write_dump(found: Tables, file: Path) -> None:
    """Writes tables to a file."""
    file.write_bytes(pickle.dumps(found))


def read_dump(file: Path) -> Tables:
    """Returns the tables that were written to a file."""
    read: Tables = pickle.loads(file.read_bytes())
    return read


def without_changes(found: Tables) -> Tables:
    """Returns tables without the changed rows, which only some databases can count."""
    exports = [
        tuple((name, _unchanged(name, value)) for name, value in row if not name.endswith(_CHANGED))
        for row in found[EXPORTS]
    ]
    return {**found, EXPORTS: sorted(exports, key=repr)}


def _unchanged(name: str, value: Any) -> Any:
    """Returns a value of `exports`, of `by_age` only what is late or gone."""
    if name != BY_AGE or value is None:
        return value
    ages = [{kind: each[kind] for kind in each if kind != CHANGED} for each in value]
    return [each for each in ages if each["late"] or each["gone"]]


def tables(pipeline: dlt.Pipeline) -> Tables:
    """Returns the tables of a dataset; a table that does not exist has no rows."""
    with open_sql_dataset(pipeline) as dataset:
        return {
            name: sorted(
                (_row(name, record) for record in _records(dataset, name)),
                key=repr,
            )
            for name in COMPARED
        }


def _records(dataset: Any, name: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = dataset.records(f"select * from {dataset.table(name)}")
    return records


def _row(table: str, record: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    kept = {name: value for name, value in record.items() if name not in CHANCE}
    if table == EXPORTS:
        kept["is_reconciled"] = record["reconciled_at"] is not None
    return tuple((name, _plain(name, value)) for name, value in sorted(kept.items()))


def _plain(name: str, value: Any) -> Any:
    """Returns a value as it is the same whatever computed it."""
    if isinstance(value, datetime):
        return utc(value).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (float, Decimal)):
        # databases differ in the last digits of a square root
        return round(float(value), 9)
    if value is not None and name in JSON_LISTS:
        return json.loads(value)
    return value
