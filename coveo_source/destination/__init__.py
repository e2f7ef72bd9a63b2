"""Which of dlt's destinations work, what we change of them, and what they cannot store."""

from .build_job import STEPS_DONE, StepError
from .choice import MERGE_STRATEGY, check_destination, check_driver, tuned_destination
from .duckdb import (
    building_settings,
    does_steps,
    loading_settings,
    reading_settings,
    unchanged_settings,
)
from .ducklake import catalog_file, forget_history
from .early import EarlyRows, early_rows
from .jobs import DEDUPLICATED, DirectClient
from .layout import Layout, lay_out, lay_out_table
from .limits import holds_nul, longest_text, most_columns
from .open_file import keep_open, keep_open_if_free, kept_open, let_go
from .opening import be_patient, open_patiently, patience_of, without_waiting
from .publishing import check_copy, write_copy
from .rewriting import database_file, remove_copy, rewrite
from .steps import FROM, LOAD_ID, TO, Slices, Step, embed_query, embed_step, first_of, last_of
from .tuning import building_threads
