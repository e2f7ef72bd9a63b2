"""The tables beside those of an export: their columns, as Arrow schemas, and what these mean."""

import pyarrow as pa

from ..tables import DIMENSIONS, EXPORTS, REJECTED, REMOVED, TABLES

COUNTS = ("records", "rows", "keys", "rejected", "erased")
"""Suffixes of the columns with what became of a table of an export; see `extract.Counts`."""
LOADED = "loaded"
"""Suffix of the columns with the rows that were found in the destination after the load."""
RECONCILED_AT = "reconciled_at"
"""Column with the time at which they were counted."""

GONE = "gone"
"""Suffix of the columns with the rows of the window that were found there and are not, or no
longer, in the export."""
LATE = "late"
"""Suffix of the columns with the rows that were not there when the same time was loaded before."""
CHANGED = "changed"
"""Suffix of the columns with the rows that were there then with other content."""
BY_AGE = "by_age"
"""Column with these three by table and age in days, as JSON: a list of objects."""
LATE_DAYS = "late_days"
"""Column with the age in days of the oldest row that was late; null without one."""
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
            for count in (*COUNTS, LOADED, GONE, LATE, CHANGED)
        ),
        pa.field("file_bytes", pa.int64()),
        pa.field("made_at", pa.timestamp("us", tz="UTC")),
        pa.field("fetched_at", pa.timestamp("us", tz="UTC")),
        pa.field("wait_seconds", pa.float64()),
        pa.field("read_seconds", pa.float64()),
        pa.field(RECONCILED_AT, pa.timestamp("us", tz="UTC")),
        pa.field(LATE_DAYS, pa.int64()),
        pa.field(BY_AGE, pa.string()),
        pa.field(BACKFILL, pa.string()),
        pa.field(REPLACED, pa.bool_()),
        pa.field(VERSION, pa.string()),
    ]
)
"""Columns of `exports`. The counts of a table that the export does not hold are null, and so are
`<table>_loaded`, `<table>_gone`, `<table>_late`, `<table>_changed`, `late_days`, `by_age` and
`reconciled_at` until `reconciliation` fills them in; what was late or changed is unknown of what a
killed run left, or a library user loaded."""

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

DIMENSIONS_SCHEMA = pa.schema(
    [
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("column_name", pa.string()),
        pa.field("api_name", pa.string(), nullable=False),
        pa.field("display_name", pa.string()),
        pa.field("type", pa.string()),
        pa.field("is_custom", pa.bool_()),
        pa.field("description", pa.string()),
    ]
)
"""Columns of `dimensions`."""

AUDIT_TABLE_MEANINGS = {
    EXPORTS: "One row per export that was loaded: its window, and what became of its rows.",
    REJECTED: "One row per cell or record of a file that does not fit, with the reason.",
    REMOVED: "One row per row that was removed from the other tables, without its content.",
    DIMENSIONS: "One row per table and dimension that Coveo can export.",
}

_EXPORT_ID = "Id of the export at Coveo."
_COUNT_MEANINGS = {
    "records": "Records in {}.csv.",
    "rows": "Rows of {} that were handed on to be loaded.",
    "keys": "Different keys among the rows of {}.",
    "rejected": "Entries in rejected_rows that come from {}.csv.",
    "erased": "Records of {}.csv that were left out, since they were erased before.",
    LOADED: "Rows of {} that were found in the dataset after the load.",
    GONE: "Rows of {} in the window that are in the dataset and not, or no longer, in the export.",
    LATE: "Rows of {} that were not there when the same time was loaded before; null if unknown.",
    CHANGED: "Rows of {} that were there then with other content; null if unknown.",
}
AUDIT_MEANINGS = {
    EXPORTS: {
        "export_id": _EXPORT_ID,
        "org": "Id of the organization.",
        "window_start": "Begin of the window that the export covers.",
        "window_end": "End of the window that the export covers; it is not part of the window.",
        "tables": "The tables that the export holds, with commas between them.",
        **{
            f"{table}_{count}": text.format(table)
            for table in TABLES
            for count, text in _COUNT_MEANINGS.items()
        },
        "file_bytes": "Size of the downloaded file, in bytes.",
        "made_at": "When the export was created at Coveo.",
        "fetched_at": "When its file had been read.",
        "wait_seconds": "Seconds until the file was on disk.",
        "read_seconds": "Seconds from then until all of it was read.",
        RECONCILED_AT: "When the rows in the dataset were counted; null until then.",
        LATE_DAYS: "Age of the oldest late row: whole days before the end of what was loaded;"
        " null if none was late.",
        BY_AGE: "Late, changed and gone rows by table and age in days, as a JSON list of objects.",
        BACKFILL: "The backfill that the export is part of; null for others.",
        REPLACED: "Whether the rows that are gone were removed from the dataset.",
        VERSION: "The version of coveo_source that loaded the export.",
    },
    REJECTED: {
        "export_id": _EXPORT_ID,
        "table_name": "The table of the cell or record.",
        "record": "Number of the record in its file, from 1; the header is not counted.",
        "column_name": "Name of the column in the file; * for a whole record.",
        "raw": "The text as in the file; null if it may hold what is excluded or hashed.",
        "reason": "Why it does not fit.",
        ROW_KEY: "First column of the key of the row, if it is known.",
    },
    REMOVED: {
        "table_name": "The table that the row was in.",
        ROW_KEY: "First column of the key of the row.",
        "visit_id": "The visit of the row.",
        "datetime": "The time of the row.",
        "removed_at": "When it was removed.",
        "export_id": "Id of the export that no longer has it; null if it was erased.",
    },
    DIMENSIONS: {
        "table_name": "The table that has the dimension.",
        "column_name": "Its column in this dataset; null if no export has brought one.",
        "api_name": "Its name in Coveo's API, in filters and in the setting dimensions.",
        "display_name": "Its name in Coveo's console.",
        "type": "Its type in Coveo's words, such as TEXT; custom ones are text here.",
        "is_custom": "Whether the organization has added it.",
        "description": "What it means; null for custom ones.",
    },
}
"""The meaning of each column, by table."""
