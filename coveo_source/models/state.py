"""The state of the models in the destination: which loads they have consumed.

Three tables hold it: `touched_units`, the units to rebuild; `rebuilt_loads`, the loads that all
models have consumed; `model_builds`, a fingerprint of what each model's table was last built from.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import dlt

from ..tables import TABLES
from .qualify import Schema, sql_schema
from .resources import fetch_rows

UNITS = "touched_units"
CONSUMED_LOADS = "rebuilt_loads"
BUILDS = "model_builds"

_COMPLETE = "select load_id from _dlt_loads where status = 0"
CONSUMED = f"select load_id from {CONSUMED_LOADS} where _dlt_load_id in ({_COMPLETE})"
"""A load is consumed once the load package that lists it is complete. Comparing with the newest
load id would not do, because a package may be extracted early and loaded late."""

_FULL_REBUILD_SHARE = 0.5
"""Above this share of new rows, rebuilding everything is faster than rebuilding by unit."""


class Loads(NamedTuple):
    """The rows that were loaded since the models were built.

    new_loads: ids of the loads that the models have not consumed
    complete: those of them that are complete, so that no more rows will follow
    rows, new_rows: number of rows, by table of the source
    """

    new_loads: list[str]
    complete: list[str]
    rows: Mapping[str, int]
    new_rows: Mapping[str, int]

    @property
    def any(self) -> bool:
        """True if there are new rows."""
        return any(self.new_rows.values())

    @property
    def mostly_new(self) -> bool:
        """True if most rows are new, or all rows of one table, which may replace a dropped one."""
        refilled = any(self.new_rows[table] == rows for table, rows in self.rows.items())
        share = _FULL_REBUILD_SHARE * sum(self.rows.values())
        return refilled or sum(self.new_rows.values()) > share


def read_loads(dataset: dlt.Dataset, schema: Schema) -> Loads:
    """Compares the loads that the rows belong to with those that the models have consumed."""
    counted = fetch_rows(
        dataset,
        " union all ".join(
            f"select cast('{table}' as varchar) as table_name, {_load_id(table, schema)} as"
            f" load_id, cast(count(*) as bigint) as row_count from {table} group by 2"
            for table in (*TABLES, UNITS)
            if table in schema
        ),
    )
    consumed = fetch_rows(dataset, CONSUMED) if CONSUMED_LOADS in schema else []
    complete = {load for (load,) in fetch_rows(dataset, _COMPLETE)}
    new = {load for _, load, _ in counted} - {load for (load,) in consumed}
    rows, new_rows = Counter[str](), Counter[str]()
    for table, load, count in counted:
        if table in TABLES:
            rows[table] += count
            new_rows[table] += count if load in new else 0
    new_loads = sorted(load for load in new if load is not None)
    return Loads(new_loads, [load for load in new_loads if load in complete], rows, new_rows)


def _load_id(table: str, schema: Schema) -> str:
    # a pipeline may be configured not to write the column
    return "_dlt_load_id" if "_dlt_load_id" in schema[table] else "cast(null as varchar)"


def read_fingerprints(dataset: dlt.Dataset, schema: Schema) -> dict[str, str]:
    """Returns the fingerprint of what each model's table was last built from, by model."""
    if BUILDS not in schema:
        return {}
    sql = f"select model, fingerprint from {BUILDS} where _dlt_load_id in ({_COMPLETE})"
    return dict(fetch_rows(dataset, sql))


def consumed_loads(pipeline: dlt.Pipeline) -> set[str]:
    """Returns the loads that all models have consumed."""
    if CONSUMED_LOADS not in sql_schema(pipeline):
        return set()
    return {load for (load,) in fetch_rows(pipeline.dataset(), CONSUMED)}
