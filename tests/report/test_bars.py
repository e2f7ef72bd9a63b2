"""What charts of bars contain, in which order, and what their marks say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.report import bars
from coveo_source.report.formats import NBSP
from coveo_source.report.looks import Drawing
from tests.report.drawings import a_few, layer_of, marks_of, rows_of, said, specification

names = st.sampled_from([*bars.OUTCOMES, "something_new"])
counts = st.integers(1, 10**6)


def plain(text: str) -> str:
    return text.replace(NBSP, " ")


def shown(chart: Drawing) -> list[tuple[str, Any, str]]:
    """Returns the bars from top to bottom: name, value and text."""
    order = layer_of(chart, "bar", "value")["encoding"]["y"]["sort"]
    rows = {row["name"]: row for row in rows_of(chart)}
    assert len(rows) == len(order) == len(rows_of(chart))
    return [(name, rows[name]["value"], plain(rows[name]["text"])) for name in order]


def former(chart: Drawing) -> dict[str, float]:
    return {row["name"]: row["before"] for row in rows_of(chart)}


def ends(kind: str, now: dict[str, int], before: dict[str, int]) -> list[dict[str, Any]]:
    """Returns rows of how something ended in both periods; kind: of what is counted."""
    return [
        {"period": period, "outcome": outcome, kind: count}
        for period, found in (("now", now), ("before", before))
        for outcome, count in found.items()
    ]


def test_bars_are_in_the_given_order_with_their_texts_and_labels() -> None:
    chart = bars.bars([("b", 2, "two"), ("a", 9, "nine")])
    assert shown(chart) == [("b", 2, "two"), ("a", 9, "nine")]
    assert said_of_bars(chart) == ["b: two", "a: nine"]
    assert layer_of(chart, "text")["encoding"]["text"]["field"] == "text"
    assert marks_of(chart) == ["bar", "text"]


def said_of_bars(chart: Drawing) -> list[str]:
    field = layer_of(chart, "bar", "value")["encoding"]["description"]["field"]
    return [plain(row[field]) for row in rows_of(chart)]


def test_faint_bars_of_the_period_before_are_behind_the_others() -> None:
    chart = bars.bars([("a", 9, "nine"), ("b", 2, "two")], {"a": 12})
    assert former(chart) == {"a": 12, "b": 0}
    assert marks_of(chart) == ["bar", "bar", "text"]
    faint = specification(chart)["layer"][0]
    assert faint["encoding"]["x"]["field"] == "before"


@a_few
@given(
    st.dictionaries(st.text(), st.floats(0, 1e9), max_size=6),
    st.dictionaries(st.text(), st.floats(0, 1e9), max_size=6),
)
def test_every_bar_and_its_text_find_room(now: dict[str, float], before: dict[str, float]) -> None:
    chart = bars.bars(((name, value, "") for name, value in now.items()), before)
    low, high = layer_of(chart, "bar", "value")["encoding"]["x"]["scale"]["domain"]
    longest = max([*now.values(), *before.values(), 0])
    assert low == 0
    assert high > longest
    assert high >= 1.5 * longest
    assert specification(chart)["height"] == 26 * len(now)


def test_a_funnel_gets_narrower_and_has_shares_of_what_was_asked() -> None:
    now = {"clicked": 30, "answered": 10, "refined": 20, "no_results": 20, "abandoned": 20}
    chart = bars.funnel(ends("questions", now, {}))
    assert shown(chart) == [
        ("Asked", 100, "100 (100.0 %)"),
        ("Saw results", 80, "80 (80.0 %)"),
        ("Found something", 40, "40 (40.0 %)"),
    ]
    assert marks_of(chart) == ["bar", "text"]


def test_a_funnel_has_the_shares_of_the_period_before_at_its_own_scale() -> None:
    before = {"clicked": 5, "abandoned": 30, "no_results": 15}
    chart = bars.funnel(ends("questions", {"clicked": 100}, before))
    assert former(chart) == pytest.approx({"Asked": 100, "Saw results": 70, "Found something": 10})


@pytest.mark.parametrize("now", [{}, {"clicked": 0}])
@pytest.mark.parametrize("before", [{}, {"clicked": 0}, {"clicked": 7}])
def test_a_funnel_of_nothing_has_no_shares(now: dict[str, int], before: dict[str, int]) -> None:
    texts = [text for _, _, text in shown(bars.funnel(ends("questions", now, before)))]
    assert texts == ["0", "0", "0"]


@a_few
@given(st.dictionaries(names, counts), st.dictionaries(names, counts))
def test_ends_of_questions_add_up_and_have_an_order_that_does_not_change(
    now: dict[str, int], before: dict[str, int]
) -> None:
    chart = bars.outcomes(ends("questions", now, before))
    found = shown(chart)
    assert sum(value for _, value, _ in found) == sum(now.values())
    order = [*bars.OUTCOMES.values(), "something_new"]
    places = [order.index(name) for name, _, _ in found]
    assert places == sorted(places)
    for name, value, text in found:
        asked = sum(now.values())
        assert text == (f"{value:,} ({value / asked:.1%})".replace("%", " %") if asked else "0")
        assert former(chart)[name] >= 0


def test_ends_of_questions_have_the_shares_of_the_period_before_at_its_own_scale() -> None:
    chart = bars.outcomes(ends("questions", {"clicked": 10}, {"clicked": 30, "abandoned": 10}))
    assert shown(chart) == [("Opened something", 10, "10 (100.0 %)"), ("Gave up", 0, "0 (0.0 %)")]
    assert former(chart) == pytest.approx({"Opened something": 7.5, "Gave up": 2.5})


def test_an_end_that_nobody_knows_yet_is_shown_by_its_own_name() -> None:
    chart = bars.outcomes(ends("questions", {"something_new": 1, "clicked": 1}, {}))
    assert [name for name, _, _ in shown(chart)] == ["Opened something", "something_new"]
    chart = bars.cases(ends("visits", {"something_new": 1, "left": 1}, {}))
    assert [name for name, _, _ in shown(chart)] == ["Left without a word", "something_new"]


def test_ends_of_cases_have_the_counts_of_the_period_before() -> None:
    now, before = {"left": 3, "submitted": 1}, {"submitted": 40, "solved": 10}
    chart = bars.cases(ends("visits", now, before))
    assert shown(chart) == [
        ("Submitted", 1, "1 (25.0 %)"),
        ("Cancelled: solved", 0, "0 (0.0 %)"),
        ("Left without a word", 3, "3 (75.0 %)"),
    ]
    assert former(chart) == {"Submitted": 40, "Cancelled: solved": 10, "Left without a word": 0}


def test_clicks_beyond_the_tenth_rank_are_one_bar_at_the_end() -> None:
    rows = [{"click_rank": 11, "clicks": 50}, {"click_rank": 1, "clicks": 1950}]
    chart = bars.ranks(rows)
    assert [(row["rank"], row["clicks"]) for row in rows_of(chart)] == [("> 10", 50), ("1", 1950)]
    assert [plain(text) for text in said(chart, "bar")] == [
        "Rank > 10: 50 clicks, 2.5 %",
        "Rank 1: 1,950 clicks, 97.5 %",
    ]


def test_all_ranks_have_a_place_whether_or_not_they_were_clicked() -> None:
    chart = bars.ranks([{"click_rank": 10, "clicks": 2}])
    order = [*(str(rank) for rank in range(1, 11)), "> 10"]
    axis = layer_of(chart, "bar")["encoding"]["x"]
    assert axis["sort"] == axis["scale"]["domain"] == order
    assert rows_of(chart)[0]["rank"] == "10"


@pytest.mark.parametrize("number", [1, 10, 12, 40])
def test_smaller_sources_are_added_up(number: int) -> None:
    rows = [{"source_name": f"S{place}", "clicks": 100 - place} for place in range(number)]
    found = shown(bars.sources(rows))
    assert sum(value for _, value, _ in found) == sum(100 - place for place in range(number))
    assert [name for name, _, _ in found[:10]] == [f"S{place}" for place in range(min(number, 10))]
    assert [name for name, _, _ in found[10:]] == ([f"{number - 10} others"] * (number > 10))


def test_a_source_has_its_share_and_may_be_unknown() -> None:
    rows = [{"source_name": "", "clicks": 3}, {"source_name": "Docs", "clicks": 1}]
    assert shown(bars.sources(rows)) == [("(unknown)", 3, "3 (75.0 %)"), ("Docs", 1, "1 (25.0 %)")]
    assert shown(bars.sources([{"source_name": None, "clicks": 0}])) == [("(unknown)", 0, "0")]


def test_answers_are_shares_of_those_asked_for_and_reactions_of_those_given() -> None:
    row = dict.fromkeys(bars.ANSWERS, 0) | {"asked": 200, "given": 50, "liked": 5}
    found = {name: text for name, _, text in shown(bars.answers([row]))}
    assert list(found) == list(bars.ANSWERS.values())
    assert (found["Asked for"], found["Given"]) == ("200 (100.0 %)", "50 (25.0 %)")
    assert (found["Liked"], found["Disliked"]) == ("5 (10.0 %)", "0 (0.0 %)")


def test_answers_of_which_none_was_given_have_no_shares() -> None:
    row = dict.fromkeys(bars.ANSWERS, 0) | {"asked": 4}
    found = {name: text for name, _, text in shown(bars.answers([row]))}
    assert (found["Given"], found["Liked"]) == ("0 (0.0 %)", "0")


def test_without_rows_there_are_no_bars() -> None:
    assert [rows_of(draw([])) for draw in (bars.outcomes, bars.cases, bars.ranks)] == [[]] * 3
    assert rows_of(bars.sources([])) == []
