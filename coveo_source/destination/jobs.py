"""Writes rows into DuckDB without a staging table.

dlt merges through a staging table: DuckDB writes every row twice, and the file becomes twice as
large. A load that is proved to have no duplicate keys, and a model, need none: one transaction
deletes the rows to be replaced and inserts the new ones. A killed job may run again.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import pyarrow as pa
from dlt.common.destination import PreparedTableSchema
from dlt.common.destination.client import LoadJob, RunnableLoadJob, SqlModel
from dlt.common.schema.typing import C_DLT_LOAD_ID, MERGE_DISPOSITION_HINTS
from dlt.common.schema.utils import get_columns_names_with_prop
from dlt.common.storages import FileStorage
from dlt.common.storages.load_package import ParsedLoadJobFileName
from dlt.destinations.exceptions import DatabaseException, DatabaseTerminalException
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.sql_client import SqlClientBase
from dlt.destinations.sql_jobs import SqlMergeFollowupJob
from pyarrow import parquet

from .build_job import BuildJob, Tell, is_lasting
from .steps import read_step, unfold_query
from .tuning import LOADING_THREADS, cores

DEDUPLICATED = MERGE_DISPOSITION_HINTS["deduplicated"]
"""dlt's hint that no two rows of a load have the same key."""
_SCOPE = MERGE_DISPOSITION_HINTS["destination_scope"]
"""dlt's hint with the condition for the rows that a load replaces."""


class EarlyTable(Protocol):
    """The rows of a table that a transaction holds before the package is loaded."""

    def commit(self, rows: int, statements: Iterable[str]) -> bool:
        """Commits these rows after some statements, or rolls back and returns False."""


class Early(Protocol):
    """Such rows of all tables."""

    def take(self, table: str) -> EarlyTable | None:
        """Returns those of a table, once; None if there are none."""


class DirectClient(DuckDbClient):
    """dlt's client of DuckDB; rows that need no deduplication go straight to their table.

    early: rows that are in the database already, but not committed
    tell: what is called with the tables of a build
    """

    early: Early | None = None
    tell: Tell = staticmethod(lambda table, rows: None)

    def should_load_data_to_staging_dataset(self, table_name: str) -> bool:
        """Returns True if the rows of a table have to go through a staging table."""
        table = self.prepare_load_table(table_name)
        if _is_deduplicated(table) or _has_scope(table):
            return False
        return super().should_load_data_to_staging_dataset(table_name)

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """Returns the job that loads a file."""
        # in each thread Arrow keeps the memory that it has freed; now DuckDB needs it
        pa.default_memory_pool().release_unused()
        file_format = ParsedLoadJobFileName.parse(file_path).file_format
        if file_format == "parquet" and _is_deduplicated(table):
            return MergeJob(file_path)
        if file_format == "model" and read_step(file_path):
            return BuildJob(file_path, self.tell)
        if file_format == "model" and (_has_scope(table) or table["write_disposition"] != "merge"):
            return _ModelJob(file_path)
        return super().create_load_job(table, file_path, load_id, restore)


class _DirectJob(RunnableLoadJob):
    """Writes one file in one transaction; no other job has to follow."""

    def run(self) -> None:
        client = self._job_client.sql_client  # type: ignore[attr-defined]
        with client.begin_transaction():
            for statement in self.statements(client):
                client.execute_sql(statement)

    @abstractmethod
    def statements(self, client: SqlClientBase[Any]) -> Iterator[str]:
        """Yields the SQL statements of the transaction."""


class MergeJob(_DirectJob):
    """Merges the rows of a Parquet file on their key, which may be there before it is loaded."""

    def run(self) -> None:
        """Runs the job."""
        client: Any = self._job_client
        early = client.early and client.early.take(self._load_table["name"])
        if not early or not self._commit(early, client.sql_client):
            super().run()

    def _commit(self, early: EarlyTable, client: SqlClientBase[Any]) -> bool:
        *deletion, _ = self.statements(client, self._load_id)
        return early.commit(parquet.read_metadata(self._file_path).num_rows, deletion)

    def statements(self, client: SqlClientBase[Any], load_id: str | None = None) -> Iterator[str]:
        """Yields statements that delete rows with the same keys and insert those of the file.

        load_id: of rows that are there already, and stay
        """
        ((threads,),) = client.execute_sql("select current_setting('threads')") or ()
        return merge_statements(self._load_table, self._file_path, client, int(threads), load_id)


class _ModelJob(_DirectJob):
    """Writes the result of a query; it replaces the rows of its scope, if it has one."""

    def run(self) -> None:
        try:
            super().run()
        except DatabaseException as error:
            # dlt does not retry a terminal error
            if is_lasting(error):
                raise DatabaseTerminalException(error.dbapi_exception) from error
            raise

    def statements(self, client: SqlClientBase[Any]) -> Iterator[str]:
        with FileStorage.open_zipsafe_ro(self._file_path, encoding="utf-8") as file:
            query = SqlModel.from_file(file).to_sql()
        table: Any = self._load_table
        target = client.make_qualified_table_name(table["name"])
        _, scope = SqlMergeFollowupJob.get_merge_conditions(table, client)
        if scope:
            yield f"delete from {target} where {scope}"
        yield f"insert into {target} by name {unfold_query(query)}"


def merge_statements(
    table: Any, file_path: str, client: SqlClientBase[Any], threads: int, load_id: str | None = None
) -> Iterator[str]:
    """Yields the statements that merge a file into its table; the last one inserts the rows.

    threads: DuckDB's present number; if it is ours and not the user's, all cores find the rows to
        delete
    load_id: of rows that are there already, and stay
    """
    literal = client.capabilities.escape_literal
    target = client.make_qualified_table_name(table["name"])
    file = f"read_parquet({literal(file_path)})"
    columns = get_columns_names_with_prop(table, "primary_key")
    keys = [client.escape_column_name(column) for column in columns]
    others = f" and present.{client.escape_column_name(C_DLT_LOAD_ID)} is distinct from"
    same_key = " and ".join(f"present.{key} = coming.{key}" for key in keys)
    # comparing keys takes hardly any memory; writing rows does, in each thread
    if threads == LOADING_THREADS:
        yield f"set threads = {cores()}"
    yield (
        f"delete from {target} as present"
        # the first key column leaves few rows to compare: a third less time with a long history
        f" where {keys[0]} in (select {keys[0]} from {file})"
        f" and exists (select 1 from {file} as coming where {same_key})"
        + (f"{others} {literal(load_id)}" if load_id else "")
    )
    yield f"set threads = {threads}"
    yield f"insert into {target} by name select * from {file}"


def _is_deduplicated(table: PreparedTableSchema) -> bool:
    return table["write_disposition"] == "merge" and table.get(DEDUPLICATED) is True


def _has_scope(table: PreparedTableSchema) -> bool:
    return table["write_disposition"] == "merge" and bool(table.get(_SCOPE))
