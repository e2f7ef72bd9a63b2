"""The traffic of a believable search site, the same for the same seed, as long as you like."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from random import Random
from typing import Protocol, TypeAlias

from ..tables import TABLES
from . import records
from .people import Person, directory
from .records import COLUMNS, Record
from .visits import MAX_VISIT_MS, Search, Visit, visit_at

Row: TypeAlias = "tuple[str | None, ...]"
"""One row of a file: values as text, None for null, in the order of the header."""

Keep: TypeAlias = Callable[[Record], bool]
"""Whether an event is wanted. Keywords and groups are asked about the search they belong to."""

LONGEST_DELAY = timedelta(hours=20)
"""How late an event can arrive."""

_HOUR_MS = 3_600_000
_HOUR_WEIGHTS = (
    *(22, 16, 12, 10, 9, 10, 16, 28, 46, 60, 66, 64),
    *(56, 60, 66, 66, 62, 54, 48, 46, 48, 46, 38, 29),
)
_WEEKDAY_WEIGHTS = (1.06, 1.1, 1.08, 1.0, 0.88, 0.36, 0.42)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class _Event(Protocol):
    id: int
    ms: int


@dataclass(frozen=True)
class Traffic:
    """Events of a search site.

    seed: another number, other events
    visits_per_day: on a working day, on average; weekends have fewer
    until: no visit starts at this time or later; None for no end
    days: for how many days before `until` (before today, without it) there are visits; None
        for no beginning
    late_share: share of events that arrive later than they happen, by up to `LONGEST_DELAY`
    """

    seed: int = 7
    visits_per_day: int = 200
    until: datetime | None = None
    days: int | None = None
    late_share: float = 0.0

    def rows(
        self,
        table: str,
        start: datetime,
        end: datetime,
        *,
        arrived_by: datetime | None = None,
        columns: Sequence[str] | None = None,
        keep: Keep | None = None,
    ) -> Iterator[Row]:
        """The rows of one table whose `datetime` is in `[start, end)`, in constant memory.

        arrived_by: leave out what arrives after this time; None for nothing
        columns: API names, in the order wanted; None for all, as in `COLUMNS[table]`
        keep: leave out what belongs to an event for which this says no

        Visits come in the order in which they start, so rows are only nearly ordered by time.
        """
        wanted = COLUMNS[table] if columns is None else columns
        for record in self.records(table, start, end, arrived_by=arrived_by, keep=keep):
            yield tuple(map(record.get, wanted))

    def records(
        self,
        table: str,
        start: datetime,
        end: datetime,
        *,
        arrived_by: datetime | None = None,
        keep: Keep | None = None,
    ) -> Iterator[Record]:
        """The same as `rows`, each row by API name."""
        window = _Window.of(start, end, arrived_by, self.late_share)
        for visit in self.visits(start, end):
            yield from _RECORDS[table](visit, window, keep)

    def counts(
        self,
        start: datetime,
        end: datetime,
        *,
        arrived_by: datetime | None = None,
        keep: Mapping[str, Keep] | None = None,
    ) -> dict[str, int]:
        """The number of rows of every table for a range. `keep` is by table."""
        window = _Window.of(start, end, arrived_by, self.late_share)
        if keep:
            of_table = {name: (_RECORDS[name], keep.get(name)) for name in TABLES}
            counts = dict.fromkeys(TABLES, 0)
            for visit in self.visits(start, end):
                for name, (records_of, kept) in of_table.items():
                    counts[name] += sum(1 for _ in records_of(visit, window, kept))
            return counts
        return _count(self.visits(start, end), window)

    def visits(self, start: datetime, end: datetime) -> Iterator[Visit]:
        """The visits that can have an event in `[start, end)`, by start."""
        first = max(_ms(start) - MAX_VISIT_MS, self._begins) // _HOUR_MS
        stop = min(_ms(end), self._ends)
        for hour in range(first, -(-stop // _HOUR_MS)):
            yield from (v for v in self._visits_of(hour) if self._begins <= v.start < stop)

    def _visits_of(self, hour: int) -> Iterator[Visit]:
        """The visits of one hour, counted since 1970. Each hour has its own random numbers."""
        moment = _EPOCH + timedelta(hours=hour)
        rng = Random(f"{self.seed}:{moment:%Y-%m-%dT%H}")
        weight = _HOUR_WEIGHTS[moment.hour] / sum(_HOUR_WEIGHTS)
        expected = self.visits_per_day * weight * _WEEKDAY_WEIGHTS[moment.weekday()]
        number = int(expected * (0.85 + 0.3 * rng.random()) + rng.random())
        for place in range(number):
            start = hour * _HOUR_MS + int((place + rng.random()) / number * _HOUR_MS)
            yield visit_at(start, rng, self._people)

    @cached_property
    def _people(self) -> tuple[Person, ...]:
        return directory(self.seed, min(max(self.visits_per_day, 300), 20_000))

    @cached_property
    def _begins(self) -> int:
        if self.days is None:
            return 0
        today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        return _ms((self.until or today) - timedelta(days=self.days))

    @cached_property
    def _ends(self) -> int:
        return _ms(self.until) if self.until else _ms(datetime.max.replace(tzinfo=timezone.utc))


@dataclass(frozen=True, slots=True)
class _Window:
    """Which events are in an export: by when they happen and by when they arrive (ms)."""

    start: int
    end: int
    arrived_by: int
    late_below: int

    @classmethod
    def of(
        cls, start: datetime, end: datetime, arrived_by: datetime | None, late_share: float
    ) -> "_Window":
        seen = _ms(end) + _ms(_EPOCH + LONGEST_DELAY) if arrived_by is None else _ms(arrived_by)
        return cls(_ms(start), min(_ms(end), seen + 1), seen, int(late_share * 65_536))

    def has(self, event: _Event) -> bool:
        return self.start <= event.ms < self.end and self.arrived(event)

    def arrived(self, event: _Event) -> bool:
        """Taken from the id, so that a share of late events changes no event."""
        if event.id & 0xFFFF >= self.late_below:
            return event.ms <= self.arrived_by
        delay = LONGEST_DELAY * ((event.id >> 16 & 0xFFFF) / 0xFFFF)
        return event.ms + delay // timedelta(milliseconds=1) <= self.arrived_by

    def has_clicks(self, search: Search) -> bool:
        return any(self.arrived(click) for click in search.clicks)


def _searches(visit: Visit, window: _Window, keep: Keep | None) -> Iterator[Record]:
    for search in visit.searches:
        if window.has(search):
            record = records.search_record(visit, search, window.has_clicks(search))
            if keep is None or keep(record):
                yield record


def _clicks(visit: Visit, window: _Window, keep: Keep | None) -> Iterator[Record]:
    found = (records.click_record(visit, click) for click in visit.clicks if window.has(click))
    return filter(keep, found) if keep else found


def _customs(visit: Visit, window: _Window, keep: Keep | None) -> Iterator[Record]:
    found = (records.custom_record(visit, event) for event in visit.customs if window.has(event))
    return filter(keep, found) if keep else found


def _kept(visit: Visit, window: _Window, keep: Keep | None) -> Iterator[Search]:
    for search in filter(window.has, visit.searches):
        if keep is None or keep(records.search_record(visit, search, window.has_clicks(search))):
            yield search


def _keywords(visit: Visit, window: _Window, keep: Keep | None) -> Iterator[Record]:
    for search in _kept(visit, window, keep):
        yield from records.keyword_records(search)


def _groups(visit: Visit, window: _Window, keep: Keep | None) -> Iterator[Record]:
    for search in _kept(visit, window, keep):
        yield from records.group_records(visit, search)


_RECORDS: dict[str, Callable[[Visit, _Window, Keep | None], Iterator[Record]]] = {
    "searches": _searches,
    "clicks": _clicks,
    "custom_events": _customs,
    "keywords": _keywords,
    "groups": _groups,
}


def _count(visits: Iterator[Visit], window: _Window) -> dict[str, int]:
    counts = dict.fromkeys(TABLES, 0)
    for visit in visits:
        searches = [search for search in visit.searches if window.has(search)]
        counts["searches"] += len(searches)
        counts["clicks"] += sum(map(window.has, visit.clicks))
        counts["custom_events"] += sum(map(window.has, visit.customs))
        counts["keywords"] += sum(len(search.query.words) for search in searches)
        counts["groups"] += len(searches) * len(visit.person.groups)
    return counts


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
