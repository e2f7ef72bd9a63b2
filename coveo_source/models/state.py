"""The state of the models in the destination: which loads they have consumed.

Three tables hold it: `touched_units`, the units to rebuild; `rebuilt_loads`, the loads that all
models have consumed; `model_builds`, a fingerprint of what each model's table was last built from.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import dlt

from ..destination import STEPS_DONE
from ..tables import REMOVED, TABLES
from .qualify import Schema, sql_schema
from .resources import fetch_rows

UNITS = "touched_units"
CONSUMED_LOADS = "rebuilt_loads"
BUILDS = STEPS_DONE

_COMPLETE = "select load_id from _dlt_loads where status = 0"
CONSUMED = f"select load_id from {CONSUMED_LOADS} where _dlt_load_id in ({_COMPLETE})"
"""A load is consumed once the load package that lists it is complete. Comparing with the newest
load id would not do, because a package may be extracted early and loaded late."""

_FULL_REBUILD_SHARE = 0.5
"""Above this share of new and removed rows, rebuilding everything is faster than by unit."""


class Loads(NamedTuple):
    """The rows that were loaded and removed since the models were built.

    new_loads: ids of the loads that the models have not consumed
    complete: those of them that are complete, so that no more rows will follow
    rows, new_rows: number of rows, by table of the source
    removed: number of rows that the new loads removed
    """

    new_loads: list[str]
    complete: list[str]
    rows: Mapping[str, int]
    new_rows: Mapping[str, int]
    removed: int

    @property
    def any(self) -> bool:
        """True if rows are new or were removed."""
        return self._changes > 0

    @property
    def mostly_new(self) -> bool:
        """True if there are few former rows beside what is new or was removed.

        Also if all rows of one table are new, which may replace a dropped one.
        """
        refilled = any(self.new_rows[table] == rows for table, rows in self.rows.items())
        return refilled or self._changes > _FULL_REBUILD_SHARE * sum(self.rows.values())

    @property
    def _changes(self) -> int:
        return sum(self.new_rows.values()) + self.removed


def read_loads(dataset: dlt.Dataset, schema: Schema) -> Loads:
    """Compares the loads that added or removed rows with those that the models have consumed."""
    counted = fetch_rows(
        dataset,
        " union all ".join(
            f"select cast('{table}' as varchar) as table_name, {_load_id(table, schema)} as"
            f" load_id, cast(count(*) as bigint) as row_count from {table} group by 2"
            for table in (*TABLES, REMOVED, UNITS)
            if table in schema
        ),
    )
    consumed = fetch_rows(dataset, CONSUMED) if CONSUMED_LOADS in schema else []
    complete = {load for (load,) in fetch_rows(dataset, _COMPLETE)}
    new = {load for _, load, _ in counted} - {load for (load,) in consumed}
    listing = {load for table, load, _ in counted if table == UNITS}
    rows, new_rows = Counter[str](), Counter[str]()
    for table, load, count in counted:
        rows[table] += count
        new_rows[table] += count if load in new else 0
    new_loads = sorted(load for load in new if load is not None)
    return Loads(
        new_loads,
        # of those that list units, a package that was given up can be one
        complete=[load for load in new_loads if load in complete or load in listing],
        rows={table: rows[table] for table in TABLES if rows[table]},
        new_rows={table: new_rows[table] for table in TABLES},
        removed=new_rows[REMOVED],
    )


def _load_id(table: str, schema: Schema) -> str:
    # a pipeline may be configured not to write the column
    return "_dlt_load_id" if "_dlt_load_id" in schema[table] else "cast(null as varchar)"


def read_fingerprints(dataset: dlt.Dataset, schema: Schema) -> dict[str, str]:
    """Returns the fingerprint of what each model's table was last built from, by model.

    In a load package that was given up, those are valid that steps wrote in one transaction with
    the tables; its first step has written down that it is one of steps.
    """
    if BUILDS not in schema:
        return {}
    of_steps = f"select _dlt_load_id from {BUILDS} where model = '{BUILDS}'"
    return dict(
        fetch_rows(
            dataset,
            f"select model, fingerprint from {BUILDS}"
            f" where _dlt_load_id in ({_COMPLETE}) or _dlt_load_id in ({of_steps})",
        )
    )


def consumed_loads(pipeline: dlt.Pipeline) -> set[str]:
    """Returns the loads that all models have consumed."""
    if CONSUMED_LOADS not in sql_schema(pipeline):
        return set()
    return {load for (load,) in fetch_rows(pipeline.dataset(), CONSUMED)}
