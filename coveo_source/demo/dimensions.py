"""The columns of the demo's organization, as the dimensions API describes them."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..tables import TABLES, column_type
from .errors import invalid_parameter
from .records import COLUMNS

_TYPES = {"text": "TEXT", "bool": "BOOLEAN", "bigint": "NUMBER", "timestamp": "DATETIME"}
_NUMERIC_CUSTOM_DIMENSIONS = ("c_loading_time",)


def exportables(include_custom: bool = True) -> list[dict[str, Any]]:
    """Returns every dimension that an export can have (`GET /dimensions/exportables`).

    A custom dimension has one entry per table, with `returnName` such as `custom_events.c_name`
    and the table as its only `eventTypes`, as public code shows. Inferred: that any other
    dimension has a single entry for all of its tables, under its API name.
    """
    dimensions = [_dimension(column, _tables_with(column)) for column in _standard_columns()]
    if include_custom:
        dimensions += [
            _custom_dimension(table, column)
            for table in TABLES
            for column in _custom_columns(table)
        ]
    return dimensions


def display_name(column: str) -> str:
    """Returns the display name of a column: `Query Expression` for `queryExpression`."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", column.removeprefix("c_")).split("_")
    return " ".join(word[:1].upper() + word[1:] for word in words)


def selected_columns(table: str, dimensions: Sequence[str]) -> tuple[str, ...]:
    """Returns the columns of a table that `dimensions` names, or all if `dimensions` is empty."""
    wanted = {_column_name(name) for name in dimensions if _may_belong_to(name, table)}
    return tuple(c for c in COLUMNS[table] if not dimensions or c.lower() in wanted)


def check_dimensions(dimensions: Iterable[str]) -> None:
    """Checks that every dimension belongs to some table.

    Inferred: that `table.name` is accepted, and upper and lower case alike.

    Raises:
        ApiError: 400 for an unknown dimension
    """
    for name in dimensions:
        if not any(selected_columns(table, [name]) for table in TABLES):
            raise invalid_parameter(
                f"Unknown dimension {name}; GET /rest/ua/v15/dimensions/exportables lists them."
            )


def _column_name(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _may_belong_to(name: str, table: str) -> bool:
    prefix = name.rpartition(".")[0].lower()
    return prefix in ("", table)


def _standard_columns() -> Iterable[str]:
    return dict.fromkeys(column for table in TABLES.values() for column in table.columns)


def _custom_columns(table: str) -> Iterable[str]:
    return COLUMNS[table][len(TABLES[table].columns) :]


def _tables_with(column: str) -> list[str]:
    return [table for table in TABLES if column in COLUMNS[table]]


def _custom_dimension(table: str, column: str) -> dict[str, Any]:
    return {
        **_dimension(column, [table]),
        "returnName": f"{table}.{column}",
        "custom": True,
        "path": [column.removeprefix("c_")],
    }


def _dimension(column: str, tables: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "NUMBER" if column in _NUMERIC_CUSTOM_DIMENSIONS else _TYPES[column_type(column)],
        "displayName": display_name(column),
        "apiNames": [f"{table}.{column}".upper() for table in tables],
        "returnName": column,
        "custom": False,
        "availableInVisit": "visitId" in COLUMNS[tables[0]],
        "eventTypes": list(tables),
        "status": "AVAILABLE",
    }
