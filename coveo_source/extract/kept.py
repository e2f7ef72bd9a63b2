"""Keeps what the destination holds in columns that an export does not carry.

A load replaces whole rows, so a column that is missing from the file would become null in them.
The rows of such a file are given the values that these columns have now, before dlt gets them.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..exports import Window
from ..private_files import private_file
from ..signals import interruptible
from ..tables import Table
from .stored import StoredTables

_PIECE_ROWS = 5_000
"""Rows that are completed at a time: meanwhile, their values are objects of Python."""
_CACHE_KILOBYTES = 32_000


class KeptColumns:
    """Completes the rows of one file with the columns that it lacks.

    folder: for the present values, which need not fit into memory
    excluded: columns that are not to be written again, so that they become null
    """

    def __init__(
        self,
        stored: StoredTables,
        table: Table,
        window: Window,
        folder: Path,
        excluded: Collection[str] = (),
    ) -> None:
        self._stored = stored
        self._table = table
        self._window = window
        self._folder = folder
        self._excluded = excluded
        self._absent: Mapping[str, pa.DataType] | None = None
        self._values: _Values | None = None

    def completed(self, rows: pa.Table) -> Iterator[pa.Table]:
        """Yields rows of the file; in pieces, if columns are added to them."""
        if self._absent is None and rows.num_rows:
            with interruptible():
                self._begin(rows.column_names)
        if not self._absent or not self._values:
            yield rows
            return
        for start in range(0, rows.num_rows, _PIECE_ROWS):
            piece = rows.slice(start, _PIECE_ROWS)
            keys = zip(*(piece[name].to_pylist() for name in self._table.key), strict=True)
            columns = zip(*map(self._values.find, keys), strict=True)
            for (name, kind), values in zip(self._absent.items(), columns, strict=True):
                # SQLite has no booleans: they come back as numbers
                piece = piece.append_column(name, pa.array(values).cast(kind))
            yield piece

    def close(self) -> None:
        """Closes the file with the values."""
        if self._values:
            self._values.close()

    def _begin(self, header: Iterable[str]) -> None:
        absent = self._stored.absent(self._table, header)
        self._absent = {name: absent[name] for name in absent if name not in self._excluded}
        if self._absent:
            self._values = _Values(len(self._table.key), len(self._absent), self._folder)
            for chunk in self._stored.rows(self._table, self._absent, self._window):
                self._values.add(chunk)


class _Values:
    """Values by key, in a file: its index makes finding rows in any order quick."""

    def __init__(self, keys: int, values: int, folder: Path) -> None:
        path = folder / "kept.sqlite"
        private_file(path).close()
        self._database = sqlite3.connect(path, check_same_thread=False)
        # the file lives no longer than this object
        for pragma in (
            "journal_mode = off",
            "synchronous = off",
            f"cache_size = -{_CACHE_KILOBYTES}",
        ):
            self._database.execute(f"pragma {pragma}")
        key = [f"key_{index}" for index in range(keys)]
        names = [f"value_{index}" for index in range(values)]
        self._database.execute(
            f"create table kept ({', '.join([*key, *names])}, primary key ({', '.join(key)}))"
        )
        places = ", ".join("?" * (keys + values))
        self._insert = f"insert or replace into kept values ({places})"
        condition = " and ".join(f"{name} = ?" for name in key)
        self._select = f"select {', '.join(names)} from kept where {condition}"
        self._nothing = (None,) * values

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Adds rows: the key first, then the values."""
        self._database.executemany(self._insert, rows)

    def find(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns the values of a key; nulls if there is none."""
        found: tuple[Any, ...] | None = self._database.execute(self._select, key).fetchone()
        return found or self._nothing

    def close(self) -> None:
        """Closes the file."""
        self._database.close()
