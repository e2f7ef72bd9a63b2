"""The traffic of a realistic search site: the same seed always gives the same events."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from random import Random
from typing import Protocol, TypeAlias

from ..tables import TABLES
from . import records
from .journeys import draw_visit
from .people import Person, accounts
from .records import COLUMNS, Record
from .visits import MAX_VISIT_MS, Search, Visit

Row: TypeAlias = "tuple[str | None, ...]"
"""One row of a file: values as text, None for null, in the order of the header."""

EventFilter: TypeAlias = Callable[[Record], bool]
"""Returns True for an event to keep; for keywords and groups it gets the row of their search."""

LONGEST_DELAY = timedelta(hours=20)
"""The longest time from an event to its arrival."""

_MS = timedelta(milliseconds=1)
_HOUR_MS = 3_600_000
_VISITS_KEPT = 20_000
"""Visits that are drawn only once, about; they take some 40 MB."""
_HOUR_WEIGHTS = (  # from midnight, UTC
    *(22, 16, 12, 10, 9, 10, 16, 28, 46, 60, 66, 64),
    *(56, 60, 66, 66, 62, 54, 48, 46, 48, 46, 38, 29),
)
_WEEKDAY_WEIGHTS = (1.06, 1.1, 1.08, 1.0, 0.88, 0.36, 0.42)  # from Monday
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class _Event(Protocol):
    id: int
    ms: int


@dataclass(frozen=True)
class Traffic:
    """The events of a search site.

    seed: another seed gives other events
    visits_per_day: average on a working day; weekends have fewer
    until: visits start before this time; None for no end
    days: visits start at most this many days before `until` (before today if that is None);
        None for no beginning
    late_share: share of events (0 to 1) that arrive late, by up to `LONGEST_DELAY`
    """

    seed: int = 7
    visits_per_day: int = 200
    until: datetime | None = None
    days: int | None = None
    late_share: float = 0.0
    _drawn: dict[int, tuple[Visit, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def rows(
        self,
        table: str,
        start: datetime,
        end: datetime,
        *,
        arrived_by: datetime | None = None,
        columns: Sequence[str] | None = None,
        keep: EventFilter | None = None,
    ) -> Iterator[Row]:
        """Yields the rows of one table whose `datetime` is in `[start, end)`, in constant memory.

        arrived_by: leaves out events that arrive after this time; None for none
        columns: API names, in the order of the values; None for all, as in `COLUMNS[table]`
        keep: leaves out events for which it returns False

        Visits come in the order of their start, so rows are only roughly ordered by time.
        """
        header = COLUMNS[table] if columns is None else columns
        for record in self.records(table, start, end, arrived_by=arrived_by, keep=keep):
            yield tuple([record[column] for column in header])

    def records(
        self,
        table: str,
        start: datetime,
        end: datetime,
        *,
        arrived_by: datetime | None = None,
        keep: EventFilter | None = None,
    ) -> Iterator[Record]:
        """Yields the same rows as `rows`, each as a dict by API name."""
        window = _Window.of(start, end, arrived_by, self.late_share)
        for visit in self.visits(start, end):
            yield from _RECORDS[table](visit, window, keep)

    def counts(
        self,
        start: datetime,
        end: datetime,
        *,
        arrived_by: datetime | None = None,
        keep: Mapping[str, EventFilter] | None = None,
    ) -> dict[str, int]:
        """Returns the number of rows of each table that `rows` would yield.

        keep: filters by table
        """
        window = _Window.of(start, end, arrived_by, self.late_share)
        if keep:
            counts = dict.fromkeys(TABLES, 0)
            for visit in self.visits(start, end):
                for name in TABLES:
                    counts[name] += sum(1 for _ in _RECORDS[name](visit, window, keep.get(name)))
            return counts
        return _count(self.visits(start, end), window)

    def visits(self, start: datetime, end: datetime) -> Iterator[Visit]:
        """Yields the visits that may have events in `[start, end)`, in the order of their start."""
        first_hour = max(_epoch_ms(start) - MAX_VISIT_MS, self._first_ms) // _HOUR_MS
        stop = min(_epoch_ms(end), self._end_ms)
        for hour in range(first_hour, -(-stop // _HOUR_MS)):
            yield from (v for v in self._visits_of(hour) if self._first_ms <= v.start < stop)

    def _visits_of(self, hour: int) -> Iterable[Visit]:
        """Returns the visits that start in one hour; each table of an export asks for them anew."""
        if (drawn := self._drawn.get(hour)) is not None:
            return drawn
        if len(self._drawn) * self.visits_per_day > _VISITS_KEPT * 24:
            return self._draw_visits_of(hour)
        self._drawn[hour] = drawn = tuple(self._draw_visits_of(hour))
        return drawn

    def _draw_visits_of(self, hour: int) -> Iterator[Visit]:
        """Draws the visits that start in one hour, with a seed of that hour's own.

        hour: counted since 1970
        """
        moment = _EPOCH + timedelta(hours=hour)
        seed = f"{self.seed}:{moment:%Y-%m-%dT%H}"
        rng, more = Random(seed), Random(f"{seed}:features")
        weight = _HOUR_WEIGHTS[moment.hour] / sum(_HOUR_WEIGHTS)
        expected = self.visits_per_day * weight * _WEEKDAY_WEIGHTS[moment.weekday()]
        number = int(expected * (0.85 + 0.3 * rng.random()) + rng.random())
        for position in range(number):
            start = hour * _HOUR_MS + int((position + rng.random()) / number * _HOUR_MS)
            yield draw_visit(start, rng, more, self._people)

    @cached_property
    def _people(self) -> tuple[Person, ...]:
        return accounts(self.seed, min(max(self.visits_per_day, 300), 20_000))

    @cached_property
    def _first_ms(self) -> int:
        if self.days is None:
            return 0
        today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        return _epoch_ms((self.until or today) - timedelta(days=self.days))

    @cached_property
    def _end_ms(self) -> int:
        return _epoch_ms(self.until or datetime.max.replace(tzinfo=timezone.utc))


@dataclass(frozen=True, slots=True)
class _Window:
    """Selects the events of an export.

    start, end, arrived_by: milliseconds since 1970; the end is at most just after `arrived_by`
    late_below: an event is late if the lowest 16 bits of its id are below this
    """

    start: int
    end: int
    arrived_by: int
    late_below: int

    @classmethod
    def of(
        cls, start: datetime, end: datetime, arrived_by: datetime | None, late_share: float
    ) -> "_Window":
        by = _epoch_ms(end) + LONGEST_DELAY // _MS if arrived_by is None else _epoch_ms(arrived_by)
        return cls(_epoch_ms(start), min(_epoch_ms(end), by + 1), by, int(late_share * 65_536))

    def contains(self, event: _Event) -> bool:
        is_within = self.start <= event.ms < self.end
        return is_within and (not self.late_below or self.has_arrived(event))

    def has_arrived(self, event: _Event) -> bool:
        """Returns True if the event has arrived.

        The delay follows from the id, so `late_share` changes no event.
        """
        if event.id & 0xFFFF >= self.late_below:
            return event.ms <= self.arrived_by
        delay = LONGEST_DELAY * ((event.id >> 16 & 0xFFFF) / 0xFFFF)
        return event.ms + delay // _MS <= self.arrived_by

    def has_clicks(self, search: Search) -> bool:
        return any(self.has_arrived(click) for click in search.clicks)


def _searches(visit: Visit, window: _Window, keep: EventFilter | None) -> Iterator[Record]:
    for search in visit.searches:
        if window.contains(search):
            record = records.search_record(visit, search, window.has_clicks(search))
            if keep is None or keep(record):
                yield record


def _clicks(visit: Visit, window: _Window, keep: EventFilter | None) -> Iterator[Record]:
    clicks = filter(window.contains, visit.clicks)
    rows = (records.click_record(visit, click) for click in clicks)
    return filter(keep, rows) if keep else rows


def _custom_events(visit: Visit, window: _Window, keep: EventFilter | None) -> Iterator[Record]:
    events = filter(window.contains, visit.custom_events)
    rows = (records.custom_record(visit, event) for event in events)
    return filter(keep, rows) if keep else rows


def _kept_searches(visit: Visit, window: _Window, keep: EventFilter | None) -> Iterator[Search]:
    for search in filter(window.contains, visit.searches):
        if keep is None or keep(records.search_record(visit, search, window.has_clicks(search))):
            yield search


def _keywords(visit: Visit, window: _Window, keep: EventFilter | None) -> Iterator[Record]:
    for search in _kept_searches(visit, window, keep):
        yield from records.keyword_records(search)


def _groups(visit: Visit, window: _Window, keep: EventFilter | None) -> Iterator[Record]:
    for search in _kept_searches(visit, window, keep):
        yield from records.group_records(visit, search)


_RECORDS: dict[str, Callable[[Visit, _Window, EventFilter | None], Iterator[Record]]] = {
    "searches": _searches,
    "clicks": _clicks,
    "custom_events": _custom_events,
    "keywords": _keywords,
    "groups": _groups,
}


def _count(visits: Iterator[Visit], window: _Window) -> dict[str, int]:
    counts = dict.fromkeys(TABLES, 0)
    for visit in visits:
        searches = [search for search in visit.searches if window.contains(search)]
        counts["searches"] += len(searches)
        counts["clicks"] += sum(map(window.contains, visit.clicks))
        counts["custom_events"] += sum(map(window.contains, visit.custom_events))
        counts["keywords"] += sum(len(search.query.words) for search in searches)
        counts["groups"] += len(searches) * len(visit.person.groups)
    return counts


def _epoch_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS
