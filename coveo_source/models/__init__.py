"""The SQL models, from files to tables."""

from .data_tests import Result, Status, run_data_tests
from .files import selected, sql_folder
from .properties import read_folder
from .runner import build
from .state import UNITS, consumed_loads
from .unknown import UnknownCause, unknown_causes
