"""How new a dataset is: up to when each table is loaded, and what of it is missing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..exports import Window, short_time
from ..tables import TABLES
from .ledger import Ledger

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class TableFreshness:
    """How new a table is.

    until: the end of its newest reconciled window; None if there is none
    unreconciled: what was loaded last without proof that all rows had arrived
    gaps: what the intervals of a scheduler left out
    """

    table: str
    until: datetime | None
    unreconciled: Sequence[Window] = ()
    gaps: Sequence[Window] = ()

    def age(self, now: datetime) -> timedelta | None:
        """Returns how long ago its newest reconciled window ended."""
        return now - self.until if self.until else None

    def alarms(self, now: datetime, most: timedelta) -> Iterator[str]:
        """Yields what somebody has to look after, as sentences.

        most: the age above which a table, or a gap in it, is one
        """
        age = self.age(now)
        if age is None or self.until is None:
            yield f"{self.table}: nothing of it is loaded and reconciled."
        elif age > most:
            yield (
                f"{self.table}: loaded up to {short_time(self.until)}, {age / HOUR:.1f} hours ago;"
                f" at most {most / HOUR:g} are allowed."
            )
        for window in self.unreconciled:
            yield f"{self.table}: {window} did not reconcile. The next run loads it again."
        for gap in self.gaps:
            if now - gap.end > most:
                yield f"{self.table}: no run has loaded {gap}. The next run loads it."


def measure_freshness(
    ledger: Ledger,
    wanted: Iterable[str] = (),
    gaps: Mapping[str, Sequence[Window]] | None = None,
    is_loading: bool = False,
) -> list[TableFreshness]:
    """Returns how new each table is; without any wanted ones, each that was ever loaded.

    gaps: what intervals left out, by table
    is_loading: whether a run is loading now, so that its newest load is not reconciled yet
    """
    known = {table for export in ledger.exports for table in export.tables}
    tables = tuple(wanted) or tuple(table for table in TABLES if table in known)
    ended = _without_newest_load(ledger) if is_loading else ledger
    return [
        TableFreshness(
            table,
            max((window.end for window in ledger.proved(table)), default=None),
            ended.unproved(table),
            (gaps or {}).get(table, ()),
        )
        for table in tables
    ]


def _without_newest_load(ledger: Ledger) -> Ledger:
    newest = ledger.exports[-1].load_id if ledger.exports else None
    return Ledger(export for export in ledger.exports if export.load_id != newest)
