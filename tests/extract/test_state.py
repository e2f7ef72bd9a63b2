"""What a pipeline remembers."""

from typing import Any

from coveo_source.dataset.ledger import Ledger, LoadedExport
from coveo_source.exports.window import Window
from coveo_source.extract.state import PipelineState
from tests.extract.plans import ALL_TABLES, LOADED, day


def test_the_history_is_stored_as_disjoint_windows() -> None:
    data: dict[str, Any] = {}
    state = PipelineState(data)
    state.add_history([Window(day(3), day(5)), Window(day(1), day(2))])
    state.add_history([Window(day(2), day(3))])
    assert state.history == [Window(day(1), day(5))]
    assert PipelineState(data).history == state.history


def test_a_state_without_cursors_keeps_its_history() -> None:
    state = PipelineState(LOADED).without_cursors()
    assert state.cursors(ALL_TABLES) == dict.fromkeys(ALL_TABLES)
    assert state.history == PipelineState(LOADED).history


def test_a_state_that_was_lost_is_what_the_dataset_proves() -> None:
    window = Window(day(1), day(4))
    proved = Ledger([LoadedExport("e1", window, ("clicks",), load_id="1.5")])
    state = PipelineState({}).restored(proved)
    assert state.cursors(["clicks", "searches"]) == {"clicks": day(4), "searches": None}
    assert state.history == [window]


def test_a_lost_cursor_is_before_the_first_gap_and_takes_no_backfill_for_its_end() -> None:
    def loaded(number: int, first: int, last: int, backfill: str | None = None) -> LoadedExport:
        window = Window(day(first), day(last))
        return LoadedExport(f"e{number}", window, ("clicks",), f"{number}.5", backfill=backfill)

    proved = Ledger([loaded(1, 1, 3), loaded(2, 3, 5, backfill="b"), loaded(3, 7, 9)])
    state = PipelineState({}).restored(proved)
    assert state.cursors(["clicks"]) == {"clicks": day(3)}
    assert state.history == [Window(day(1), day(5)), Window(day(7), day(9))]


def test_a_state_that_knows_anything_stays_as_it_is() -> None:
    state = PipelineState(LOADED)
    assert state.restored(Ledger()) is state


def test_nothing_is_loaded_of_a_table_without_a_row_of_a_complete_load() -> None:
    [claimed] = PipelineState(LOADED).cursors(["clicks"]).values()
    assert claimed
    proved = PipelineState(LOADED).as_proved(Ledger(unloaded=["clicks"]))
    assert proved.cursors(["clicks"]) == {"clicks": None}
    assert PipelineState(LOADED).as_proved(Ledger()).cursors(["clicks"]) == {"clicks": claimed}
