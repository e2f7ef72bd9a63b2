"""What happens around dlt's load: lock and recovery."""

from .lock import hold_lock
from .missing import forget_schema
from .recovery import load_pending
