"""What charts over time contain, and what their marks say."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.report.formats import NBSP, percent
from coveo_source.report.looks import Drawing, framed, inline
from coveo_source.report.period import Comparison, Period
from coveo_source.report.trends import WEEKDAYS, hours, trend
from tests.report.drawings import a_few, layer_of, marks_of, rows_of, said, specification, values_of

MONDAY = date(2026, 3, 2)

counts = st.integers(0, 10**6)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def points(start: int, length: int, is_compared: bool = True) -> list[tuple[date, date | None]]:
    now = Period(day(start), day(start + length))
    return Comparison(now, now.before if is_compared else None).points


def row(number: int, **measures: int) -> dict[str, Any]:
    return {"day": day(number), **measures}


def bands(chart: Drawing) -> list[tuple[str, str]]:
    """Returns from when to when the background is shaded."""
    layer = layer_of(chart, "rect")
    start, end = layer["encoding"]["x"]["field"], layer["encoding"]["x2"]["field"]
    return [(band[start], band[end]) for band in values_of(chart, layer)]


@a_few
@given(st.dictionaries(st.integers(-30, 30), counts), st.integers(-9, 9), st.integers(1, 20))
def test_a_trend_of_counts_has_every_day_and_takes_a_missing_one_for_zero(
    searches: dict[int, int], start: int, length: int
) -> None:
    found = [row(number, searches=count) for number, count in searches.items()]
    drawn = rows_of(trend(found, points(start, length), "searches"))
    assert [(each["day"], each["now"], each["before"]) for each in drawn] == [
        (f"{day(number)}", searches.get(number, 0), searches.get(number - length, 0))
        for number in range(start, start + length)
    ]


def test_a_share_of_nothing_is_a_hole_and_not_zero() -> None:
    found = [row(0, clicks=0, searches=0), row(1, clicks=0, searches=4)]
    chart = trend(found, points(0, 3, is_compared=False), "clicks", "searches", percent)
    assert [each["now"] for each in rows_of(chart)] == [None, 0, None]
    assert said(chart, "circle") == [
        "Mon 2 Mar: nothing",
        f"Tue 3 Mar: 0.0{NBSP}%",
        "Wed 4 Mar: nothing",
    ]


def test_a_day_says_its_value_and_that_of_the_day_before_it_is_compared_with() -> None:
    found = [row(7, searches=1200), row(0, searches=980)]
    assert said(trend(found, points(7, 7), "searches"), "circle")[:2] == [
        "Mon 9 Mar: 1,200 (before, Mon 2 Mar: 980)",
        "Tue 10 Mar: 0 (before, Tue 3 Mar: 0)",
    ]


def test_a_share_says_nothing_of_a_former_day_without_one() -> None:
    found = [row(7, clicks=1, searches=8), row(1, clicks=1, searches=2)]
    chart = trend(found, points(7, 7), "clicks", "searches", percent)
    assert said(chart, "circle")[:2] == [
        f"Mon 9 Mar: 12.5{NBSP}%",
        f"Tue 10 Mar: nothing (before, Tue 3 Mar: 50.0{NBSP}%)",
    ]


@pytest.mark.parametrize("found", [[], [row(0, searches=5)]])
def test_without_a_former_period_there_is_no_former_value(found: list[dict[str, Any]]) -> None:
    chart = trend(found, points(0, 5, is_compared=False), "searches")
    assert [each["before"] for each in rows_of(chart)] == [None] * 5
    assert not any("before" in text for text in said(chart, "circle"))


def test_the_present_is_drawn_over_the_past() -> None:
    chart = trend([], points(0, 7), "searches")
    assert marks_of(chart) == ["rect", "line", "line", "circle"]
    lines = [layer for layer in specification(chart)["layer"] if layer["mark"]["type"] == "line"]
    assert [line["encoding"]["y"]["field"] for line in lines] == ["before", "now"]
    assert layer_of(chart, "circle")["encoding"]["y"]["field"] == "now"


def test_the_background_of_saturdays_and_sundays_is_shaded() -> None:
    assert bands(trend([], points(0, 9), "searches")) == [
        ("2026-03-06T12:00:00Z", "2026-03-07T12:00:00Z"),
        ("2026-03-07T12:00:00Z", "2026-03-08T12:00:00Z"),
    ]
    assert bands(trend([], points(0, 5), "searches")) == []


@pytest.mark.parametrize(("number", "shaded"), [(4, 0), (5, 1), (6, 1)])
def test_a_single_day_is_a_dot_in_the_middle(number: int, shaded: int) -> None:
    chart = trend([row(number, searches=3)], points(number, 1), "searches")
    circle = layer_of(chart, "circle")
    assert circle["mark"]["opacity"] == 1
    domain = circle["encoding"]["x"]["scale"]["domain"]
    assert domain == [f"{day(number - 1)}", f"{day(number + 1)}"]
    assert len(bands(chart)) == shaded


def test_several_days_are_a_line_from_the_first_to_the_last() -> None:
    circle = layer_of(trend([], points(3, 4), "searches"), "circle")
    assert circle["mark"]["opacity"] == 0
    assert circle["encoding"]["x"]["scale"]["domain"] == [f"{day(3)}", f"{day(6)}"]


def test_weeks_are_shown_by_their_mondays_without_weekends() -> None:
    found = [row(7 * week, searches=week) for week in range(20)]
    chart = trend(found, points(70, 70), "searches")
    assert [each["now"] for each in rows_of(chart)] == [*range(10, 20)]
    assert [each["before"] for each in rows_of(chart)] == [*range(10)]
    assert bands(chart) == []


def test_counts_begin_at_zero_and_shares_where_they_are() -> None:
    many, share = trend([], points(0, 3), "a"), trend([], points(0, 3), "a", "b", percent)
    axes = [layer_of(chart, "circle")["encoding"]["y"] for chart in (many, share)]
    assert [axis["scale"]["zero"] for axis in axes] == [True, False]
    assert [axis["axis"]["format"] for axis in axes] == ["~s", ".1~%"]


def test_a_benchmark_is_a_line_of_its_own() -> None:
    chart = trend([], points(0, 3), "a", "b", percent, 0.05)
    rule = layer_of(chart, "rule")
    assert values_of(chart, rule) == [{"value": 0.05}]
    assert rule["encoding"]["y"]["field"] == "value"
    assert "rule" not in marks_of(trend([], points(0, 3), "a", "b", percent))


@a_few
@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 23), counts)))
def test_hours_have_a_cell_for_every_hour_of_the_week(
    found: Sequence[tuple[int, int, int]],
) -> None:
    chart = hours([{"day": day(a), "hour": hour, "searches": count} for a, hour, count in found])
    cells = {(cell["day"], cell["hour"]): cell for cell in rows_of(chart)}
    assert len(rows_of(chart)) == len(cells) == 168
    sums = dict.fromkeys(cells, 0)
    for number, hour, count in found:
        sums[f"{day(number):%a}", hour] += count
    most = max(sums.values())
    for place, cell in cells.items():
        assert cell["share"] == (sums[place] / most if most else 0)
        assert f": {sums[place]:,} search" in cell["label"]


def test_an_hour_says_when_it_is_and_how_many_searches_it_had() -> None:
    found = [
        {"day": day(0), "hour": 0, "searches": 1},
        {"day": day(6), "hour": 23, "searches": 700},
        {"day": day(13), "hour": 23, "searches": 300},
    ]
    texts = said(hours(found), "rect")
    assert "Mon 00:00 to 01:00: 1 search" in texts
    assert "Sun 23:00 to 24:00: 1,000 searches" in texts
    assert "Wed 09:00 to 10:00: 0 searches" in texts


def test_hours_are_in_the_order_of_the_week() -> None:
    axis = layer_of(hours([]), "rect")["encoding"]["y"]
    assert axis["sort"] == list(WEEKDAYS) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def test_all_layers_share_a_copy_of_the_values() -> None:
    values = [{"a": 1}]
    chart = framed([], values)
    values[0]["a"] = 2
    assert rows_of(chart) == [{"a": 1}]
    assert inline(values).to_dict()["values"] == [{"a": 2}]
