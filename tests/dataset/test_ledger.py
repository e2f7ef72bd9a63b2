"""What counts as loaded, by the rows of the table `exports`."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from coveo_source.dataset.ledger import Ledger, LoadedExport
from coveo_source.exports.window import Window, merge_windows

START = datetime(2026, 3, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def window(first: int, last: int) -> Window:
    return Window(START + first * HOUR, START + last * HOUR)


def loaded(number: int, first: int, last: int, **changes: object) -> LoadedExport:
    """The export that the load with this number brought, with the hours of its window."""
    facts = {"id": f"e{number}", "tables": ("clicks",), **changes}
    return LoadedExport(window=window(first, last), load_id=f"{number}.5", **facts)  # type: ignore[arg-type]


def test_windows_that_touch_are_one() -> None:
    ledger = Ledger([loaded(2, 5, 9), loaded(1, 0, 5)])
    assert ledger.proved("clicks") == [window(0, 9)]
    assert ledger.unproved("clicks") == []
    assert ledger.end == START + 9 * HOUR


def test_a_table_that_no_export_holds_is_unknown() -> None:
    ledger = Ledger([loaded(1, 0, 5)])
    assert ledger.knows("clicks")
    assert not ledger.knows("searches")
    assert ledger.proved("searches") == []


def test_a_load_that_was_not_counted_makes_its_window_due_again() -> None:
    ledger = Ledger([loaded(1, 0, 9), loaded(2, 3, 5, is_counted=False)])
    assert ledger.proved("clicks") == [window(0, 3), window(5, 9)]
    assert ledger.unproved("clicks") == [window(3, 5)]


def test_a_later_load_proves_what_an_earlier_one_did_not() -> None:
    ledger = Ledger([loaded(1, 0, 9, is_counted=False), loaded(2, 3, 5)])
    assert ledger.unproved("clicks") == [window(0, 3), window(5, 9)]


def test_the_order_is_that_of_the_loads_and_not_of_their_ids_as_text() -> None:
    ledger = Ledger([loaded(10, 0, 9), loaded(9, 0, 9, is_counted=False)])
    assert ledger.unproved("clicks") == []


def test_a_load_of_an_early_version_counts_unless_its_counts_differed() -> None:
    former = loaded(1, 0, 9, is_counted=False, is_former=True)
    assert Ledger([former]).proved("clicks") == [window(0, 9)]


def test_a_load_that_did_not_end_counts_for_nothing() -> None:
    assert Ledger([loaded(1, 0, 9, is_complete=False)]).unproved("clicks") == [window(0, 9)]


def test_only_loads_that_still_matter_are_counted_later() -> None:
    superseded = loaded(1, 0, 5, is_counted=False)
    ledger = Ledger([superseded, loaded(2, 0, 5), loaded(3, 7, 9, is_counted=False)])
    assert ledger.uncounted_loads == ["3.5"]


def test_a_backfill_is_done_where_its_own_exports_are_proved() -> None:
    ledger = Ledger(
        [
            loaded(1, 0, 9),
            loaded(2, 0, 3, backfill="b"),
            loaded(3, 3, 5, backfill="b", replaced=True),
            loaded(4, 5, 7, backfill="b", is_counted=False),
        ]
    )
    assert ledger.of_backfill("b", replaced=False).proved("clicks") == [window(0, 5)]
    assert ledger.of_backfill("b", replaced=True).proved("clicks") == [window(3, 5)]


exports = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6), st.booleans()), max_size=8).map(
    lambda drawn: [
        loaded(number, first, first + length, is_counted=is_counted)
        for number, (first, length, is_counted) in enumerate(drawn)
    ]
)


@given(exports)
def test_every_hour_is_as_the_last_load_of_it_left_it(drawn: list[LoadedExport]) -> None:
    ledger = Ledger(drawn)
    for moment in (START + hour * HOUR for hour in range(30)):
        last = [each for each in drawn if each.window.start <= moment < each.window.end][-1:]
        kinds = ((True, ledger.proved("clicks")), (False, ledger.unproved("clicks")))
        found = [
            is_proved
            for is_proved, windows in kinds
            for start, end in windows
            if start <= moment < end
        ]
        assert found == [each.is_proved for each in last]


@given(exports)
def test_proved_and_unproved_windows_are_disjoint_and_cover_all_loads(
    drawn: list[LoadedExport],
) -> None:
    ledger = Ledger(drawn)
    both = [*ledger.proved("clicks"), *ledger.unproved("clicks")]
    assert merge_windows(both) == merge_windows(each.window for each in drawn)
    assert sum((each.end - each.start for each in both), timedelta()) == sum(
        (each.end - each.start for each in merge_windows(both)), timedelta()
    )
