"""What a pipeline remembers."""

from typing import Any

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
