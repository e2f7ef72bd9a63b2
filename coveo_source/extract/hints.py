"""Rows with what dlt has to know of them."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

import dlt
import pyarrow as pa

from ..destination import DEDUPLICATED
from ..tables import CURSOR
from .descriptions import Descriptions
from .stream import Item

_LOAD_ID = pa.field("_dlt_load_id", pa.string(), nullable=False)


def with_hints(
    items: Generator[Item | None, None, None], load_id: str, descriptions: Descriptions
) -> Iterator[Any]:
    """Yields the rows of items, with hints whenever these change; None where an item is None.

    One tells dlt whether to remove rows with the same key before it merges, which takes longer than
    the rest of the merge. dlt keeps it in the schema, so every load has to give it. Others say what
    the table and its columns mean.
    """
    hinted: tuple[bool, list[str]] | None = None
    with closing(items):
        for item in items:
            if item is None:
                yield None
                continue
            # dlt does not add the id of the load package to Arrow data
            rows = item.rows.append_column(_LOAD_ID, pa.repeat(load_id, item.rows.num_rows))
            if (item.deduplicated, rows.column_names) != hinted:
                hinted = item.deduplicated, rows.column_names
                rows = dlt.mark.with_hints(rows, _hints(item, rows.column_names, descriptions))
            yield rows


def _hints(item: Item, names: Sequence[str], descriptions: Descriptions) -> Any:
    said = descriptions.columns(item.resource, names)
    columns: Any = {name: {"description": text} for name, text in said.items()}
    if CURSOR in names:
        # dlt warns about a sort order on a table that it does not have to deduplicate
        order = None if item.deduplicated else "desc"
        columns[CURSOR] = {**columns.get(CURSOR, {}), "dedup_sort": order}
    about = {DEDUPLICATED: item.deduplicated, "description": descriptions.table(item.resource)}
    return dlt.mark.make_hints(columns=columns, additional_table_hints=about)
