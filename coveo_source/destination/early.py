"""Inserts rows into DuckDB while the rest of their file is still read.

dlt loads a package once all of it is extracted, and reading leaves half of the machine idle. So the
rows of a table are inserted as they are read, in a transaction that its load job commits. The
package holds the same rows: if anything is not as it should be, or the process dies, the
transaction is rolled back, and the job loads the file.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Full, Queue
from typing import Any

import dlt
import pyarrow as pa
from dlt.common import logger
from dlt.common.schema import Schema

from .duckdb import TunedDuckDb
from .opening import without_waiting
from .tuning import loads_early

_PATIENCE_SECONDS = 0.1
"""How long to wait for a thread that may have failed, before asking it."""


class EarlyRows:
    """The rows of one load package that are inserted before the package is loaded, by table.

    A table with a single batch is left to its load job: there is nothing to be done meanwhile.
    """

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self._pipeline = pipeline
        self._threads = ThreadPoolExecutor(thread_name_prefix="early")
        self._first: dict[str, pa.Table] = {}
        self._tables: dict[str, EarlyTable] = {}
        self._given_up = False

    def add(self, table: str, rows: pa.Table, schema: Schema) -> None:
        """Adds a batch of a table, with the load's id in it.

        schema: of the source; it knows the table once dlt has the first batch
        """
        if self._given_up:
            return
        if table in self._tables:
            self._tables[table].insert(rows)
        elif table not in self._first:
            self._first[table] = rows
        elif early := self._begin(table, schema):
            self._tables[table] = early
            early.insert(self._first.pop(table))
            early.insert(rows)

    def finish(self, table: str) -> None:
        """Ends a table: all of its rows are read."""
        self._first.pop(table, None)
        if early := self._tables.get(table):
            early.finish()

    def leave(self, table: str) -> None:
        """Leaves a table to its load job; what was inserted is rolled back."""
        self._first.pop(table, None)
        if early := self._tables.pop(table, None):
            early.close()

    def take(self, table: str) -> "EarlyTable | None":
        """Returns what was inserted into a table, once, for its load job; None if nothing was."""
        return self._tables.pop(table, None)

    def close(self) -> None:
        """Rolls back what nobody has taken."""
        for table in list(self._tables):
            self.leave(table)
        self._first.clear()
        self._threads.shutdown()

    def _begin(self, table: str, schema: Schema) -> "EarlyTable | None":
        """Opens the transaction of a table; gives up if that is not possible now."""
        client: Any
        client, _ = self._pipeline._get_destination_clients(schema)
        try:
            with without_waiting():
                client.sql_client.open_connection()
            # outside of the transaction: dlt would not see a table that is made within it
            stored = list(client.get_storage_tables([table]))
            statements, _ = client._build_schema_update_sql(stored)
            client.sql_client.execute_many(statements)
            return EarlyTable(client, table, self._threads)
        except Exception as error:
            logger.info(f"Rows are not inserted while they are read: {error}")
            client.sql_client.close_connection()
            self._given_up = True
            self._first.clear()
            return None


class EarlyTable:
    """One transaction, in which one statement inserts the rows of a table as they come.

    client: dlt's client of the dataset; its open connection is this transaction's
    """

    def __init__(self, client: Any, table: str, threads: ThreadPoolExecutor) -> None:
        self._client = client
        self._connection = client.sql_client.native_connection
        self._target = client.sql_client.make_qualified_table_name(table)
        self._threads = threads
        self._coming: Queue[pa.Table | None] = Queue(1)
        self._schema: pa.Schema | None = None
        self._inserted: Future[None] | None = None
        self._rows = 0
        self._is_over = False

    def insert(self, rows: pa.Table) -> None:
        """Has a thread insert rows; waits while it is behind."""
        if self._inserted is None:
            self._schema = rows.schema
            self._inserted = self._threads.submit(self._insert, rows.schema)
        if rows.schema == self._schema:
            self._rows += rows.num_rows
        self._put(rows)

    def finish(self) -> None:
        """Lets the statement end with the rows that have come."""
        if not self._is_over:
            self._is_over = True
            self._put(None)

    def commit(self, rows: int, statements: Iterable[str]) -> bool:
        """Commits, after some statements; returns False, and rolls back, if that is not possible.

        rows: how many there should be
        """
        try:
            self.finish()
            if self._inserted is None or self._rows != rows:
                return False
            self._inserted.result()
            for statement in statements:
                self._connection.execute(statement)
            self._connection.commit()
            return True
        except Exception as error:
            logger.info(f"Rows that were inserted while they were read are loaded again: {error}")
            return False
        finally:
            self.close()

    def close(self) -> None:
        """Rolls back what is not committed, and closes the connection."""
        self.finish()
        if self._inserted:
            self._inserted.exception()
        with suppress(Exception):
            self._connection.rollback()
        self._client.sql_client.close_connection()

    def _insert(self, schema: pa.Schema) -> None:
        to_column = self._client.schema.naming.normalize_identifier
        columns = [to_column(name) for name in schema.names]
        named = pa.schema(
            [field.with_name(name) for field, name in zip(schema, columns, strict=True)]
        )
        batches = (
            batch
            for rows in iter(self._coming.get, None)
            for batch in rows.rename_columns(columns).to_batches()
        )
        # before the transaction, which would keep what is registered in it
        self._connection.register("early_rows", pa.RecordBatchReader.from_batches(named, batches))
        self._connection.begin()
        self._connection.execute(f"insert into {self._target} by name select * from early_rows")

    def _put(self, rows: pa.Table | None) -> None:
        """Gives rows to the statement, unless it has failed."""
        while self._inserted and not self._inserted.done():
            with suppress(Full):
                self._coming.put(rows, timeout=_PATIENCE_SECONDS)
                return


@contextmanager
def early_rows(pipeline: dlt.Pipeline) -> Iterator[EarlyRows | None]:
    """Yields where to put rows that are to be inserted early; None where that is not possible."""
    destination = pipeline.destination
    if not isinstance(destination, TunedDuckDb) or not loads_early():
        yield None
        return
    destination.early = early = EarlyRows(pipeline)
    try:
        yield early
    finally:
        destination.early = None
        early.close()
