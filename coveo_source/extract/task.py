"""What a run was asked to do, beside loading what is due."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..dataset import Backfill, Ledger
from ..exports import Export, Window, short_time
from ..settings import Settings


class Task(NamedTuple):
    """What a run was asked to do, beside loading what is due.

    backfill: the explicit range that it loads, or goes on with
    replaces: whether rows of its windows that Coveo no longer has are removed
    is_refresh: whether all tables are dropped first
    """

    backfill: Backfill | None = None
    replaces: bool = False
    is_refresh: bool = False

    def outdated(self, existing: Iterable[Export], ledger: Ledger) -> frozenset[str]:
        """Returns the ids of the exports that must not be used for what is due now."""
        if self.is_refresh:
            return frozenset(export.id for export in existing)
        earlier = self.backfill.earlier_exports if self.backfill else frozenset[str]()
        return ledger.proved_ids | earlier

    def unproved(self, ledger: Ledger, tables: Iterable[str]) -> dict[str, list[Window]]:
        """Returns, by table, what was loaded and is due again, since it is not proved."""
        return {} if self.is_refresh else {table: ledger.unproved(table) for table in tables}

    def done(self, ledger: Ledger, tables: Iterable[str]) -> dict[str, list[Window]]:
        """Returns, by table, what earlier runs have loaded of the backfill."""
        return {table: self._done(ledger).proved(table) for table in tables}

    def notices(self, ledger: Ledger) -> Iterator[str]:
        """Yields what a user has to know about it."""
        loaded = len(self._done(ledger).exports)
        if self.backfill and loaded:
            yield (
                f"Going on with this range, begun on {short_time(self.backfill.begun_at)}:"
                f" {loaded} {'window is' if loaded == 1 else 'windows are'} loaded already."
            )

    def _done(self, ledger: Ledger) -> Ledger:
        """Returns the exports of the backfill that earlier runs have loaded."""
        return ledger.of_backfill(self.backfill.id, self.replaces) if self.backfill else Ledger()


def backfill_request(settings: Settings, replaces: bool) -> dict[str, object]:
    """Returns what tells one backfill from another: everything that decides what it loads."""
    names = ("from_date", "to_date", "tables", "dimensions", "allow_erased")
    filters = ("filters", "search_filters", "custom_event_filters")
    request = {name: getattr(settings, name) for name in (*names, *filters)}
    private = {name: getattr(settings, name) for name in ("exclude_dimensions", "hash_dimensions")}
    # without them a backfill that is under way is the same as before there were such settings
    request |= {name: values for name, values in private.items() if values}
    return request | {"replaces": replaces}


NO_TASK = Task()
"""To load what is due, and nothing else."""
