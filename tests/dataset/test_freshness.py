"""How new each table is, by the exports that were loaded."""

from datetime import datetime, timedelta, timezone

from coveo_source.dataset.freshness import TableFreshness, measure_freshness
from coveo_source.dataset.ledger import Ledger, LoadedExport
from coveo_source.exports.window import Window

START = datetime(2026, 3, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def window(first: int, last: int) -> Window:
    return Window(START + first * HOUR, START + last * HOUR)


def loaded(number: int, first: int, last: int, *tables: str, **changes: bool) -> LoadedExport:
    """The export that the load with this number brought, with the hours of its window."""
    return LoadedExport(f"e{number}", window(first, last), tables, f"{number}.5", **changes)  # type: ignore[arg-type]


def alarms(table: TableFreshness, hour: int, most: int) -> list[str]:
    return list(table.alarms(START + hour * HOUR, most * HOUR))


def test_each_table_has_an_end_of_its_own() -> None:
    ledger = Ledger([loaded(1, 0, 9, "clicks", "searches"), loaded(2, 9, 20, "clicks")])
    searches, clicks = measure_freshness(ledger)
    assert (searches.table, searches.until) == ("searches", START + 9 * HOUR)
    assert (clicks.table, clicks.until) == ("clicks", START + 20 * HOUR)
    assert alarms(clicks, 22, 5) == []
    assert alarms(searches, 22, 5) == [
        "searches: loaded up to 2026-03-01 09:00, 13.0 hours ago; at most 5 are allowed."
    ]


def test_exactly_as_old_as_allowed_is_fresh() -> None:
    [clicks] = measure_freshness(Ledger([loaded(1, 0, 9, "clicks")]))
    assert alarms(clicks, 14, 5) == []
    assert alarms(clicks, 15, 5) != []


def test_a_backfill_of_an_earlier_time_makes_nothing_older() -> None:
    [clicks] = measure_freshness(Ledger([loaded(1, 50, 60, "clicks"), loaded(2, 0, 9, "clicks")]))
    assert clicks.until == START + 60 * HOUR


def test_a_window_that_did_not_reconcile_is_an_alarm_until_a_later_load_of_it_does() -> None:
    exports = [loaded(1, 0, 9, "clicks"), loaded(2, 8, 12, "clicks", is_counted=False)]
    [clicks] = measure_freshness(Ledger(exports))
    assert clicks.until == START + 8 * HOUR
    [alarm] = alarms(clicks, 10, 5)
    assert alarm.startswith("clicks: 2026-03-01 08:00 to 2026-03-01 12:00 did not reconcile.")
    [clicks] = measure_freshness(Ledger([*exports, loaded(3, 8, 14, "clicks")]))
    assert alarms(clicks, 15, 5) == []


def test_what_a_run_is_loading_now_is_no_alarm() -> None:
    exports = [loaded(1, 0, 9, "clicks"), loaded(2, 9, 12, "clicks", is_complete=False)]
    [clicks] = measure_freshness(Ledger(exports), is_loading=True)
    assert alarms(clicks, 10, 5) == []
    [clicks] = measure_freshness(Ledger(exports), is_loading=False)
    assert alarms(clicks, 10, 5) != []


def test_a_gap_is_an_alarm_once_it_is_too_old() -> None:
    [clicks] = measure_freshness(
        Ledger([loaded(1, 0, 20, "clicks")]), (), {"clicks": [window(3, 4)]}
    )
    assert alarms(clicks, 9, 5) == []
    [alarm] = alarms(clicks, 10, 5)
    assert alarm.startswith("clicks: no run has loaded 2026-03-01 03:00 to 2026-03-01 04:00.")


def test_a_wanted_table_that_was_never_loaded_is_an_alarm() -> None:
    [groups] = measure_freshness(Ledger([loaded(1, 0, 9, "clicks")]), ["groups"])
    assert alarms(groups, 9, 5) == ["groups: nothing of it is loaded and reconciled."]


def test_without_exports_there_are_no_tables() -> None:
    assert measure_freshness(Ledger()) == []
