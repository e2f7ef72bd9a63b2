"""The rows of an export as Python objects, for a reckoning that shares nothing with the SQL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from coveo_source.demo import Record

KINDS = {"searches": "Search", "clicks": "Click", "custom_events": "Custom"}
_IDS = {"searches": "id", "clicks": "clickId", "custom_events": "customEventId"}
_SEARCH_IDS = {"searches": "id", "clicks": "searchId", "custom_events": "lastSearchId"}
_NAMES = {"searches": "username", "clicks": "username", "custom_events": "userName"}


@dataclass(frozen=True)
class Event:
    """One event.

    kind: `Search`, `Click` or `Custom`
    search_id: the search that it is or belongs to
    at: in UTC
    raw: its row, by API name
    """

    kind: str
    id: str
    search_id: str | None
    visit: str | None
    user: str | None
    at: datetime
    raw: Record

    def text(self, name: str) -> str | None:
        """A column as text."""
        return self.raw.get(name)

    def number(self, name: str) -> int | None:
        """A column as a number."""
        value = self.raw.get(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool | None:
        """A column as true or false."""
        return {None: None, "t": True, "f": False}[self.raw.get(name)]

    @property
    def day(self) -> date:
        """The day in UTC."""
        return self.at.date()

    @property
    def origin(self) -> str:
        """The search interface."""
        return self.raw.get("originLevel1") or ""

    @property
    def is_bot(self) -> bool:
        """Whether it is a robot's."""
        return self.raw.get("deviceCategory") == "Bot"

    @property
    def is_internal(self) -> bool:
        """Whether it is internal traffic."""
        return self.flag("isInternal") is True

    @property
    def counts(self) -> bool:
        """Whether the measures count it."""
        return not (self.is_bot or self.is_internal)

    @property
    def query(self) -> str:
        """What was typed, as queries are compared."""
        typed = self.raw.get("queryExpression") or ""
        return typed.replace("\t", " ").replace("\n", " ").replace("\r", " ").lower().strip(" ")

    @property
    def found(self) -> bool | None:
        """Whether a search had results."""
        number = self.number("numberOfResults")
        return self.flag("withResults") if number is None else number > 0

    @property
    def rank(self) -> int | None:
        """The clicked rank."""
        return self.number("clickRank")

    @property
    def document(self) -> str:
        """The clicked document."""
        named = (self.raw.get(name) for name in ("systemUriHash", "documentUrl", "documentTitle"))
        return next((name for name in named if name is not None), "")

    @property
    def action(self) -> str | None:
        """What the visitor did."""
        column = {"Search": "actionCause", "Click": "clickCause", "Custom": "eventType"}
        return self.raw.get(column[self.kind])


def events_of(rows: Mapping[str, Iterable[Record]]) -> list[Event]:
    """All events, in the order of the timeline."""
    found = [event_of(table, row) for table in KINDS for row in rows.get(table, ())]
    order = list(KINDS.values())
    return sorted(found, key=lambda e: (e.visit or "", e.at, order.index(e.kind), e.id))


def event_of(table: str, row: Record) -> Event:
    """One row of one of the three tables."""
    at = datetime.fromisoformat(str(row["datetime"])).replace(tzinfo=timezone.utc)
    key = str(row[_IDS[table]])
    search, user = row.get(_SEARCH_IDS[table]), row.get(_NAMES[table])
    return Event(KINDS[table], key, search, row.get("visitId"), user, at, row)


def of_kind(kind: str, events: Iterable[Event]) -> list[Event]:
    """The events of one kind."""
    return [event for event in events if event.kind == kind]


def distinct(values: Iterable[Any]) -> int:
    """How many different values there are, nulls left out."""
    return len({value for value in values if value is not None})


def mean(values: Iterable[int | None]) -> float | None:
    """The mean of what is there."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def ms_between(before: datetime, after: datetime) -> int:
    """Milliseconds from one moment to another."""
    return round((after - before).total_seconds() * 1000)


def grouped(values: Iterable[Any], key: Any) -> dict[Any, list[Any]]:
    """Values by key, in their order."""
    groups: dict[Any, list[Any]] = {}
    for value in values:
        groups.setdefault(key(value), []).append(value)
    return groups
