"""Rows with what dlt has to know of them, and their tables too."""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema import Schema
from dlt.common.schema.typing import C_DLT_LOAD_ID

from ..destination import DEDUPLICATED, EarlyRows, Layout, lay_out_table
from ..tables import CURSOR, TABLES
from .column_names import plain_column
from .stream import Item

_LOAD_ID = pa.field(C_DLT_LOAD_ID, pa.string(), nullable=False)


def with_hints(
    items: Generator[Item | None, None, None], load_id: str, early: EarlyRows | None = None
) -> Iterator[Any]:
    """Yields the rows of items, with a hint whenever `deduplicated` changes; None for None.

    The hint tells dlt whether to remove rows with the same key before it merges, which takes longer
    than the rest of the merge. dlt keeps it in the schema, so every load has to give it.

    early: where the rows of Coveo's tables go, too
    """
    deduplicated: bool | None = None
    with closing(items):
        for item in items:
            if item is None:
                yield None
                continue
            # dlt does not add the id of the load package to Arrow data
            rows = item.rows.append_column(_LOAD_ID, pa.repeat(load_id, item.rows.num_rows))
            if early and item.resource in TABLES:
                _insert_early(early, item, rows)
            if item.deduplicated is not deduplicated:
                deduplicated = item.deduplicated
                # dlt warns about a sort order on a table that it does not have to deduplicate
                order: Any = {CURSOR: {"dedup_sort": None if deduplicated else "desc"}}
                hints = dlt.mark.make_hints(
                    columns=order if CURSOR in rows.column_names else None,
                    additional_table_hints={DEDUPLICATED: deduplicated},
                )
                rows = dlt.mark.with_hints(rows, hints)
            yield rows


def _insert_early(early: EarlyRows, item: Item, rows: pa.Table) -> None:
    if rows.num_rows:
        early.add(item.resource, rows, dlt.current.source_schema())
    elif item.deduplicated:
        early.finish(item.resource)
    else:
        # dlt has to remove rows with the same key before it merges
        early.leave(item.resource)


def add_layout(schema: Schema, table: str, pipeline: dlt.Pipeline) -> None:
    """Adds the layout of one of Coveo's tables to a schema: by time, and by key."""
    if table not in TABLES or table not in schema.tables:
        return
    names = (CURSOR, *TABLES[table].key)
    time, *key = (plain_column(name, schema.naming) for name in names)
    dialect = pipeline.destination.capabilities().sqlglot_dialect
    lay_out_table(schema, table, Layout(time, is_day=False, key=tuple(key)), dialect)
