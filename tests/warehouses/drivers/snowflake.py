"""Snowflake's emulator `fakesnow`, which takes the place of its connector and runs SQL in DuckDB.

The database is in a folder, which the environment variable `FAKESNOW_FOLDER` names.
"""

import os
import re
from contextlib import ExitStack
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any

import fakesnow
from fakesnow import transforms
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from pyarrow import json as arrow_json
from pyarrow import parquet
from sqlglot import exp

_PUT = re.compile(r"PUT 'file://(?P<path>[^']+)'")
_COPY = re.compile(r"COPY INTO (?P<table>\S+)\s+FROM '[^']*/(?P<name>[^'/]+)'")
_UNTIL_EXIT = ExitStack()
_ROWS = ("SELECT", "WITH", "SHOW", "DESCRIBE", "(")


def install() -> None:
    """Puts the emulator in the connector's place, until the process ends."""
    _name_the_schema_alone()
    _describe_rows_only()
    _load_files()
    _keep_backslashes()
    _return_integers()
    folder = os.environ["FAKESNOW_FOLDER"]
    _UNTIL_EXIT.enter_context(fakesnow.patch(db_path=folder, create_schema_on_connect=False))


def _name_the_schema_alone() -> None:
    """The emulator takes `"DATABASE"."SCHEMA"`, as dlt names the schema, for one identifier."""
    connect = FakeSnowflakeConnection.__init__

    @wraps(connect)
    def named(
        self: Any,
        database: Any,
        cache: Any,
        name: str | None = None,
        schema: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        plain = schema and schema.rpartition(".")[2].strip('"')
        connect(self, database, cache, name, plain, *args, **kwargs)

    FakeSnowflakeConnection.__init__ = named


def _describe_rows_only() -> None:
    """The emulator describes a result by running `DESCRIBE` on its SQL, whatever kind that is."""
    describe = FakeSnowflakeCursor.description.fget

    def described(self: Any) -> Any:
        last = (self._last_sql or "").lstrip().upper()
        # what every statement without rows returns in Snowflake
        return describe(self) if last.startswith(_ROWS) else [("status", 2, *[None] * 4, True)]

    FakeSnowflakeCursor.description = property(described)


def _load_files() -> None:
    """The emulator parses neither the comma between options of PUT nor a stage in quotes."""
    execute = FakeSnowflakeCursor.execute
    staged: dict[str, Path] = {}

    @wraps(execute)
    def executed(self: Any, command: str, *args: Any, **kwargs: Any) -> Any:
        if put := _PUT.match(command.lstrip()):
            path = Path(put["path"])
            staged[path.name] = path
        elif copy := _COPY.match(command.lstrip()):
            _copy(self._conn, copy["table"], staged[copy["name"]])
        else:
            return execute(self, command, *args, **kwargs)
        return execute(self, "select 1")

    FakeSnowflakeCursor.execute = executed


def _keep_backslashes() -> None:
    """The emulator removes backslashes from patterns that its parser has unescaped already."""
    extract = transforms.regex_substr

    @wraps(extract)
    def extracted(node: exp.Expr) -> Any:
        if isinstance(node, exp.RegexpExtract):
            pattern = node.expression.name.replace("\\", 2 * "\\")
            node.set("expression", exp.Literal.string(pattern))
        return extract(node)

    transforms.regex_substr = extracted


def _return_integers() -> None:
    """The emulator returns decimals for numbers without decimal places, for which there is int."""
    fetch = FakeSnowflakeCursor.fetchmany

    @wraps(fetch)
    def fetched(self: Any, size: int | None = None) -> Any:
        return [tuple(map(_number, row)) for row in fetch(self, size)]

    FakeSnowflakeCursor.fetchmany = fetched


def _number(value: Any) -> Any:
    is_whole = isinstance(value, Decimal) and value.as_tuple().exponent == 0
    return int(value) if is_whole else value


def _copy(connection: Any, table: str, path: Path) -> None:
    """Inserts a file into a table by the names of its columns, without regard to case."""
    if path.suffix == ".parquet":
        names, source = parquet.read_schema(path).names, f"read_parquet('{path}')"
    else:
        names = arrow_json.read_json(path).column_names
        source = f"read_json('{path}', format = 'newline_delimited')"
    target = ", ".join(f'"{name.upper()}"' for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    connection._duck_conn.execute(
        f'insert into "{connection.database}".{table} ({target}) select {columns} from {source}'
    )
