"""A PostgreSQL server for the tests of this folder."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.support.cli_user import DATASET


@pytest.fixture
def postgres(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A connection to the server that is configured as the destination."""
    psycopg2 = pytest.importorskip("psycopg2", reason="pip install .[dev]")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    # not `with connect(…)`, which would be one transaction that locks what a test writes
    with closing(psycopg2.connect(address)) as connection:
        connection.autocommit = True
        yield connection
        with connection.cursor() as cursor:
            for schema in (DATASET, f"{DATASET}_staging"):
                cursor.execute(f"drop schema if exists {schema} cascade")
