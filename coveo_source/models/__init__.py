"""The SQL models, from files to tables."""

from .data_tests import Result, Status, run_data_tests
from .dialects import translated
from .files import DIALECT, TIMELINE, model_names, parse_sql, selected, sql_folder, tables_of
from .indexes import create_indexes
from .properties import read_folder
from .qualify import Schema, qualify_query, sql_schema
from .runner import build
from .state import UNITS, consumed_loads
from .unknown import UnknownCause, unknown_causes
