"""Merges rows into DuckDB straight from their file.

dlt copies a file into a staging table, and merges from there: DuckDB then compresses and writes
every row twice, and the file of the database is twice as large. But DuckDB can read the file
itself. Where the rows of a load are proved to have no key twice, nothing has to be sorted out in
between, and one transaction deletes the rows with the same keys and inserts the new ones.

Like dlt's merge, it may be repeated: a job that is killed and runs again leaves the same rows.
"""

from collections.abc import Iterator
from typing import Any

from dlt.common.destination import PreparedTableSchema
from dlt.common.destination.client import LoadJob, RunnableLoadJob
from dlt.common.schema.typing import MERGE_DISPOSITION_HINTS
from dlt.common.schema.utils import get_columns_names_with_prop
from dlt.common.storages.load_package import ParsedLoadJobFileName
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.sql_client import SqlClientBase

DISTINCT = MERGE_DISPOSITION_HINTS["deduplicated"]
"""The hint by which a table says that no two rows of a load have the same key."""


class MergeJob(RunnableLoadJob):
    """Merges one file; nothing follows it."""

    def run(self) -> None:
        """Loads the file in one transaction."""
        client = self._job_client.sql_client  # type: ignore[attr-defined]
        with client.begin_transaction():
            for statement in merge_of(self._load_table, self._file_path, client):
                client.execute_sql(statement)


class DirectClient(DuckDbClient):
    """dlt's client of DuckDB, with a shorter way for rows that are proved to be distinct."""

    def should_load_data_to_staging_dataset(self, table_name: str) -> bool:
        """Whether a table takes dlt's way."""
        if is_direct(self.prepare_load_table(table_name)):
            return False
        return super().should_load_data_to_staging_dataset(table_name)

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """The job that loads a file."""
        is_parquet = ParsedLoadJobFileName.parse(file_path).file_format == "parquet"
        if is_parquet and is_direct(table):
            return MergeJob(file_path)
        return super().create_load_job(table, file_path, load_id, restore)


def is_direct(table: PreparedTableSchema) -> bool:
    """Whether a table is merged on its key and told to be distinct."""
    return table["write_disposition"] == "merge" and table.get(DISTINCT) is True


def merge_of(table: Any, file_path: str, client: SqlClientBase[Any]) -> Iterator[str]:
    """The statements that merge a file."""
    target = client.make_qualified_table_name(table["name"])
    file = f"read_parquet({client.capabilities.escape_literal(file_path)})"
    columns = get_columns_names_with_prop(table, "primary_key")
    keys = [client.escape_column_name(column) for column in columns]
    same = " and ".join(f"present.{key} = coming.{key}" for key in keys)
    yield (
        f"delete from {target} as present"
        # one column alone leaves few rows to compare, in two thirds of the time on a long history
        f" where {keys[0]} in (select {keys[0]} from {file})"
        f" and exists (select 1 from {file} as coming where {same})"
    )
    yield f"insert into {target} by name select * from {file}"
