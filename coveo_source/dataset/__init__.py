"""What a dataset says of itself: whose it is, who writes to it, and what it really holds."""

from .audit_tables import (
    BACKFILL,
    COUNTS,
    EXPORTS_SCHEMA,
    REJECTED_ROWS_SCHEMA,
    REMOVED_ROWS_SCHEMA,
    REPLACED,
    VERSION,
)
from .backfills import Backfill, begin_backfill, complete_backfill, find_backfill
from .lease import Lease, hold_lease, take_lease
from .ledger import Ledger, read_ledger
from .owner import DatasetRecord, Owner, check_owner, read_record
from .reconciliation import Reconciliation, completed_loads, reconcile
from .sql import DatasetSql, open_dataset
from .tracking import watch
