"""What has to happen around dlt's load.

The modules, in the order in which a run uses them:

lock: keeps other runs away from the pipeline
recovery: repairs and loads what a killed run left
reconciliation: compares the rows in the destination with those in the files
"""

from .lock import only_run
from .reconciliation import completed_loads, reconcile
from .recovery import load_pending

__all__ = ["completed_loads", "load_pending", "only_run", "reconcile"]
