"""Writes rows into DuckDB straight from where they are.

dlt copies the rows of a merge into a staging table, and merges from there: DuckDB then compresses
and writes every row twice, and the file of the database is twice as large. But DuckDB can read a
file or the result of a query itself. Where nothing has to be sorted out in between, one
transaction deletes the rows that are to be replaced and inserts the new ones. So it is with a load
that is proved to have no key twice, and with a model, whose scope says what it replaces.

Like dlt's merge, it may be repeated: a job that is killed and runs again leaves the same rows.
"""

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import duckdb
import pyarrow as pa
from dlt.common.destination import PreparedTableSchema
from dlt.common.destination.client import LoadJob, RunnableLoadJob, SqlModel
from dlt.common.schema.typing import MERGE_DISPOSITION_HINTS
from dlt.common.schema.utils import get_columns_names_with_prop
from dlt.common.storages import FileStorage
from dlt.common.storages.load_package import ParsedLoadJobFileName
from dlt.destinations.exceptions import DatabaseException, DatabaseTerminalException
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.sql_client import SqlClientBase
from dlt.destinations.sql_jobs import SqlMergeFollowupJob
from sqlglot import exp

from ..extract.context import DISTINCT
from .duckdb import LOADING, cores

SCOPE = MERGE_DISPOSITION_HINTS["destination_scope"]
"""The hint with the condition for the rows that a load replaces."""

QUERY = "query"
"""DuckDB's table function that runs the query of a text."""

EMBEDDED_QUERY = re.compile(rf"\b{QUERY}\('((?:[^']|'')*)'\)", re.IGNORECASE)


class DirectJob(RunnableLoadJob):
    """Writes one file in one transaction; nothing follows it."""

    def run(self) -> None:
        """Deletes what is replaced, and inserts what comes."""
        client = self._job_client.sql_client  # type: ignore[attr-defined]
        with client.begin_transaction():
            for statement in self.statements(client):
                client.execute_sql(statement)

    @abstractmethod
    def statements(self, client: SqlClientBase[Any]) -> Iterator[str]:
        """The SQL that does it."""


class MergeJob(DirectJob):
    """Merges the rows of a file on their key."""

    def statements(self, client: SqlClientBase[Any]) -> Iterator[str]:
        """Deletes the rows with the same keys, and inserts those of the file."""
        ((threads,),) = client.execute_sql("select current_setting('threads')") or ()
        return merge_of(self._load_table, self._file_path, client, int(threads))


class ModelJob(DirectJob):
    """Writes the result of a query, in the place of the rows that are its scope if it has one."""

    def run(self) -> None:
        """Loads the result. Without enough memory dlt need not try again, and again."""
        try:
            super().run()
        except DatabaseException as error:
            if isinstance(error.dbapi_exception, duckdb.OutOfMemoryException):
                raise DatabaseTerminalException(error.dbapi_exception) from error
            raise

    def statements(self, client: SqlClientBase[Any]) -> Iterator[str]:
        """Deletes the rows of the scope, and inserts those of the query."""
        with FileStorage.open_zipsafe_ro(self._file_path, encoding="utf-8") as file:
            query = SqlModel.from_file(file).to_sql()
        table: Any = self._load_table
        target = client.make_qualified_table_name(table["name"])
        _, scope = SqlMergeFollowupJob.get_merge_conditions(table, client)
        if scope:
            yield f"delete from {target} where {scope}"
        yield f"insert into {target} by name {unquoted(query)}"


class DirectClient(DuckDbClient):
    """dlt's client of DuckDB, with a shorter way for rows that can go straight to their table."""

    def should_load_data_to_staging_dataset(self, table_name: str) -> bool:
        """Whether a table takes dlt's way."""
        if is_direct(self.prepare_load_table(table_name)):
            return False
        return super().should_load_data_to_staging_dataset(table_name)

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """The job that loads a file."""
        # Arrow keeps what it has freed, in each thread; now it is DuckDB that needs it
        pa.default_memory_pool().release_unused()
        file_format = ParsedLoadJobFileName.parse(file_path).file_format
        if file_format == "parquet" and is_distinct(table):
            return MergeJob(file_path)
        if file_format == "model" and (has_scope(table) or table["write_disposition"] != "merge"):
            return ModelJob(file_path)
        return super().create_load_job(table, file_path, load_id, restore)


def is_direct(table: PreparedTableSchema) -> bool:
    """Whether the rows of a table need no staging table."""
    return is_distinct(table) or has_scope(table)


def is_distinct(table: PreparedTableSchema) -> bool:
    """Whether a table is merged on its key and told to be distinct."""
    return table["write_disposition"] == "merge" and table.get(DISTINCT) is True


def has_scope(table: PreparedTableSchema) -> bool:
    """Whether a table is written by a query that replaces the rows of a scope."""
    return table["write_disposition"] == "merge" and bool(table.get(SCOPE))


def merge_of(table: Any, file_path: str, client: SqlClientBase[Any], threads: int) -> Iterator[str]:
    """The statements that merge a file.

    threads: with which rows are inserted; those that a user set are left as they are
    """
    target = client.make_qualified_table_name(table["name"])
    file = f"read_parquet({client.capabilities.escape_literal(file_path)})"
    columns = get_columns_names_with_prop(table, "primary_key")
    keys = [client.escape_column_name(column) for column in columns]
    same = " and ".join(f"present.{key} = coming.{key}" for key in keys)
    # to look at all keys takes no memory; to write rows does, in each thread
    if threads == LOADING["threads"]:
        yield f"set threads = {cores()}"
    yield (
        f"delete from {target} as present"
        # one column alone leaves few rows to compare, in two thirds of the time on a long history
        f" where {keys[0]} in (select {keys[0]} from {file})"
        f" and exists (select 1 from {file} as coming where {same})"
    )
    yield f"set threads = {threads}"
    yield f"insert into {target} by name select * from {file}"


def quoted(query: str, columns: Iterable[str]) -> str:
    """A query with another one as a text in it, for dlt to read only the columns of.

    On its way through a load package dlt parses a query four times, and writes it three times.
    """
    names = (exp.column(name, quoted=True) for name in columns)
    text = exp.Literal.string(query)
    outer = exp.select(*names).from_(exp.Anonymous(this=QUERY, expressions=[text]))
    return outer.sql("duckdb")


def unquoted(query: str) -> str:
    """The same query with the other one as a part of it.

    DuckDB can run the text too, but what it says of an error then points to a wrong place.
    """
    return EMBEDDED_QUERY.sub(lambda found: f"({found[1]})".replace("''", "'"), query, count=1)
