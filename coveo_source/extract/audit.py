"""The audit trail: one row for every export that was loaded, and the cells that did not fit."""

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from ..exports.export import Export
from ..tables import TABLES
from .counts import Counts
from .plan import PlannedExport

LOADED = "loaded"
RECONCILED_AT = "reconciled_at"

EXPORTS_SCHEMA = pa.schema(
    [
        pa.field("export_id", pa.string(), nullable=False),
        pa.field("org", pa.string()),
        pa.field("window_start", pa.timestamp("us", tz="UTC")),
        pa.field("window_end", pa.timestamp("us", tz="UTC")),
        pa.field("tables", pa.string()),
        *(
            pa.field(f"{table}_{count}", pa.int64())
            for table in TABLES
            for count in (*Counts.__dataclass_fields__, LOADED)
        ),
        pa.field("file_bytes", pa.int64()),
        pa.field("made_at", pa.timestamp("us", tz="UTC")),
        pa.field("fetched_at", pa.timestamp("us", tz="UTC")),
        pa.field("wait_seconds", pa.float64()),
        pa.field("read_seconds", pa.float64()),
        pa.field(RECONCILED_AT, pa.timestamp("us", tz="UTC")),
    ]
)
"""One row for every export: its window, and per table what became of it, null for a table that
the export was not for. `<table>_loaded` are the rows found in the destination after the load;
they and `reconciled_at` are written then, by `reconciliation`."""

REJECTED_ROWS_SCHEMA = pa.schema(
    [
        pa.field("export_id", pa.string(), nullable=False),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("record", pa.int64(), nullable=False),
        pa.field("column_name", pa.string(), nullable=False),
        pa.field("raw", pa.string()),
        pa.field("reason", pa.string()),
    ]
)


@dataclass
class Fetched:
    """An export whose file was read.

    counts: per table
    loaded: rows found in the destination, per table
    wait_seconds, read_seconds: until the file was on disk, and from then on
    """

    export: Export
    step: PlannedExport
    file_bytes: int
    wait_seconds: float
    read_seconds: float = 0.0
    counts: dict[str, Counts] = field(default_factory=dict)
    loaded: dict[str, int] = field(default_factory=dict)

    def as_row(self, org: str) -> pa.Table:
        """Its row in the audit trail."""
        counts = {
            f"{table}_{name}": count
            for table, counted in self.counts.items()
            for name, count in vars(counted).items()
        }
        row = {
            "export_id": self.export.id,
            "org": org,
            "window_start": self.step.window.start,
            "window_end": self.step.window.end,
            "tables": ",".join(self.step.tables),
            **counts,
            "file_bytes": self.file_bytes,
            "made_at": self.export.made,
            "fetched_at": datetime.now(timezone.utc),
            "wait_seconds": self.wait_seconds,
            "read_seconds": self.read_seconds,
        }
        return pa.Table.from_pylist([row], schema=EXPORTS_SCHEMA)


def rejected_rows(rejected: pa.Table, export_id: str, table: str) -> pa.Table:
    """Rejected cells as rows of REJECTED_ROWS_SCHEMA."""
    count = rejected.num_rows
    origin: list[Any] = [pa.repeat(export_id, count), pa.repeat(table, count)]
    return pa.Table.from_arrays([*origin, *rejected.columns], schema=REJECTED_ROWS_SCHEMA)
