"""A month of events, and what is asked about them."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from coveo_source.demo import Record

TYPED = ("searchboxSubmit", "omniboxAnalytics")
ON_RESULTS = ("documentOpen", "documentQuickview")


@dataclass
class Month:
    """The rows of a month, by table."""

    rows: dict[str, list[Record]]

    @property
    def searches(self) -> list[Record]:
        return self.rows["searches"]

    @property
    def clicks(self) -> list[Record]:
        return self.rows["clicks"]

    def searches_by(self, *causes: str) -> list[Record]:
        return [search for search in self.searches if search["actionCause"] in causes]

    def clicks_by(self, *causes: str) -> list[Record]:
        return [click for click in self.clicks if click["causeV2"] in causes]

    def events(self, event_type: str, *values: str) -> list[Record]:
        return [
            event
            for event in self.rows["custom_events"]
            if event["eventType"] == event_type and (not values or event["eventValue"] in values)
        ]

    @cached_property
    def search(self) -> dict[str | None, Record]:
        """Every search by its id."""
        return {search["id"]: search for search in self.searches}

    @cached_property
    def opened(self) -> set[str | None]:
        """Ids of the searches of which a result was opened."""
        return {click["searchId"] for click in self.clicks_by(*ON_RESULTS)}

    @cached_property
    def typed_again(self) -> set[str | None]:
        """Ids of the searches after which the visitor typed another query."""
        visits = by_visit(self.searches_by(*TYPED))
        return {
            search["id"]
            for searches in visits.values()
            for search in sorted(searches, key=time_of)[:-1]
        }

    def clickthrough(self, searches: Iterable[Record]) -> float:
        return share(search["id"] in self.opened for search in searches)


def share(values: Iterable[bool]) -> float:
    """Returns the share of true values among at least 20."""
    listed = list(values)
    assert len(listed) >= 20
    return sum(listed) / len(listed)


def data(record: Record) -> dict[str, Any]:
    """Returns `customDatas`, which is cut off in a few searches: then {}."""
    try:
        return dict(json.loads(record["customDatas"] or ""))
    except ValueError:
        return {}


def time_of(record: Record) -> str:
    return record["datetime"] or ""


def by_visit(records: Iterable[Record]) -> dict[str | None, list[Record]]:
    visits = defaultdict(list)
    for record in records:
        visits[record["visitId"]].append(record)
    return visits
