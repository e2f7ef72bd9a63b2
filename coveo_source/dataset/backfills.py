"""Backfills that are under way: a run that was interrupted is continued by the next one.

A backfill is a range that was asked for with both ends. The exports that it has loaded carry its
id; here is when it began, and when it was complete.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from .sql import DatasetSql, StateTable, utc

_BACKFILLS = StateTable(
    "_coveo_backfills",
    backfill_id="text",
    request="text",
    earlier_exports="text",
    begun_at="timestamp",
    completed_at="timestamp",
)


@dataclass(frozen=True)
class Backfill:
    """A backfill that is not complete.

    earlier_exports: ids of exports that existed when it began; what they hold may have changed
    """

    id: str
    begun_at: datetime
    earlier_exports: frozenset[str] = frozenset()


def find_backfill(dataset: DatasetSql, request: Mapping[str, object]) -> Backfill | None:
    """Returns the backfill of a request that an earlier run has begun and not completed.

    request: everything that decides what is loaded
    """
    columns = ("backfill_id", "begun_at", "earlier_exports")
    names = ", ".join(map(dataset.column, columns))
    query = (
        f"select {names} from {dataset.table(_BACKFILLS.name)}"
        " where request = %s and completed_at is null"
    )
    for backfill_id, begun_at, earlier in dataset.rows(query, _as_text(request)):
        return Backfill(backfill_id, utc(begun_at), frozenset(json.loads(earlier)))
    return None


def begin_backfill(
    dataset: DatasetSql, request: Mapping[str, object], earlier_exports: Iterable[str]
) -> Backfill:
    """Writes down that a backfill begins."""
    backfill = Backfill(uuid4().hex, dataset.now(), frozenset(earlier_exports))
    dataset.create(_BACKFILLS)
    dataset.insert(
        _BACKFILLS.name,
        {
            "backfill_id": backfill.id,
            "request": _as_text(request),
            "earlier_exports": json.dumps(sorted(backfill.earlier_exports)),
            "begun_at": backfill.begun_at,
        },
    )
    return backfill


def complete_backfill(dataset: DatasetSql, backfill: Backfill) -> None:
    """Writes down that a backfill is complete; the same request begins anew from now on."""
    values = {"completed_at": dataset.now()}
    dataset.update(_BACKFILLS.name, values, "backfill_id = %s", backfill.id)


def _as_text(request: Mapping[str, object]) -> str:
    return json.dumps(request, sort_keys=True, default=str)
