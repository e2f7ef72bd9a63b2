"""Rows of an export as a load hands them over: with types, and with nulls."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from coveo_source.demo import Record
from coveo_source.tables import column_type
from tests.sql.warehouse import Rows

READ: dict[str, Callable[[str], Any]] = {
    "text": str,
    "bool": lambda text: text == "t",
    "bigint": int,
    "timestamp": lambda text: datetime.fromisoformat(text).replace(tzinfo=timezone.utc),
}
"""How the text of a cell becomes a value, by type of the column."""


def storable(rows: Rows) -> Rows:
    """Returns the rows of all tables without what no load hands over: empty texts, and NUL."""
    return {table: list(map(_storable, listed)) for table, listed in rows.items()}


def typed(row: Record) -> dict[str, Any]:
    """Returns a row with the values that a load gives it."""
    return {
        name: None if cell is None else READ[column_type(name)](cell) for name, cell in row.items()
    }


def _storable(row: Record) -> Record:
    return {name: cell.replace("\0", "\ufffd") if cell else None for name, cell in row.items()}
