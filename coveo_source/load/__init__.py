"""What happens around dlt's load: lock, recovery, and what is left of loads."""

from .lock import hold_lock
from .packages import forget_packages
from .recovery import load_pending
