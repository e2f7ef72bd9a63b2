"""What Databricks' SQL has beyond Spark's: volumes, `copy into`, `information_schema`, clusters."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from .server import CATALOG

_CLUSTERS = re.compile(r"CLUSTER BY (?:AUTO|\([^)]*\))")
_INFORMATION = re.compile(r"\S*\bINFORMATION_SCHEMA\.(\w+)`?", re.IGNORECASE)
_SCHEMATA = "catalog_name string, schema_name string"
_COLUMNS = (
    "table_catalog string, table_schema string, table_name string, column_name string,"
    " ordinal_position int, full_data_type string, is_nullable string,"
    " numeric_precision int, numeric_scale int"
)


class Statements:
    """Statements of a session.

    volumes: the folder that stands for `/Volumes`
    """

    def __init__(self, session: SparkSession, volumes: Path) -> None:
        self._session = session
        self._volumes = volumes
        self._beyond: dict[str, Callable[..., DataFrame | None]] = {
            r"CREATE VOLUME": lambda: None,
            r"PUT '(.+)' INTO '/Volumes/(.+)' OVERWRITE": self._put,
            r"REMOVE '/Volumes/(.+)'": self._remove,
            r"COPY INTO (\S+)\s+FROM '/Volumes/(.+)'\s+FILEFORMAT = (\w+)": self._copy,
            r"(?i:INSERT INTO) (\S+?)\s*\(([^()]+)\)\s*(.+)": self._insert,
            # they change where rows are, but not which
            r"ALTER TABLE \S+ CLUSTER BY": lambda: None,
            r"(CREATE TABLE .+CLUSTER BY .+)": self._create,
            r"(SELECT.+INFORMATION_SCHEMA.+)": self._ask,
        }

    def run(self, statement: str) -> DataFrame | None:
        """Runs a statement; returns its rows, if it is one that may have some."""
        for pattern, action in self._beyond.items():
            if found := re.match(pattern, statement.strip("; \n"), re.DOTALL):
                return action(*found.groups())
        return self._session.sql(statement)

    def _put(self, file: str, path: str) -> None:
        target = self._volumes / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)

    def _remove(self, path: str) -> None:
        target = self._volumes / path
        if target.is_dir():
            target.rmdir()
        else:
            target.unlink()

    def _copy(self, table: str, path: str, file_format: str) -> DataFrame:
        files = self._session.read.format(file_format.lower()).load(str(self._volumes / path))
        files.createOrReplaceTempView("files")
        columns = ", ".join(f"`{name}`" for name in files.columns)
        return self._insert(table, columns, f"select {columns} from files")

    def _insert(self, table: str, columns: str, query: str) -> DataFrame:
        """Leaves the columns null that an insert does not name; Iceberg wants to have them all."""
        given = [name.strip("` \n").lower() for name in columns.split(",")]
        every = self._session.table(table).columns
        values = ", ".join(f"`{name}`" if name.lower() in given else "null" for name in every)
        rows = f"({query}) as given ({columns})"
        return self._session.sql(f"insert into {table} select {values} from {rows}")

    def _create(self, statement: str) -> DataFrame:
        return self._session.sql(_CLUSTERS.sub("", statement))

    def _ask(self, query: str) -> DataFrame:
        """Answers a query of the information schema, which is made from Spark's catalog for it."""
        schemas = [name for (name,) in self._session.sql("show namespaces").collect()]
        self._view("schemata", _SCHEMATA, [(CATALOG, name) for name in schemas])
        columns = [
            column
            for schema in _named(schemas, query)
            for table in _named(self._tables(schema), query)
            for column in self._columns(schema, table)
        ]
        self._view("columns", _COLUMNS, columns)
        return self._session.sql(_INFORMATION.sub(r"information_schema_\1", query))

    def _tables(self, schema: str) -> list[str]:
        return [table for _, table, _ in self._session.sql(f"show tables in {schema}").collect()]

    def _columns(self, schema: str, table: str) -> list[tuple[object, ...]]:
        columns = self._session.table(f"{schema}.{table}").dtypes
        return [
            (CATALOG, schema, table, name, place, full_type, "YES", None, None)
            for place, (name, full_type) in enumerate(columns)
        ]

    def _view(self, name: str, columns: str, rows: list[tuple[object, ...]]) -> None:
        # Python's rows have another way into Spark, but it starts further processes
        names = [column.split()[0] for column in columns.split(",")]
        records = json.dumps([dict(zip(names, row, strict=True)) for row in rows])
        query = f"select inline(from_json(:records, 'array<struct<{columns}>>'))"
        view = self._session.sql(query, args={"records": records})
        view.createOrReplaceTempView(f"information_schema_{name}")


def _named(names: list[str], query: str) -> list[str]:
    """Returns the names that a query asks for; all of them if it names none."""
    return [name for name in names if f"'{name}'" in query] or names
