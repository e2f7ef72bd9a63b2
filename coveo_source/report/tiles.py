"""The tiles: one number each, and whether its change is more than chance."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .formats import NBSP, decimal, duration, number, percent, signed
from .intervals import Interval, count_interval, difference, rank_interval, share_interval
from .parts import Source, Tile
from .queries import Answer, Queries

_Record = Mapping[str, Any]


class _Measure(NamedTuple):
    """A measure that a tile shows.

    query: the query whose row of a period has it
    interval: reads it from such a row; None of nothing
    text: writes its value
    change: writes how much more, or less, it is than before, from both values
    better: 1 if more is better, -1 if less is, 0 if neither
    """

    label: str
    query: str
    definition: str
    interval: Callable[[_Record], Interval | None]
    text: Callable[[float], str]
    change: Callable[[float, float], str]
    better: int = 0


def _relative(change: float, before: float) -> str:
    return f"{signed(100 * change / before, '.0f')}{NBSP}%" if before else signed(change, ",.0f")


def _points(change: float, before: float) -> str:
    return f"{signed(100 * change, '.1f')}{NBSP}points"


def _absolute(change: float, before: float) -> str:
    return signed(change, ".2f")


def _seconds(change: float, before: float) -> str:
    return f"{signed(change / 1000, '.1f')}{NBSP}s"


def _count(name: str) -> Callable[[_Record], Interval | None]:
    return lambda row: count_interval(row[name], row[f"{name}_squared"])


def _share(part: str, whole: str, short: str) -> Callable[[_Record], Interval | None]:
    """Returns a reader of a share; short: what the columns with squares call the part."""
    return lambda row: share_interval(
        row[part],
        row[whole],
        row["visitors"],
        row[f"{short}_squared"],
        row[f"{whole}_squared"],
        row[f"{whole}_by_{short}"],
    )


def _visitors(row: _Record) -> Interval | None:
    return count_interval(row["visitors"], row["visitors"])


def _rank(row: _Record) -> Interval | None:
    """Returns the average rank; of a single visitor without a limit to what it may be by chance."""
    found = rank_interval(row)
    if found or not row["ranked_clicks"]:
        return found
    mean = row["click_rank_sum"] / row["ranked_clicks"]
    return Interval(mean, -float("inf"), float("inf"))


def _median(row: _Record) -> Interval | None:
    return Interval(row["median_ms"], row["low_ms"], row["high_ms"])


_MEASURES = (
    _Measure(
        "Searches",
        "search_measures",
        "Searches that people made: typed ones, refinements such as facets, and those of the page.",
        _count("searches"),
        number,
        _relative,
    ),
    _Measure(
        "Visits",
        "visit_measures",
        "Visits of people that began in the period. A visit ends after 30 minutes without events.",
        _count("visits"),
        number,
        _relative,
    ),
    _Measure(
        "Visitors",
        "visit_measures",
        "Browsers or devices with such a visit; a person with two of them counts twice.",
        _visitors,
        number,
        _relative,
    ),
    _Measure(
        "Search clickthrough",
        "search_measures",
        "Share of the searches of people with a click on a result. Facets and searches by the page"
        " count as searches, as in Coveo's reports.",
        _share("searches_with_clicks", "searches", "clicked"),
        percent,
        _points,
        better=1,
    ),
    _Measure(
        "Visit clickthrough",
        "visit_measures",
        "Share of the visits of people with a click on a result.",
        _share("visits_with_clicks", "visits", "clicked"),
        percent,
        _points,
        better=1,
    ),
    _Measure(
        "Average click rank",
        "search_measures",
        "Average rank of the clicks on results, from 1; lower is better. Sources of generated"
        " answers are left out, because their rank is always 1.",
        _rank,
        decimal,
        _absolute,
        better=-1,
    ),
    _Measure(
        "Without results",
        "search_measures",
        "Share of the searches of people without results; Coveo recommends at most 5 %.",
        _share("searches_without_results", "searches", "without"),
        percent,
        _points,
        better=-1,
    ),
    _Measure(
        "Median time to click",
        "time_to_click",
        "Half of the questions with a click on a result had it sooner. From the first search for a"
        " query to the first click.",
        _median,
        duration,
        _seconds,
        better=-1,
    ),
)

_ANSWERED = _Measure(
    "Answered",
    "search_measures",
    "Share of the searches of people for which a generated answer was given, and after which"
    " nothing was clicked.",
    _share("answered_searches", "searches", "answered"),
    percent,
    _points,
)


def make_tiles(queries: Queries) -> list[Tile]:
    """Returns the tiles; the one of answers only if there are answers."""
    is_compared = queries.days.before is not None
    answers = {measure.query: queries.ask(measure.query) for measure in _MEASURES}
    tiles = [_tile(measure, answers[measure.query], is_compared) for measure in _MEASURES]
    if any(row["searches_with_answers"] for row in answers["search_measures"].rows):
        tiles.append(_tile(_ANSWERED, answers["search_measures"], is_compared))
    return tiles


def _tile(measure: _Measure, answer: Answer, is_compared: bool) -> Tile:
    nothing = count_interval(0, 0) if measure.text is number else None
    found = {row["period"]: measure.interval(row) for row in answer.rows}
    now, before = (found.get(period, nothing) for period in ("now", "before"))
    source = Source.of(answer, measure.definition)
    value = measure.text(now.value) if now else "n/a"
    change = difference(now, before) if is_compared else None
    if not change or not before:
        return Tile(measure.label, value, "", "", "", source)
    return Tile(
        measure.label,
        value,
        measure.change(change.value, before.value),
        _tone(change, measure.better),
        _about(measure, change, before),
        source,
    )


def _tone(change: Interval, better: int) -> str:
    if change.is_noise:
        return "noise"
    return {0: "plain", 1: "good", -1: "bad"}[better * (1 if change.value > 0 else -1)]


def _about(measure: _Measure, change: Interval, before: Interval) -> str:
    chance = "so it may be chance" if change.is_noise else "so it is hardly chance"
    ends = [measure.change(end, before.value) for end in (change.low, change.high)]
    range_ = f"between {ends[0]} and {ends[1]}"
    if abs(change.low) == float("inf"):
        range_ = "anything, with a single visitor"
    return (
        f"{measure.text(before.value)} in the period before. The change is {range_} with a"
        f" confidence of 95 %, {chance}."
    )
