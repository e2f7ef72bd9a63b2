"""The audit trail: what became of each export, from the file to the destination."""

from dataclasses import astuple, dataclass, field, replace
from datetime import datetime, timezone
from importlib.metadata import version
from operator import add
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ..dataset import (
    BACKFILL,
    COUNTS,
    EXPORTS_SCHEMA,
    REJECTED_ROWS_SCHEMA,
    REPLACED,
    VERSION,
    Reconciliation,
)
from ..exports import Export
from ..reader import Batch
from ..secrets import without_token
from ..tables import Table
from .plan import PlannedExport

_KEY_MEMORY = "64MB"
"""Memory for counting keys; what does not fit is spilled to disk."""


@dataclass(frozen=True)
class Counts:
    """What became of one table of an export.

    records: in the CSV file
    rows: handed to dlt; records that are not rows are in rejected_rows, or were erased
    keys: different keys among those rows, and so the rows to be found in the destination
    rejected: entries in rejected_rows
    erased: records left out, since they were erased from the dataset
    """

    records: int = 0
    rows: int = 0
    keys: int = 0
    rejected: int = 0
    erased: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(add, astuple(self), astuple(other)))


class TableCounter:
    """Counts one table while it is read.

    A DuckDB database of its own holds 64-bit hashes of the keys, so that the proof depends neither
    on the destination nor on the memory; it spills to `folder`.
    """

    def __init__(self, table: Table, folder: Path) -> None:
        self._key = ", ".join(f'"{name}"' for name in table.key)
        self._database = duckdb.connect(
            ":memory:",
            config={"memory_limit": _KEY_MEMORY, "temp_directory": str(folder), "threads": 1},
        )
        self._database.execute("create table keys (key ubigint)")
        self._counts = Counts()

    def add(self, batch: Batch, erased: int = 0) -> None:
        """Counts a batch.

        erased: how many of its records were left out
        """
        rows, rejected = batch.rows.num_rows, batch.rejected.num_rows
        self._counts += Counts(batch.records, rows, 0, rejected, erased)
        self._database.register("batch", batch.rows)
        self._database.execute(f"insert into keys select hash({self._key}) from batch")
        self._database.unregister("batch")

    @property
    def rows(self) -> int:
        """The rows so far."""
        return self._counts.rows

    def finish(self) -> Counts:
        """Returns the counts of all batches; no batch can be added after that."""
        with self._database as database:
            ((keys,),) = database.execute("select count(distinct key) from keys").fetchall()
        return replace(self._counts, keys=keys)


@dataclass
class FetchedExport:
    """An export whose file was read.

    wait_seconds: until the file was on disk
    read_seconds: from then until all of it was read
    counts: by table
    renamed: the columns of its dimensions that are called otherwise in the dataset, by API name
    without_file: tables that are not in the archive
    signs: clauses that say why the export may not be whole
    found: what was found in the destination after the load
    event_protocol: number of searches that came by Coveo's Event Protocol
    cut_short: tables of which a library user wants no more rows, as by `add_limit`
    """

    export: Export
    step: PlannedExport
    file_bytes: int
    wait_seconds: float
    read_seconds: float = 0.0
    counts: dict[str, Counts] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    without_file: list[str] = field(default_factory=list)
    signs: list[str] = field(default_factory=list)
    found: Reconciliation = field(default_factory=Reconciliation)
    event_protocol: int = 0
    cut_short: list[str] = field(default_factory=list)

    @property
    def whole_tables(self) -> list[str]:
        """The tables whose rows were all taken."""
        return [table for table in self.step.tables if table not in self.cut_short]

    @property
    def rows(self) -> int:
        """The rows of all tables that were read."""
        return sum(counts.rows for counts in self.counts.values())

    def as_row(self, org: str) -> pa.Table:
        """Returns the row of the export in the audit trail."""
        task = self.step.task
        row = {
            "export_id": self.export.id,
            "org": org,
            "window_start": self.step.window.start,
            "window_end": self.step.window.end,
            "tables": ",".join(self.whole_tables),
            **{
                f"{table}_{name}": getattr(self.counts[table], name)
                for table in self.whole_tables
                for name in COUNTS
            },
            "file_bytes": self.file_bytes,
            "made_at": self.export.created,
            "fetched_at": datetime.now(timezone.utc),
            "wait_seconds": self.wait_seconds,
            "read_seconds": self.read_seconds,
            BACKFILL: task.backfill.id if task.backfill else None,
            REPLACED: task.replaces,
            VERSION: version("coveo-source"),
        }
        return pa.Table.from_pylist([row], schema=EXPORTS_SCHEMA)


def rejected_rows(rejected: pa.Table, export_id: str, table: str) -> pa.Table:
    """Returns the rejects of a table as rows of REJECTED_ROWS_SCHEMA."""
    origin: list[Any] = [pa.repeat(text, rejected.num_rows) for text in (export_id, table)]
    raw = [text and without_token(text) for text in rejected["raw"].to_pylist()]
    place = rejected.column_names.index("raw")
    rejected = rejected.set_column(place, "raw", pa.array(raw, pa.string()))
    return pa.Table.from_arrays([*origin, *rejected.columns], schema=REJECTED_ROWS_SCHEMA)
