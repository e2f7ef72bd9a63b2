"""What the destination knows of its loads: which of them the models have taken in, which not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import dlt

from ..tables import EVENT_TABLES, TABLES
from .qualify import Schema
from .resources import fetch_rows

UNITS = "touched_units"
CONSUMED_LOADS = "rebuilt_loads"
BUILDS = "model_builds"
"""The list of units to be rebuilt, the loads that all models have taken in, and for each model
what its table was last built from as a whole."""

COMPLETE = "select load_id from _dlt_loads where status = 0"
CONSUMED = f"select load_id from {CONSUMED_LOADS} where _dlt_load_id in ({COMPLETE})"
"""That a load is taken in is a fact of its own, true once the package that says so is complete. A
newest load would tell less: one may be extracted early and loaded late."""

SHARE = 0.5
"""The share of fresh rows from which on all is built as a whole; it is faster then."""


@dataclass(frozen=True)
class Loads:
    """What came since the models were built.

    fresh: the ids of the loads that they have not taken in
    complete: those of them that will bring no more rows
    rows, fresh_rows: by table of the catalogue that has any
    """

    fresh: list[str] = field(default_factory=list)
    complete: list[str] = field(default_factory=list)
    rows: Mapping[str, int] = field(default_factory=dict)
    fresh_rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether there is anything to take in."""
        return any(self.fresh_rows.values())

    @property
    def events(self) -> int:
        """How many events there are."""
        return sum(self.rows.get(table, 0) for table in EVENT_TABLES)

    @property
    def mostly_new(self) -> bool:
        """Whether most rows are fresh, or all of a table: it may have been dropped in between."""
        refilled = any(self.fresh_rows[table] == rows for table, rows in self.rows.items())
        return refilled or sum(self.fresh_rows.values()) > SHARE * sum(self.rows.values())


def loads_of(dataset: dlt.Dataset, schema: Schema) -> Loads:
    """Compares the rows of the tables with the loads that the models have taken in."""
    counted = fetch_rows(
        dataset,
        " union all ".join(
            f"select cast('{table}' as varchar) as table_name, {load_id(table, schema)} as load_id,"
            f" cast(count(*) as bigint) as row_count from {table} group by 2"
            for table in (*TABLES, UNITS)
            if table in schema
        ),
    )
    taken_in = (
        {load for (load,) in fetch_rows(dataset, CONSUMED)} if CONSUMED_LOADS in schema else set()
    )
    complete = {load for (load,) in fetch_rows(dataset, COMPLETE)}
    fresh = {load for _, load, _ in counted} - taken_in
    rows: dict[str, int] = {}
    fresh_rows: dict[str, int] = {}
    for table, load, count in counted:
        if table in TABLES:
            rows[table] = rows.get(table, 0) + count
            fresh_rows[table] = fresh_rows.get(table, 0) + (count if load in fresh else 0)
    known = sorted(load for load in fresh if load is not None)
    return Loads(known, [load for load in known if load in complete], rows, fresh_rows)


def load_id(table: str, schema: Schema) -> str:
    """The column that tells a row's load, or null where a pipeline was told not to write it."""
    return "_dlt_load_id" if "_dlt_load_id" in schema[table] else "cast(null as varchar)"


def fingerprints(dataset: dlt.Dataset, schema: Schema) -> dict[str, str]:
    """What each model's table was last built from, as far as that is complete."""
    if BUILDS not in schema:
        return {}
    sql = f"select model, fingerprint from {BUILDS} where _dlt_load_id in ({COMPLETE})"
    return dict(fetch_rows(dataset, sql))
