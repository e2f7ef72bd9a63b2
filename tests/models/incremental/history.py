"""Random histories of a pipeline: loads of random rows, and what may go wrong between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema import Schema
from dlt.extract import DltSource
from dlt.pipeline.helpers import pipeline_drop
from hypothesis import strategies as st

from coveo_source.dataset import REMOVED_ROWS_SCHEMA
from coveo_source.extract.resources import MERGE
from coveo_source.models.qualify import sql_schema
from coveo_source.models.runner import build
from coveo_source.reader.casting import arrow_schema
from coveo_source.tables import REMOVED, SOURCE, TABLES
from tests.models.incremental.random_rows import Rows, ids, large_load, loads
from tests.models.incremental.removal import Removal, events_of, remove

removals = st.one_of(
    st.builds(lambda key: [Removal("searches", f"id = '{key}'")], ids("s", 9)),
    st.builds(lambda key: [Removal("clicks", f"click_id = '{key}'")], ids("c", 9)),
    st.builds(lambda key: [Removal("custom_events", f"custom_event_id = '{key}'")], ids("e", 7)),
    st.builds(lambda key: [Removal("keywords", f"search_id = '{key}'")], ids("s", 9)),
    st.builds(lambda key: [Removal("keywords", f"keyword = '{key}'")], ids("k", 3)),
    st.builds(lambda key: [Removal("groups", f"search_id = '{key}'")], ids("s", 9)),
    st.builds(events_of, st.none() | ids("v", 9)),
    st.builds(lambda table: [Removal(table, "true")], st.sampled_from(["clicks", "groups"])),
)
"""What one cause removes; a few causes of one run may come together."""


@dataclass(frozen=True)
class Step:
    """One run.

    rows: none for a run that only removes rows
    dimension: a custom dimension that the rows have
    dropped: a table that the user drops before the run
    models_built: number of models after which the run is killed; None for never, 0 for no models
    removed: what is removed after the load
    replaced: whether the load removed it; if not, a load of its own did
    only: the only model that is built; None for all
    full_refresh: whether it is built in full
    """

    rows: dict[str, Rows]
    dimension: str | None = None
    dropped: str | None = None
    models_built: int | None = None
    removed: tuple[Removal, ...] = ()
    replaced: bool = False
    only: str | None = None
    full_refresh: bool = False

    @property
    def builds_all(self) -> bool:
        """True if all models are up to date afterwards."""
        return self.models_built is None and self.only is None


first_steps = st.builds(Step, st.integers(0, 1000).map(large_load))
steps = st.builds(
    Step,
    st.just({}) | loads(),
    st.sampled_from([None] * 29 + ["c_theme"]),
    st.sampled_from([None] * 39 + ["clicks", "keywords"]),
    st.sampled_from([None, None, None, 0, 1, 2, 3, 5]),
    st.lists(removals, max_size=2).map(lambda several: tuple(chain(*several))),
    st.booleans(),
    st.sampled_from([None] * 5 + ["all_events", "search_outcomes"]),
    st.sampled_from([False] * 6 + [True]),
).filter(lambda step: step.rows or step.removed)


def run_step(pipeline: dlt.Pipeline, step: Step) -> None:
    """Does one run."""
    if step.dropped and step.dropped in sql_schema(pipeline):
        drop_table(pipeline, step.dropped)
    load_id = load(pipeline, step.rows, step.dimension) if step.rows else None
    if step.removed:
        remove(pipeline, step.removed, load_id if step.replaced else None)
    if step.models_built != 0:
        names = [step.only] if step.only else []
        for number, _ in enumerate(build(pipeline, names, step.full_refresh), 1):
            if number == step.models_built:
                break


def drop_table(pipeline: dlt.Pipeline, table: str) -> None:
    """Does what `dlt pipeline NAME drop TABLE` does."""
    pipeline_drop(pipeline, [table])()


def load(pipeline: dlt.Pipeline, rows: Mapping[str, Rows], dimension: str | None = None) -> str:
    """Merges rows into their tables, as one load package; returns its id."""
    resources = [table_resource(table, listed, dimension) for table, listed in rows.items()]
    source = DltSource(Schema(SOURCE), SOURCE, [*resources, _no_removed_rows()])
    [load_id] = pipeline.run(source).loads_ids
    return str(load_id)


def _no_removed_rows() -> Any:
    """Returns a resource by which the table of removed rows exists."""
    empty = REMOVED_ROWS_SCHEMA.append(pa.field("_dlt_load_id", pa.string())).empty_table()
    key = ("table_name", "row_key")
    return dlt.resource([empty], name=REMOVED, primary_key=key, write_disposition=MERGE)


def table_resource(table: str, rows: Rows, dimension: str | None) -> Any:
    """Returns a resource that loads rows into one of the five tables, as the source does."""
    header = [*TABLES[table].columns, *([dimension] if dimension else [])]

    def data() -> Iterator[pa.Table]:
        load_id = dlt.current.load_package_state()["load_id"]
        batch = pa.Table.from_pylist(
            [{**row, dimension: "any"} if dimension else row for row in rows],
            schema=arrow_schema(TABLES[table], header),
        )
        yield batch.append_column("_dlt_load_id", pa.repeat(load_id, batch.num_rows))

    return dlt.resource(
        data,
        name=table,
        primary_key=TABLES[table].key,
        write_disposition=MERGE,
        columns={"datetime": {"dedup_sort": "desc"}},
    )
