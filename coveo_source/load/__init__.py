"""What happens around dlt's load: lock and recovery."""

from .lock import hold_lock
from .recovery import load_pending
