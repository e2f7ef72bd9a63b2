"""How many: what became of one table of an export, from the file to the destination."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from ..reader.casting import Batch
from ..tables import Table

KEY_MEMORY = "64MB"
"""What the counting of keys may take before it goes to disk."""


@dataclass(frozen=True)
class Counts:
    """What became of one table of an export.

    records: in the CSV file
    rows: handed to dlt; the others are in rejected_rows
    keys: different keys among those rows, and so the rows to be found in the destination
    rejected: entries in rejected_rows
    """

    records: int = 0
    rows: int = 0
    keys: int = 0
    rejected: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.records + other.records,
            self.rows + other.rows,
            self.keys + other.keys,
            self.rejected + other.rejected,
        )


class Counting:
    """Counts one table while it is read.

    Keys are told apart by hashes of 64 bits. They are kept by a DuckDB of their own, so that
    the proof does not rest on the destination, and neither on memory.

    folder: where the hashes may go when they are many
    """

    def __init__(self, table: Table, folder: Path) -> None:
        self._key = ", ".join(f'"{name}"' for name in table.key)
        self._database = duckdb.connect(
            ":memory:",
            config={"memory_limit": KEY_MEMORY, "temp_directory": str(folder), "threads": 1},
        )
        self._database.execute("create table keys (key ubigint)")
        self._counts = Counts()

    def add(self, batch: Batch) -> None:
        """Adds a batch."""
        self._counts += Counts(batch.records, batch.rows.num_rows, 0, batch.rejected.num_rows)
        self._database.register("batch", batch.rows)
        self._database.execute(f"insert into keys select hash({self._key}) from batch")
        self._database.unregister("batch")

    def counts(self) -> Counts:
        """The sums; ends the counting."""
        with self._database as database:
            ((keys,),) = database.execute("select count(distinct key) from keys").fetchall()
        return self._counts + Counts(keys=keys)
