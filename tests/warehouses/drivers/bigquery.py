"""BigQuery's emulator `bqemulator`, a server on this machine that runs the SQL in DuckDB.

Google's own client finds it by the environment variable `BIGQUERY_EMULATOR_HOST`.
"""

from typing import Any

from dlt.common.configuration.specs import GcpServiceAccountCredentials
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client


def install() -> None:
    """Reaches the emulator without an account."""
    _sign_nothing()
    _read_by_rest()


def _sign_nothing() -> None:
    """Sends no signature: a made-up account would need a key and a server of tokens."""

    def anonymous(self: GcpServiceAccountCredentials) -> AnonymousCredentials:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]

    GcpServiceAccountCredentials.to_native_credentials = anonymous  # type: ignore[method-assign]


def _read_by_rest() -> None:
    """Reads results by REST: the client would look for the storage API at Google's address."""

    def no_storage(self: Client, *args: Any, **kwargs: Any) -> None:
        return None

    Client._ensure_bqstorage_client = no_storage
