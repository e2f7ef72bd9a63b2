"""What a scheduler's interval changes of a plan, and what is told of a range."""

from datetime import datetime
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from coveo_source.exceptions import SettingError
from coveo_source.extract.load_range import ignored_bounds
from coveo_source.extract.state import PipelineState
from tests.extract.plans import (
    ALL_TABLES,
    LOADED,
    MINUTE,
    SETTLED,
    day,
    notices_of,
    parts_of,
    plan_of,
    settings_of,
    state,
    windows_of,
)


@pytest.fixture
def interval(monkeypatch: pytest.MonkeyPatch) -> Any:
    def assign(start: datetime, end: datetime) -> None:
        monkeypatch.setenv("DLT_INTERVAL_START", start.isoformat())
        monkeypatch.setenv("DLT_INTERVAL_END", end.isoformat())

    return assign


def test_an_older_interval_is_loaded_again_with_its_look_back(
    demo: DemoServer, interval: Any
) -> None:
    interval(day(5), day(6))
    assert windows_of(plan_of(demo, LOADED)) == [(day(4), day(6))]
    assert windows_of(plan_of(demo, LOADED, lookback_days=0)) == [(day(5), day(6))]


def test_the_interval_after_the_cursors_is_loaded_with_the_look_back(
    demo: DemoServer, interval: Any
) -> None:
    interval(day(9), day(10))
    plan = plan_of(demo, LOADED)
    assert windows_of(plan) == [(day(8), day(10))]
    assert plan.notices == []


def test_what_lies_between_the_cursors_and_the_interval_is_loaded_too_and_told(
    demo: DemoServer, interval: Any
) -> None:
    interval(day(10), day(11))
    plan = plan_of(demo, LOADED)
    assert windows_of(plan) == [(day(8), day(11))]
    assert "No run has loaded 2026-03-09 to 2026-03-10 yet" in notices_of(plan)
    assert ", ".join(ALL_TABLES) in notices_of(plan)


def test_a_first_interval_is_loaded_and_nothing_else(demo: DemoServer, interval: Any) -> None:
    interval(day(5), day(6))
    plan = plan_of(demo, from_date="2026-01-01")
    assert windows_of(plan) == [(day(5), day(6))]
    assert plan.notices == []


def test_a_table_added_later_catches_up_within_an_interval(demo: DemoServer, interval: Any) -> None:
    interval(day(9), day(10))
    known = dict.fromkeys(("searches",), day(9))
    plan = plan_of(demo, state(known, [(day(1), day(9))]), ["searches", "clicks"])
    assert [(part.window.start, part.tables) for part in parts_of(plan)] == [
        (day(1), ("clicks",)),
        (day(8), ("searches", "clicks")),
    ]


@pytest.mark.parametrize("minutes", [0, 5, -5])
def test_an_interval_that_has_not_settled_keeps_its_end(
    demo: DemoServer, interval: Any, minutes: int
) -> None:
    end = SETTLED + (15 + minutes) * MINUTE
    interval(day(10), end)
    plan = plan_of(demo, LOADED)
    assert windows_of(plan)[-1][1] == end
    assert plan.settles_at == end + 15 * MINUTE


def test_an_interval_that_has_settled_needs_no_waiting(demo: DemoServer, interval: Any) -> None:
    interval(day(10), SETTLED)
    assert plan_of(demo, LOADED).settles_at is None


def test_gaps_are_filled_by_a_run_without_an_interval(demo: DemoServer) -> None:
    known = state(dict.fromkeys(ALL_TABLES, day(9)), [(day(1), day(9))])
    known["resources"]["clicks"]["gaps"] = [[day(3).isoformat(), day(4).isoformat()]]
    plan = plan_of(demo, known)
    assert [(part.window, part.tables) for part in parts_of(plan)] == [
        ((day(3), day(4)), ("clicks",)),
        ((day(8), SETTLED), ALL_TABLES),
    ]
    assert "No run has loaded 2026-03-03 to 2026-03-04 yet (clicks)" in notices_of(plan)


def test_a_range_overrules_an_interval(demo: DemoServer, interval: Any) -> None:
    interval(day(5), day(6))
    plan = plan_of(demo, LOADED, from_date="2026-03-02", to_date="2026-03-03")
    assert windows_of(plan) == [(day(2), day(3))]


def test_a_scheduler_can_be_left_aside(demo: DemoServer, interval: Any) -> None:
    interval(day(5), day(6))
    plan = plan_of(demo, LOADED, allow_external_schedulers=False)
    assert windows_of(plan) == [(day(8), SETTLED)]


def test_an_interval_is_loaded_whole_so_a_number_of_windows_is_refused(
    demo: DemoServer, interval: Any
) -> None:
    interval(day(5), day(6))
    with pytest.raises(SettingError, match="loaded whole"):
        plan_of(demo, LOADED, max_windows=1)


def test_the_oldest_windows_are_loaded_first(demo: DemoServer) -> None:
    plan = plan_of(demo, from_date="2026-03-01", window_days=4, max_windows=2)
    assert windows_of(plan) == [(day(1), day(5)), (day(5), day(9))]
    assert plan.left == 1


def test_a_typed_start_that_does_not_apply_is_told(demo: DemoServer) -> None:
    settings = settings_of(demo, from_date="2026-01-01")
    known = PipelineState(LOADED)
    [notice] = ignored_bounds(settings, known, {"from_date"})
    for words in ("2026-03-09", "2026-01-01", "--from and --to"):
        assert words in notice
    assert list(ignored_bounds(settings, known, {"tables"})) == []
    assert list(ignored_bounds(settings, PipelineState({}), {"from_date"})) == []


def test_a_typed_bound_beside_an_interval_is_told(demo: DemoServer, interval: Any) -> None:
    interval(day(5), day(6))
    for name, option in (("from_date", "--from"), ("to_date", "--to")):
        settings = settings_of(demo, **{name: "2026-03-01"})
        [notice] = ignored_bounds(settings, PipelineState(LOADED), {name})
        assert f"{option} alone cannot change it" in notice
        assert "2026-03-05 to 2026-03-06" in notice
