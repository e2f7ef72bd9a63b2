"""What happens around dlt's load: lock, recovery, and what to do if a load fails."""

from .lock import hold_lock
from .pending import explained
from .recovery import drop_packages, load_pending
