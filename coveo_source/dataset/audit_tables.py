"""The tables about the loads themselves: their columns, as Arrow schemas."""

import pyarrow as pa

from ..tables import TABLES

COUNTS = ("records", "rows", "keys", "rejected", "erased")
"""Suffixes of the columns with what became of a table of an export; see `extract.Counts`."""
LOADED = "loaded"
"""Suffix of the columns with the rows that were found in the destination after the load."""
RECONCILED_AT = "reconciled_at"
"""Column with the time at which they were counted."""

GONE = "gone"
"""Suffix of the columns with the rows of the window that were found there and are not, or no
longer, in the export."""
BACKFILL = "backfill_id"
"""Column with the backfill that the export is part of; null for others."""
REPLACED = "replaced"
"""Column that is true if the rows that are gone were removed."""
VERSION = "source_version"
"""Column with the version of this package that loaded the export; null for early ones."""
ROW_KEY = "row_key"
"""Column of other tables with the first column of a row's key."""

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
            for count in (*COUNTS, LOADED, GONE)
        ),
        pa.field("file_bytes", pa.int64()),
        pa.field("made_at", pa.timestamp("us", tz="UTC")),
        pa.field("fetched_at", pa.timestamp("us", tz="UTC")),
        pa.field("wait_seconds", pa.float64()),
        pa.field("read_seconds", pa.float64()),
        pa.field(RECONCILED_AT, pa.timestamp("us", tz="UTC")),
        pa.field(BACKFILL, pa.string()),
        pa.field(REPLACED, pa.bool_()),
        pa.field(VERSION, pa.string()),
    ]
)
"""Columns of `exports`. The counts of a table that the export does not hold are null, and so are
`<table>_loaded`, `<table>_gone` and `reconciled_at` until `reconciliation` fills them in."""

REJECTED_ROWS_SCHEMA = pa.schema(
    [
        pa.field("export_id", pa.string(), nullable=False),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("record", pa.int64(), nullable=False),
        pa.field("column_name", pa.string(), nullable=False),
        pa.field("raw", pa.string()),
        pa.field("reason", pa.string()),
        pa.field(ROW_KEY, pa.string()),
    ]
)
"""Columns of `rejected_rows`. `row_key` is the first column of the table's key, if it is known."""

REMOVED_ROWS_SCHEMA = pa.schema(
    [
        pa.field("table_name", pa.string(), nullable=False),
        pa.field(ROW_KEY, pa.string(), nullable=False),
        pa.field("visit_id", pa.string()),
        pa.field("datetime", pa.timestamp("us", tz="UTC")),
        pa.field("removed_at", pa.timestamp("us", tz="UTC")),
        pa.field("export_id", pa.string()),
    ]
)
"""Columns of `removed_rows`: no content, only where a row was. `row_key` is the first column of its
table's key, since the other one of keywords and groups is content."""
