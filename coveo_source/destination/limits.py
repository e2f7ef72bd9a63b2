"""What a destination cannot store, although a file may hold it."""

import dlt
from dlt.common.destination import DestinationCapabilitiesContext

_WITHOUT_NUL = ("postgres", "redshift")
"""Dialects of databases whose texts end at a NUL in C, and therefore may not contain one.
https://www.postgresql.org/docs/current/datatype-character.html"""
_UNREACHED = 16 << 20
"""Bytes; no cell of an export is as long."""
_MOST_COLUMNS = {
    "postgres": 1_600,
    "redshift": 1_600,
    "tsql": 1_024,
    "fabric": 1_024,
    "bigquery": 10_000,
}
"""By the dialect's name in sqlglot. Of databases that are not named here none is known."""


def holds_nul(pipeline: dlt.Pipeline) -> bool:
    """Returns True if texts in the pipeline's destination may contain the character NUL."""
    return _capabilities(pipeline).sqlglot_dialect not in _WITHOUT_NUL


def longest_text(pipeline: dlt.Pipeline) -> int | None:
    """Returns how many bytes of UTF-8 a text may have; None if no text of an export is too long."""
    capabilities = _capabilities(pipeline)
    longest = capabilities.max_text_data_type_length
    is_in_bytes = capabilities.is_max_text_data_type_length_in_bytes
    return longest if is_in_bytes and longest < _UNREACHED else None


def _capabilities(pipeline: dlt.Pipeline) -> DestinationCapabilitiesContext:
    return pipeline.destination.capabilities()


def most_columns(dialect: str | None) -> int | None:
    """Returns the most columns that a table can have; None if there is no limit to speak of."""
    return _MOST_COLUMNS.get(dialect or "")
