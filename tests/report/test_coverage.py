"""From when to when a dataset holds all tables of events."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.dataset import Ledger
from coveo_source.dataset.ledger import LoadedExport
from coveo_source.exports import Window
from coveo_source.report.coverage import loaded_windows
from coveo_source.tables import EVENT_TABLES, TABLES
from tests.exports.window_strategies import at, instants, relaxed, windows


def loaded(
    number: int, window: Window, *tables: str, is_counted: bool = True, is_complete: bool = True
) -> LoadedExport:
    return LoadedExport(
        f"e{number}", window, tables, f"{number}.5", is_complete=is_complete, is_counted=is_counted
    )


@st.composite
def exports(draw: st.DrawFn) -> list[LoadedExport]:
    tables = st.lists(st.sampled_from(list(TABLES)), min_size=1, unique=True)
    drawn = st.tuples(windows, tables, st.booleans(), st.booleans())
    return [
        loaded(number, window, *names, is_counted=is_counted, is_complete=is_complete)
        for number, (window, names, is_counted, is_complete) in enumerate(
            draw(st.lists(drawn, max_size=6))
        )
    ]


@relaxed
@given(exports(), st.lists(instants, max_size=10))
def test_an_instant_is_loaded_exactly_if_every_event_table_that_was_ever_loaded_has_it(
    some: list[LoadedExport], probes: list[datetime]
) -> None:
    found = loaded_windows(Ledger(some))
    known = [table for table in EVENT_TABLES if any(table in each.tables for each in some)]
    edges = [edge for each in some for edge in each.window]
    near = [edge + timedelta(milliseconds=step) for edge in edges for step in (-1, 0, 1)]
    for instant in [*probes, *near]:
        is_loaded = bool(known) and all(
            any(
                table in each.tables and each.window.start <= instant < each.window.end
                for each in some
            )
            for table in known
        )
        assert [start <= instant < end for start, end in found].count(True) == is_loaded


@relaxed
@given(exports())
def test_loaded_windows_are_in_order_and_do_not_touch(some: list[LoadedExport]) -> None:
    found = loaded_windows(Ledger(some))
    assert all(start < end for start, end in found)
    assert all(before.end < after.start for before, after in pairwise(found))


def test_the_table_that_is_behind_decides() -> None:
    long, short = Window(at(0), at(100)), Window(at(20), at(60))
    ledger = Ledger([loaded(1, long, "searches"), loaded(2, short, "clicks")])
    assert loaded_windows(ledger) == [short]


def test_a_table_that_was_left_out_does_not_count() -> None:
    window = Window(at(0), at(100))
    assert loaded_windows(Ledger([loaded(1, window, "searches", "clicks")])) == [window]


@pytest.mark.parametrize("some", [[], [loaded(1, Window(at(0), at(9)), "groups")]])
def test_without_events_nothing_is_loaded(some: list[LoadedExport]) -> None:
    assert loaded_windows(Ledger(some)) == []


def test_what_was_loaded_without_proof_is_loaded() -> None:
    first, second = Window(at(0), at(50)), Window(at(50), at(80))
    ledger = Ledger(
        [
            loaded(1, first, *EVENT_TABLES),
            loaded(2, second, *EVENT_TABLES, is_counted=False),
        ]
    )
    assert loaded_windows(ledger) == [Window(at(0), at(80))]
