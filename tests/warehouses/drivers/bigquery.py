"""BigQuery's emulator `bqemulator`, a server on this machine that runs the SQL in DuckDB.

Google's own client finds it by the environment variable `BIGQUERY_EMULATOR_HOST`.
"""

from functools import wraps
from typing import Any

from dlt.common.configuration.specs import GcpServiceAccountCredentials
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client
from google.cloud.bigquery.dbapi import Cursor
from sqlglot import exp, parse_one

_END_SESSION = ";CALL BQ.ABORT_SESSION()"


def install() -> None:
    """Reaches the emulator without an account."""
    _sign_nothing()
    _read_by_rest()
    _compute_weeks()
    _end_transactions_alone()


def _sign_nothing() -> None:
    """Sends no signature: a made-up account would need a key and a server of tokens."""

    def anonymous(self: Any) -> AnonymousCredentials:
        return AnonymousCredentials()

    GcpServiceAccountCredentials.to_native_credentials = anonymous  # type: ignore[method-assign]


def _read_by_rest() -> None:
    """Reads results by REST: the client would look for the storage API at Google's address."""

    def no_storage(self: Client, *args: Any, **kwargs: Any) -> None:
        return None

    Client._ensure_bqstorage_client = no_storage


def _end_transactions_alone() -> None:
    """The emulator knows no `BQ.ABORT_SESSION`, and with it fails to end the transaction too."""
    execute = Cursor.execute

    @wraps(execute)
    def executed(self: Cursor, operation: str, *args: Any, **kwargs: Any) -> Any:
        return execute(self, operation.removesuffix(_END_SESSION), *args, **kwargs)

    Cursor.execute = executed


def _compute_weeks() -> None:
    """The emulator hands `ISOWEEK` to DuckDB, which has no such unit, and begins `WEEK` on Sunday.

    A statement that fails so inserts no rows, and counts as done.
    """
    execute = Cursor.execute

    @wraps(execute)
    def executed(self: Cursor, operation: str, *args: Any, **kwargs: Any) -> Any:
        if "ISOWEEK" in operation:
            operation = parse_one(operation, read="bigquery").transform(_monday).sql("bigquery")
        return execute(self, operation, *args, **kwargs)

    Cursor.execute = executed


def _monday(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.DateTrunc) or node.text("unit") != "ISOWEEK":
        return node
    days = "date_sub({0}, interval mod(extract(dayofweek from {0}) + 5, 7) day)"
    return parse_one(days.format(node.this.sql("bigquery")), read="bigquery")
