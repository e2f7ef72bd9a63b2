"""ClickHouse in this process, chDB, in the place of a server: the same engine and the same SQL.

What is missing is the wire: `clickhouse_driver` for statements, `clickhouse_connect` for files.

`CHDB_FOLDER`: where the database is; it stays when the process ends
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import clickhouse_driver
import pyarrow as pa
import pyarrow.parquet as pq
from chdb.session import Session
from clickhouse_driver.dbapi import errors
from clickhouse_driver.util.escape import escape_params
from dlt.destinations.impl.clickhouse import sql_client

_READING = ("select", "with", "show", "describe", "exists")
_OF_THE_DRIVER = {"secure", "connect_timeout", "send_receive_timeout", "enable_http_compression"}
"""Options of a connection's address that are no settings of the server."""

_dlts: Any = sql_client
_turn = threading.RLock()
_sessions: list[Any] = []


def install() -> None:
    """Lets dlt reach the database in this process instead of a server."""
    clickhouse_driver.connect = _Connection
    _dlts.clickhouse_connect = _NoConnection
    _dlts.clk_insert_file = _insert_file


def _session() -> Any:
    if not _sessions:
        _sessions.append(Session(os.environ["CHDB_FOLDER"]))
    return _sessions[0]


def _run(statement: str, form: str = "CSV") -> bytes:
    with _turn:
        try:
            return bytes(_session().query(statement, form).bytes())
        except RuntimeError as error:
            # dlt looks for the code of an error at its begin
            raise errors.OperationalError(str(error)[str(error).find("Code: ") :]) from error


class _Context:
    """What the driver's own escaping of values asks about the server."""

    client_settings: Mapping[str, bool] = {"server_side_params": False}

    class server_info:  # noqa: N801
        @staticmethod
        def get_timezone() -> str:
            return "UTC"


class _Connection:
    """A connection; the settings in its address apply to every statement."""

    def __init__(self, dsn: str) -> None:
        for name, value in parse_qsl(urlsplit(dsn).query):
            if name not in _OF_THE_DRIVER:
                text = value if value.isdigit() else f"'{value}'"
                _run(f"set {name} = {text}")

    @contextmanager
    def cursor(self) -> "Iterator[_Cursor]":
        yield _Cursor()

    def commit(self) -> None:
        """There are no transactions."""

    rollback = close = commit


class _Cursor:
    description: list[tuple[Any, ...]] | None = None

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, statement: str, values: dict[str, Any]) -> None:
        text = statement % escape_params(values, _Context)
        if not text.lstrip(" (\n").lower().startswith(_READING):
            _run(text)
            return
        found = _run(text, "Arrow")
        table = pa.ipc.open_file(pa.BufferReader(found)).read_all() if found else pa.table({})
        self.description = [
            (name, None, None, None, None, None, True) for name in table.schema.names
        ]
        self._rows = list(zip(*map(_values, table.columns), strict=True))

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows, []
        return rows

    def fetchmany(self, size: int = 1000) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(iter(self.fetchmany(1)), None)

    def close(self) -> None:
        """Nothing is open."""


def _values(column: Any) -> Sequence[Any]:
    values = column.to_pylist()
    return [value.decode() if isinstance(value, bytes) else value for value in values]


class _NoConnection:
    """Stands for `clickhouse_connect`, which is only asked for a client of files."""

    @staticmethod
    @contextmanager
    def create_client(**options: Any) -> Iterator[None]:
        yield


def _insert_file(
    client: None, table: str, path: str, fmt: str, database: str, compression: str, **rest: Any
) -> None:
    """Inserts a file into a table, as ClickHouse's client does with what a user sends it."""
    names = "*"
    if fmt == "Parquet":
        names = ", ".join(f"`{name}`" for name in pq.read_schema(path).names)
    target = f"`{database}`.`{table}`" + (f" ({names})" if names != "*" else "")
    file = f"file('{path}', '{fmt}', auto, '{compression}')"
    options = "date_time_input_format = 'best_effort'"
    _run(f"insert into {target} select {names} from {file} settings {options}")
