"""From what is due to rows for dlt.

The modules, in the order in which an extract uses them:

state: reads and writes what the pipeline remembers between runs
plan: decides which windows are due, and which existing exports cover them
halving: goes through the windows, and halves one whose export failed
audit: counts what becomes of each export
stream: reads windows as items, from which the resources draw in turn
context: connects the stream to the dlt extract that is running
resources: builds the dlt resources
"""

from .audit import LOADED, RECONCILED_AT, Counts, Fetched
from .context import ExtractContext, SingleWindow, files_folder
from .halving import window_by_window
from .plan import Plan, PlannedExport, make_plan
from .resources import make_resources
from .state import PipelineState

__all__ = [
    "LOADED",
    "RECONCILED_AT",
    "Counts",
    "ExtractContext",
    "Fetched",
    "PipelineState",
    "Plan",
    "PlannedExport",
    "SingleWindow",
    "files_folder",
    "make_plan",
    "make_resources",
    "window_by_window",
]
