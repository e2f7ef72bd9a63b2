"""What runs leave in the database and in the pipeline's state."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import duckdb
from dlt.common.versioned_state import decompress_state, json_decode_state

from coveo_source.dataset.audit_tables import BY_AGE, CHANGED, LATE, LATE_DAYS
from coveo_source.exports.window import Window, merge_windows
from coveo_source.models.state import BUILDS, CONSUMED_LOADS, UNITS
from coveo_source.tables import EXPORTS, REJECTED, REMOVED, SOURCE, TABLES
from tests.promises.crash.sandbox import Sandbox
from tests.support.cli_user import DATASET

VARYING_COLUMNS = {
    EXPORTS: {
        "export_id",
        "made_at",
        "fetched_at",
        "wait_seconds",
        "read_seconds",
        "reconciled_at",
        "backfill_id",
        *(f"{table}_{kind}" for table in TABLES for kind in (LATE, CHANGED)),
        LATE_DAYS,
        BY_AGE,
    },
    REJECTED: {"export_id"},
    REMOVED: {"export_id", "removed_at"},
    "erasures": {"load_id", "erased_at", "completed_at"},
}
"""Columns that differ from run to run."""

_DLT_COLUMNS = {"_dlt_load_id", "_dlt_id"}
_STATE_TABLES = {BUILDS, CONSUMED_LOADS, UNITS}
"""Tables that say which models must be rebuilt, which depends on how the runs ended."""

Content = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Evidence:
    """What runs left.

    types: the type of every column, by table and column
    rows: the sorted rows of every table, without the columns that vary
    audit: the rows of `exports`, with all columns
    rejected: number of rejected cells, by export
    inconsistencies: what must not be, whatever a clean run leaves
    states: the source's state in the working folder and in the destination
    """

    types: dict[str, dict[str, str]]
    rows: Content
    audit: list[dict[str, Any]]
    rejected: Counter[str]
    inconsistencies: list[str]
    states: list[Any]

    @property
    def windows(self) -> list[Window]:
        """The window of each export, in order."""
        return sorted(Window(row["window_start"], row["window_end"]) for row in self.audit)

    def looked_back(self, table: str, kind: str) -> int:
        """Returns how many rows of a table are known to be late, or changed, in all exports."""
        return sum(row[f"{table}_{kind}"] or 0 for row in self.audit)

    def loaded_ranges(self, table: str) -> list[str]:
        """Returns the ranges of time that were loaded into a table, adjacent windows joined."""
        rows = [row for row in self.audit if table in row["tables"].split(",")]
        windows = (Window(row["window_start"], row["window_end"]) for row in rows)
        return [str(window) for window in merge_windows(windows)]

    def rejected_cells(self) -> set[tuple[Any, ...]]:
        """Returns the rejected cells, without their export and their place in it."""
        names = sorted(set(self.types[REJECTED]) - _DLT_COLUMNS - VARYING_COLUMNS[REJECTED])
        kept = [index for index, name in enumerate(names) if name != "record"]
        return {tuple(row[index] for index in kept) for row in self.rows[REJECTED]}


def collect_evidence(sandbox: Sandbox) -> Evidence:
    """Reads everything that the runs left."""
    with duckdb.connect(str(sandbox.database), read_only=True) as database:
        database.execute(f"use {DATASET}")
        database.execute("set timezone = 'UTC'")
        types = _column_types(database)
        rejected = database.execute(f"select export_id from {REJECTED}").fetchall()
        return Evidence(
            types,
            {table: _rows(database, table, types[table]) for table in types},
            _audit(database),
            Counter(export for (export,) in rejected),
            [
                *_rows_of_incomplete_loads(database, types),
                *_loads_completed_twice(database),
                *_unfinished(database),
            ],
            [_local_state(sandbox), _stored_state(database)],
        )


def _column_types(database: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Returns the column types of all tables but dlt's own and the models' state."""
    types: dict[str, dict[str, str]] = {}
    for table, column, data_type in database.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        f" where table_schema = '{DATASET}' and not starts_with(table_name, '_')"
    ).fetchall():
        types.setdefault(table, {})[column] = data_type
    return {table: columns for table, columns in types.items() if table not in _STATE_TABLES}


def _rows(
    database: duckdb.DuckDBPyConnection, table: str, types: dict[str, str]
) -> list[tuple[Any, ...]]:
    left_out = VARYING_COLUMNS.get(table, set()) | _DLT_COLUMNS
    names = ", ".join(f'"{name}"' for name in sorted(types) if name not in left_out)
    return database.execute(f"select {names} from {table} order by all").fetchall()


def _audit(database: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = database.execute(f"select * from {EXPORTS}")
    names = [column[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _rows_of_incomplete_loads(
    database: duckdb.DuckDBPyConnection, types: dict[str, dict[str, str]]
) -> list[str]:
    found = []
    for table in (table for table, columns in types.items() if "_dlt_load_id" in columns):
        [(count,)] = database.execute(
            f"select count(*) from {table} where _dlt_load_id not in"
            " (select load_id from _dlt_loads where status = 0)"
        ).fetchall()
        if count:
            found.append(f"{table}: {count} rows of a load that was not completed")
    return found


def _loads_completed_twice(database: duckdb.DuckDBPyConnection) -> list[str]:
    loads = database.execute(
        "select load_id from _dlt_loads group by load_id having count(*) > 1"
    ).fetchall()
    return [f"_dlt_loads: {load_id} is there more than once" for (load_id,) in loads]


def _unfinished(database: duckdb.DuckDBPyConnection) -> list[str]:
    """Returns what a run that ended well has not concluded."""
    queries = {
        "a lease is still held": "select 1 from _coveo_dataset where holder is not null",
        "an export is not reconciled": "select 1 from exports where reconciled_at is null",
    }
    for table in ("_coveo_backfills", "erasures"):
        exists = f"select 1 from duckdb_tables() where table_name = '{table}'"
        if database.execute(exists).fetchall():
            queries[f"{table}: not complete"] = f"select 1 from {table} where completed_at is null"
    return [what for what, sql in queries.items() if database.execute(sql).fetchall()]


def _local_state(sandbox: Sandbox) -> Any:
    return _source_state(json_decode_state((sandbox.working_dir / "state.json").read_text()))


def _stored_state(database: duckdb.DuckDBPyConnection) -> Any:
    [(state,)] = database.execute(
        "select state from _dlt_pipeline_state order by version desc, created_at desc limit 1"
    ).fetchall()
    return _source_state(decompress_state(state))


def _source_state(state: Any) -> Any:
    """Returns the source's part of a state, without the id that differs for every dataset."""
    return {name: value for name, value in state["sources"][SOURCE].items() if name != "dataset_id"}
