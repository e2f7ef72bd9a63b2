"""The rows of an export as Python objects, for a reference that shares nothing with the SQL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from coveo_source.demo import Record
from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.causes import click_kinds, search_kinds
from tests.sql.json_values import is_true

Rows = Mapping[str, Iterable[Record]]

KINDS = {"searches": "Search", "clicks": "Click", "custom_events": "Custom"}
_IDS = {"searches": "id", "clicks": "clickId", "custom_events": "customEventId"}
_SEARCH_IDS = {"searches": "id", "clicks": "searchId", "custom_events": "lastSearchId"}
_NAMES = {
    "searches": ("username",),
    "clicks": ("username",),
    "custom_events": ("userName", "username"),
}


@dataclass(frozen=True)
class Event:
    """One event.

    kind: `Search`, `Click` or `Custom`
    search_id: the id of the search that it is or belongs to
    at: the time of the event, in UTC
    raw: the row of the export, by API name
    settings: what decides about days and about kinds of causes
    """

    kind: str
    id: str
    search_id: str | None
    visit: str | None
    user: str | None
    at: datetime
    raw: Record
    settings: ModelSettings = DEFAULTS

    def text(self, name: str) -> str | None:
        """Returns a column as text."""
        return self.raw.get(name)

    def number(self, name: str) -> int | None:
        """Returns a column as a number."""
        value = self.raw.get(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool | None:
        """Returns a column as a boolean."""
        return {None: None, "t": True, "f": False}[self.raw.get(name)]

    @property
    def visitor(self) -> str | None:
        """The browser or device."""
        visitor = self.raw.get("visitorId")
        return self.raw.get("clientId") if visitor is None else visitor

    @cached_property
    def local(self) -> datetime:
        """The time of the event in the time zone of the models."""
        return self.at.astimezone(ZoneInfo(self.settings.time_zone))

    @property
    def day(self) -> date:
        """The day of the event."""
        return self.local.date()

    @property
    def week(self) -> date:
        """The Monday of the week of the event."""
        return self.day - timedelta(days=self.day.weekday())

    @property
    def hour(self) -> int:
        """The hour of the event, from 0 to 23."""
        return self.local.hour

    @property
    def dimensions(self) -> dict[str, str | None]:
        """The dimensions that models carry along."""
        return {name: self.raw.get(name) for name in self.settings.model_dimensions}

    @property
    def data(self) -> str | None:
        """The custom data: JSON, or the beginning of it."""
        return self.raw.get("customDatas")

    @property
    def origin(self) -> str:
        """The search interface; empty if unknown."""
        return self.raw.get("originLevel1") or ""

    @property
    def is_bot(self) -> bool:
        """True if a robot made the event."""
        return self.raw.get("deviceCategory") == "Bot"

    @property
    def is_internal(self) -> bool:
        """True if the event is internal traffic."""
        return self.flag("isInternal") is True

    @property
    def is_person(self) -> bool:
        """True if the measures count the event."""
        return not (self.is_bot or self.is_internal)

    @property
    def query(self) -> str:
        """The query in the form in which queries are compared."""
        typed = self.raw.get("queryExpression") or ""
        return typed.replace("\t", " ").replace("\n", " ").replace("\r", " ").lower().strip(" ")

    @property
    def has_results(self) -> bool | None:
        """True if the search had results; None if unknown."""
        number = self.number("numberOfResults")
        return self.flag("withResults") if number is None else number > 0

    @property
    def cause(self) -> str:
        """The cause of a search or click, in lower case; empty if there is none."""
        names = {"Search": ("actionCause",), "Click": ("clickCause", "causeV2"), "Custom": ()}
        causes = (self.raw.get(name) for name in names[self.kind])
        return next((cause for cause in causes if cause is not None), "").lower()

    @property
    def cause_kind(self) -> str | None:
        """What kind of search it is; None for other events."""
        kinds = search_kinds(self.settings)
        return kinds.get(self.cause, "unknown") if self.kind == "Search" else None

    @property
    def click_kind(self) -> str | None:
        """What kind of click it is; None for other events."""
        if self.kind != "Click":
            return None
        return click_kinds(self.settings).get(self.cause, "other") if self.cause else "opened"

    @property
    def is_on_result(self) -> bool:
        """True if a click opened or previewed a result."""
        return self.click_kind in ("opened", "quick_viewed")

    @property
    def rank(self) -> int | None:
        """The rank of a click, whatever its kind, if it is a position in a list."""
        rank = self.number("clickRank")
        return rank if rank is not None and rank >= 1 else None

    @property
    def result_rank(self) -> int | None:
        """The rank of a click on a result."""
        return self.rank if self.is_on_result else None

    @property
    def is_answer(self) -> bool | None:
        """True if a generated answer was shown that is not empty; None for searches and clicks."""
        if self.kind != "Custom":
            return None
        is_end = self.answer_event == "generatedAnswerStreamEnd"
        has_text = not is_true(self.data, "answerTextIsEmpty")
        return is_end and is_true(self.data, "answerGenerated") and has_text

    @property
    def answer_event(self) -> str | None:
        """What happened to a generated answer; None for other events."""
        of_answers = self.kind == "Custom" and self.raw.get("eventType") == "generatedAnswer"
        return self.raw.get("eventValue") or "" if of_answers else None

    @property
    def document_id(self) -> str:
        """The id of the clicked document; empty if the click names none."""
        ids = (self.raw.get(name) for name in ("systemUriHash", "documentUrl", "documentTitle"))
        return next((key for key in ids if key is not None), "")

    @property
    def action(self) -> str | None:
        """What the visitor did: the cause of a search or click, or the type of a custom event."""
        column = {"Search": "actionCause", "Click": "clickCause", "Custom": "eventType"}
        return self.raw.get(column[self.kind])


def events_of(rows: Rows, settings: ModelSettings = DEFAULTS) -> list[Event]:
    """Returns all events, in the order of the timeline."""
    events = [event_of(table, row, settings) for table in KINDS for row in rows.get(table, ())]
    order = list(KINDS.values())
    return sorted(events, key=lambda e: (e.visit or "", e.at, order.index(e.kind), e.id))


def event_of(table: str, row: Record, settings: ModelSettings = DEFAULTS) -> Event:
    """Returns the event of one row of one of the three tables."""
    at = datetime.fromisoformat(str(row["datetime"])).replace(tzinfo=timezone.utc)
    key = str(row[_IDS[table]])
    search = row.get(_SEARCH_IDS[table])
    user = next((row[name] for name in _NAMES[table] if row.get(name) is not None), None)
    return Event(KINDS[table], key, search, row.get("visitId"), user, at, row, settings)


def of_kind(kind: str, events: Iterable[Event]) -> list[Event]:
    """Returns the events of one kind."""
    return [event for event in events if event.kind == kind]


def distinct(values: Iterable[Any]) -> int:
    """Returns the number of distinct values other than None."""
    return len({value for value in values if value is not None})


def mean(values: Iterable[int | None]) -> float | None:
    """Returns the mean of the values other than None; None without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def share(part: int, whole: int) -> float | None:
    """Returns part / whole; None if the whole is 0."""
    return part / whole if whole else None


def ms_between(before: datetime, after: datetime) -> int:
    """Returns the milliseconds between two times."""
    return round((after - before).total_seconds() * 1000)


def grouped(values: Iterable[Any], key: Any) -> dict[Any, list[Any]]:
    """Returns the values by key, in their order."""
    groups: dict[Any, list[Any]] = {}
    for value in values:
        groups.setdefault(key(value), []).append(value)
    return groups
