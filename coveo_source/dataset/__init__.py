"""What a dataset says of itself: whose it is, who writes to it, and what it really holds."""

from .audit_tables import (
    AUDIT_MEANINGS,
    AUDIT_TABLE_MEANINGS,
    BACKFILL,
    COUNTS,
    DIMENSIONS_SCHEMA,
    EXPORTS_SCHEMA,
    GONE,
    LATE,
    LOADED,
    RECONCILED_AT,
    REJECTED_ROWS_SCHEMA,
    REMOVED_ROWS_SCHEMA,
    REPLACED,
    VERSION,
)
from .backfills import Backfill, begin_backfill, complete_backfill, find_backfill
from .erased import (
    KEY,
    ErasedHash,
    cells_of,
    erased_hashes,
    prefix_of,
    read_erased,
    remember_erased,
)
from .erasure import FoundRows, Identifier, erase_rows, find_rows
from .erasures import (
    Erasure,
    begin_erasure,
    complete_erasure,
    last_erasure,
    unfinished_erasures,
)
from .freshness import HOUR, TableFreshness, measure_freshness
from .lateness import HeldRows, LookBack, held_rows
from .lease import Lease, hold_lease, is_leased, take_lease
from .ledger import Ledger, read_ledger
from .loads import restore_loads
from .owner import DatasetRecord, Owner, check_owner, read_record
from .publishing import publish_copy
from .reconciliation import Reconciliation, completed_loads, reconcile
from .sql import DatasetSql, open_dataset, open_sql_dataset, utc
from .traces import clear_traces, dbt_dataset_with, has_removed_rows
from .tracking import watch
