"""What happens around dlt's load: lock, recovery and reconciliation."""

from .lock import only_run
from .reconciliation import completed_loads, reconcile
from .recovery import load_pending
