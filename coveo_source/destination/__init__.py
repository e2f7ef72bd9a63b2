"""What we change of dlt's DuckDB destination, and what destinations cannot store."""

from .duckdb import building_settings, loading_settings, reading_settings, tuned_destination
from .jobs import DEDUPLICATED, DirectClient, embed_query
from .layout import Layout, lay_out, lay_out_table
from .limits import holds_nul, longest_text, most_columns
from .rewriting import database_file, remove_copy, rewrite
