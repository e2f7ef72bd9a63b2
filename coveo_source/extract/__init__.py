"""From what is due to rows for dlt."""

from .audit import Counts, FetchedExport
from .context import ExtractContext, export_owner, files_folder
from .counters import counting
from .dimensions import read_dimensions
from .event_protocol import event_protocol_notice
from .halving import window_by_window
from .load_range import ignored_bounds, interval_of
from .plan import Plan, PlannedExport, make_plan
from .privacy_changes import check_key_of_identifier
from .resources import make_resources
from .settling import plan_when_settled
from .single_window import SingleWindow
from .state import PipelineState
from .task import Task, backfill_request
