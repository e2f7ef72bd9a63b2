"""A connection to Spark that behaves like one of Databricks' driver."""

import os
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from databricks.sql.exc import ServerOperationError
from databricks.sql.utils import ParamEscaper
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from .server import VOLUMES
from .statements import Statements

Row = tuple[Any, ...]


def connect(**_: object) -> "Connection":
    """Connects to the Spark that the environment names; the arguments are for Databricks."""
    return Connection(_spark().newSession())


@cache
def _spark() -> SparkSession:
    """Returns the first session of the Spark that `server` runs."""
    gateway = launch_gateway()
    jvm = gateway.jvm
    running = jvm.JavaSparkContext(jvm.org.apache.spark.SparkContext.getOrCreate())
    configuration = SparkConf(_jvm=jvm, _jconf=running.getConf())
    return SparkSession(SparkContext(gateway=gateway, jsc=running, conf=configuration))


class Connection:
    """A session of its own: its temporary views are seen by no other."""

    def __init__(self, session: SparkSession) -> None:
        self._statements = Statements(session, Path(os.environ[VOLUMES]))

    def cursor(self) -> "Cursor":
        return Cursor(self._statements)

    def close(self) -> None:
        """Does nothing: Spark forgets a session that nobody uses."""


class Cursor:
    """Runs statements, and keeps the rows of the last one."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._rows: list[Row] = []
        self.description: list[tuple[Any, ...]] | None = None

    def __enter__(self) -> "Cursor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._rows = []

    def execute(self, operation: str, parameters: Sequence[object] | None = None) -> None:
        statement = operation % tuple(map(_literal, parameters)) if parameters else operation
        try:
            frame = self._statements.run(statement)
            self._rows = [tuple(map(_value, row)) for row in frame.collect()] if frame else []
        except (PySparkException, Py4JError) as error:
            raise ServerOperationError(str(error)) from error
        columns = frame.dtypes if frame else ()
        self.description = [(*column, None, None, None, None, None) for column in columns] or None

    def fetchone(self) -> Row | None:
        return next(iter(self.fetchmany(1)), None)

    def fetchmany(self, size: int) -> list[Row]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def fetchall(self) -> list[Row]:
        return self.fetchmany(len(self._rows))


def _literal(value: object) -> Any:
    """Returns a value as Databricks' driver writes it into a statement.

    A time has its type in addition. Delta Lake casts a text that is written into a column of times,
    and dlt relies on that; Iceberg refuses it.
    """
    literal = ParamEscaper().escape_item(value)
    return f"timestamp{literal}" if isinstance(value, datetime) else literal


def _value(value: object) -> object:
    """Returns a value as Databricks' driver gives it: Spark gives times without their zone."""
    return value.astimezone(timezone.utc) if isinstance(value, datetime) else value
