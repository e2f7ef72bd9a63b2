"""How much a database can hold, as its documentation says."""

_MOST_COLUMNS = {
    "postgres": 1_600,
    "redshift": 1_600,
    "tsql": 1_024,
    "fabric": 1_024,
    "bigquery": 10_000,
}
"""By the dialect's name in sqlglot. Of databases that are not named here none is known."""


def most_columns(dialect: str | None) -> int | None:
    """Returns the most columns that a table can have; None if there is no limit to speak of."""
    return _MOST_COLUMNS.get(dialect or "")
