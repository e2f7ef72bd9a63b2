"""What a dataset says of itself."""

from .audit_tables import (
    COUNTS,
    EXPORTS_SCHEMA,
    LOADED,
    RECONCILED_AT,
    REJECTED_ROWS_SCHEMA,
    REMOVED_ROWS_SCHEMA,
)
