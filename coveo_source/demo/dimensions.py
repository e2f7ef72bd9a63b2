"""The columns that the demo's organization has, as the dimensions API tells of them."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..tables import TABLES, column_type
from .errors import invalid
from .records import COLUMNS

_TYPES = {"text": "TEXT", "bool": "BOOLEAN", "bigint": "NUMBER", "timestamp": "DATETIME"}
_NUMBERS = ("c_loading_time",)


def exportables(include_custom: bool = True) -> list[dict[str, Any]]:
    """Every dimension that an export can have.

    That a custom dimension is one entry a table, with `custom_events.c_name` for its
    `returnName` and the table for its `eventTypes`, is seen in public code; that the others
    are one entry for all their tables, under their API name, is inferred.
    """
    found = [_dimension(column, _tables_with(column)) for column in _built_in()]
    if include_custom:
        found += [_custom(table, column) for table in TABLES for column in _custom_of(table)]
    return found


def display_name(column: str) -> str:
    """The name of a column for people: `queryExpression` is `Query Expression`."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", column.removeprefix("c_")).split("_")
    return " ".join(word[:1].upper() + word[1:] for word in words)


def columns_of(table: str, dimensions: Sequence[str]) -> tuple[str, ...]:
    """The columns of a table that are asked for; all of them if nothing is."""
    wanted = {_plain(name) for name in dimensions if _is_of(name, table)}
    return tuple(c for c in COLUMNS[table] if not dimensions or c.lower() in wanted)


def check_dimensions(dimensions: Iterable[str]) -> None:
    """Refuse names that no table has. `table.name` and any case are accepted (inferred)."""
    for name in dimensions:
        if not any(columns_of(table, [name]) for table in TABLES):
            raise invalid(
                f"Unknown dimension {name}; GET /rest/ua/v15/dimensions/exportables lists them."
            )


def _plain(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _is_of(name: str, table: str) -> bool:
    prefix = name.rpartition(".")[0].lower()
    return prefix in ("", table)


def _built_in() -> Iterable[str]:
    return dict.fromkeys(column for table in TABLES.values() for column in table.columns)


def _custom_of(table: str) -> Iterable[str]:
    return COLUMNS[table][len(TABLES[table].columns) :]


def _tables_with(column: str) -> list[str]:
    return [table for table in TABLES if column in COLUMNS[table]]


def _custom(table: str, column: str) -> dict[str, Any]:
    return {
        **_dimension(column, [table]),
        "returnName": f"{table}.{column}",
        "custom": True,
        "path": [column.removeprefix("c_")],
    }


def _dimension(column: str, tables: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "NUMBER" if column in _NUMBERS else _TYPES[column_type(column)],
        "displayName": display_name(column),
        "apiNames": [f"{table}.{column}".upper() for table in tables],
        "returnName": column,
        "custom": False,
        "availableInVisit": "visitId" in COLUMNS[tables[0]],
        "eventTypes": list(tables),
        "status": "AVAILABLE",
    }
