"""What happens around dlt's load: lock, recovery and reconciliation."""

from .lock import hold_lock
from .reconciliation import completed_loads, reconcile
from .recovery import load_pending
