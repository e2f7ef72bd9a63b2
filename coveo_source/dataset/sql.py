"""Statements on a dataset, beside what dlt loads into it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime, timezone
from itertools import chain, islice
from typing import Any

import dlt
from dlt.common.configuration.specs.base_configuration import BaseConfiguration, is_secret_hint
from dlt.common.data_types import TDataType
from dlt.common.schema import Schema
from dlt.common.schema.utils import new_column, new_table
from dlt.destinations.exceptions import DatabaseException, DatabaseUndefinedRelation
from dlt.destinations.job_client_impl import SqlJobClientBase

from ..destination import open_patiently
from ..exceptions import SettingError
from ..secrets import keep_passwords

_UPDATES = {"clickhouse": "alter table {table} update"}
"""How an update begins in SQL that does not have `update … set`, by its name in sqlglot."""
_NOW = {"clickhouse": "select now64(6, 'UTC')"}
"""The query for the time in SQL whose `current_timestamp` has seconds only."""
_CURSORS = ("postgres", "redshift")
"""Dialects whose driver holds all rows of a query in memory, unless they come from a cursor."""
_CHUNK_ROWS = 1_000

_ROWS_AT_ONCE = 500
"""Rows in one statement that inserts several."""

Row = tuple[Any, ...]


def utc(moment: datetime) -> datetime:
    """Returns a datetime in UTC; databases without time zones give UTC without saying so."""
    return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)


def _with_nulls(statement: str, values: Sequence[object]) -> str:
    """Returns a statement with nulls written out: Google's driver takes none as parameters."""
    if None not in values:
        return statement
    first, *others = statement.split("%s")
    places = ("null" if value is None else "%s" for value in values)
    return first + "".join(chain.from_iterable(zip(places, others, strict=True)))


class DatasetSql:
    """SQL on the dataset of a pipeline, over one open connection.

    Values are parameters, written as `%s`.
    """

    def __init__(self, client: SqlJobClientBase) -> None:
        self._client = client
        self._sql = client.sql_client
        self._update = _UPDATES.get(self.dialect, "update {table} set")
        self._now = _NOW.get(self.dialect, "select current_timestamp")

    @property
    def name(self) -> str:
        """The name of the dataset."""
        return self._sql.dataset_name

    @property
    def dialect(self) -> str:
        """sqlglot's name for the SQL of the database."""
        return str(self._sql.capabilities.sqlglot_dialect)

    @property
    def staging(self) -> str:
        """The name of the dataset through which dlt merges; it keeps the rows of the last load."""
        return self._sql.staging_dataset_name

    def at(self, name: str) -> AbstractContextManager[Any]:
        """Lets the names of tables stand for those of another dataset in the same database."""
        return self._sql.with_alternative_dataset_name(name)

    @property
    def exists(self) -> bool:
        """True if the dataset exists."""
        return self._client.is_storage_initialized()

    def now(self) -> datetime:
        """Returns the current time by the database's clock, which all its users share."""
        [(moment,)] = self.rows(self._now)
        return utc(moment)

    def table(self, name: str) -> str:
        """Returns the qualified name of a table."""
        return self._sql.make_qualified_table_name(name)

    def column(self, name: str) -> str:
        """Returns the quoted name of a column."""
        return self._sql.escape_column_name(name)

    def literal(self, text: str) -> str:
        """Returns a text as a literal, for statements that have no parameters."""
        return str(self._sql.capabilities.escape_literal(text))

    def normalized(self, api_name: str) -> str:
        """Returns the name that a column of Coveo's has in the dataset."""
        return self._client.schema.naming.normalize_identifier(api_name)

    def columns(self, *tables: str) -> dict[str, list[str]]:
        """Returns the columns that tables have in the database; none if there is no such table."""
        found = self._client.get_storage_tables(tables)
        # some databases spell them in upper case
        return {name: [column.lower() for column in columns] for name, columns in found}

    def rows(self, statement: str, *values: object) -> list[Row]:
        """Returns the rows of a query; none if one of its tables does not exist."""
        try:
            return [tuple(row) for row in self._sql.execute_sql(statement, *values) or ()]
        except DatabaseUndefinedRelation:
            return []

    def records(self, query: str) -> list[dict[str, Any]]:
        """Returns the rows of a query, each by column; none if one of its tables does not exist."""
        try:
            with self._sql.execute_query(query) as cursor:
                # some databases spell columns in upper case
                names = [column[0].lower() for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except DatabaseUndefinedRelation:
            return []

    def chunks(self, query: str, *values: object) -> Iterator[list[Row]]:
        """Yields the rows of a query in chunks; none if one of its tables does not exist."""
        with suppress(DatabaseUndefinedRelation):
            if self._sql.capabilities.sqlglot_dialect in _CURSORS:
                with self._sql.begin_transaction():
                    self.execute(f"declare chunks cursor for {query}", *values)
                    while chunk := self.rows(f"fetch forward {_CHUNK_ROWS} from chunks"):
                        yield chunk
            else:
                with self._sql.execute_query(query, *values) as cursor:
                    yield from cursor.iter_fetch(_CHUNK_ROWS)

    def execute(self, statement: str, *values: object) -> None:
        """Executes a statement."""
        self._sql.execute_sql(_with_nulls(statement, values), *(v for v in values if v is not None))

    def update(self, table: str, values: Mapping[str, object], where: str, *of: object) -> None:
        """Updates the rows that meet a condition.

        of: the values of the condition
        """
        assignments = ", ".join(f"{self.column(name)} = %s" for name in values)
        begin = self._update.format(table=self.table(table))
        self.execute(f"{begin} {assignments} where {where}", *values.values(), *of)

    def insert(self, table: str, values: Mapping[str, object]) -> None:
        """Inserts one row."""
        names = ", ".join(map(self.column, values))
        places = ", ".join("%s" for _ in values)
        statement = f"insert into {self.table(table)} ({names}) values ({places})"
        self.execute(statement, *values.values())

    def insert_all(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Inserts rows whose values are in the order of the columns."""
        names = ", ".join(map(self.column, columns))
        places = f"({', '.join('%s' for _ in columns)})"
        into = f"insert into {self.table(table)} ({names}) values"
        waiting = iter(rows)
        while some := list(islice(waiting, _ROWS_AT_ONCE)):
            self.execute(f"{into} {', '.join([places] * len(some))}", *chain.from_iterable(some))

    def empty(self, *tables: str) -> None:
        """Removes all rows of those tables that exist."""
        present = [name for name, columns in self.columns(*tables).items() if columns]
        if present:
            self._sql.truncate_tables(*present)

    def transaction(self) -> AbstractContextManager[Any]:
        """Returns a transaction; where the database has none, each statement is one."""
        # dlt says nothing of most databases that have them
        if self._sql.capabilities.supports_transactions is False:
            return nullcontext()
        return self._sql.begin_transaction()

    def create(self, table: "StateTable") -> None:
        """Creates a table, and the dataset; adds the columns that an earlier version lacked."""
        client = self._client
        client.schema.update_table(
            new_table(table.name, columns=[new_column(*each) for each in table.columns.items()])
        )
        try:
            client.initialize_storage()
            statements, _ = client._build_schema_update_sql(
                list(client.get_storage_tables([table.name]))
            )
            self._sql.execute_many(statements)
        except DatabaseException:
            # another process may have created it at the same time
            if set(self.columns(table.name).get(table.name, ())) < table.columns.keys():
                raise


class StateTable:
    """A table of ours that dlt does not load.

    columns: dlt's type of each column by name
    """

    def __init__(self, name: str, **columns: TDataType) -> None:
        self.name = name
        self.columns: Mapping[str, TDataType] = columns


def client_of_dataset(pipeline: dlt.Pipeline) -> SqlJobClientBase | None:
    """Returns a client of a pipeline's dataset; None if the destination has no SQL."""
    # a schema of its own: with the pipeline's, dlt would add our tables to what it loads
    client, _ = pipeline._get_destination_clients(Schema("coveo_dataset"))
    keep_passwords(*_secrets_in(client.config))
    # of a library user's own destination only these openings wait, not those of dlt
    open_patiently(client, pipeline.destination)
    return client if isinstance(client, SqlJobClientBase) else None


def _secrets_in(configuration: BaseConfiguration) -> Iterator[str]:
    """Yields passwords and keys to a database, which its errors may quote."""
    for name, hint in configuration.get_resolvable_fields().items():
        value = getattr(configuration, name, None)
        if isinstance(value, BaseConfiguration):
            yield from _secrets_in(value)
        elif isinstance(value, str) and is_secret_hint(hint):
            yield value


@contextmanager
def open_dataset(pipeline: dlt.Pipeline) -> Iterator[DatasetSql | None]:
    """Opens a connection to the dataset of a pipeline; yields None if there is no SQL."""
    client = client_of_dataset(pipeline)
    if client is None:
        yield None
        return
    with client:
        yield DatasetSql(client)


@contextmanager
def open_sql_dataset(pipeline: dlt.Pipeline) -> Iterator[DatasetSql]:
    """Opens a connection to the dataset of a pipeline.

    Raises:
        SettingError: if the destination has no SQL
    """
    with open_dataset(pipeline) as dataset:
        if dataset is None:
            name = pipeline.destination.destination_name
            raise SettingError("destination", name, "Single rows can only be erased with SQL.")
        yield dataset
