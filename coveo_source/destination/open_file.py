"""Keeps DuckDB's file open, which dlt opens and closes for each of its short connections.

To open it takes longer than most of what they do. When it is closed, DuckDB also moves its log into
it, and looks at the row groups of all tables, of which a long history has many.

Meanwhile no other process can open the file, so it is let go while Coveo is waited for. Only the
export that was just loaded is deleted there while it is open.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dlt
from dlt.common.schema import Schema

from ..exceptions import DatabaseHeld
from .duckdb import TunedDuckDb
from .opening import without_waiting


def keep_open(pipeline: dlt.Pipeline) -> None:
    """Opens the file of a pipeline, and keeps it open until it is let go."""
    destination = pipeline.destination
    if not isinstance(destination, TunedDuckDb) or destination.kept:
        return
    # the pipeline may have no schema yet
    client: Any
    client, _ = pipeline._get_destination_clients(Schema("kept_open"))
    client.sql_client.open_connection()
    destination.kept = client.sql_client


def keep_open_if_free(pipeline: dlt.Pipeline) -> None:
    """Does the same, unless another process has it; then it is opened when it is needed."""
    with suppress(DatabaseHeld), without_waiting():
        keep_open(pipeline)


def let_go(pipeline: dlt.Pipeline) -> None:
    """Closes the file, once nobody else in this process uses it."""
    destination = pipeline.destination
    if isinstance(destination, TunedDuckDb) and destination.kept:
        kept, destination.kept = destination.kept, None
        kept.close_connection()


@contextmanager
def kept_open(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Keeps the file open, but for when it is let go meanwhile."""
    keep_open(pipeline)
    try:
        yield
    finally:
        let_go(pipeline)
