"""What Coveo's answer repeats of the request for an export.

Source: the answers of `GET /exports/{exportId}`. None of it is needed to load the export, so what
is absent or cannot be read is None, and never an error.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

_REASONS = ("message", "errorMessage", "statusMessage", "failureReason", "reason", "error")
"""Fields in which Coveo may say why an export failed (inferred: it documents none)."""
_LONGEST_REASON = 500


class Echo(NamedTuple):
    """What Coveo's answer repeats of the request for an export.

    first, last: `from` and `to`; times in UTC, both inclusive
    tables: in lower case
    has_filters: whether it names any filter
    """

    first: datetime | None = None
    last: datetime | None = None
    tables: frozenset[str] | None = None
    has_filters: bool | None = None

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> "Echo":
        """Reads an export object of the API."""
        tables, filters = answer.get("tables"), answer.get("filters")
        return cls(
            first=_time(answer.get("from")),
            last=_time(answer.get("to")),
            tables=frozenset(str(table).lower() for table in tables)
            if isinstance(tables, list) and tables
            else None,
            has_filters=any(filters.values()) if isinstance(filters, dict) else None,
        )


def reason_of(answer: Mapping[str, Any]) -> str | None:
    """Returns why an export failed, if its export object says so."""
    return next(_reasons(answer), None)


def _reasons(answer: Mapping[str, Any]) -> Iterator[str]:
    for name in _REASONS:
        text = answer.get(name)
        if isinstance(text, str) and text.strip():
            yield " ".join(text.split())[:_LONGEST_REASON]


def _time(milliseconds: Any) -> datetime | None:
    with suppress(TypeError, ValueError, OverflowError):
        return datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=milliseconds)
    return None
