"""The charts, from the rows of the queries: Vega-Lite, by Altair.

The notebook has this module as it is, so nothing here knows the page. Every mark that can be pointed
at has a description, which says its values in words.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt

from .formats import number, percent, short_day

Rows = Sequence[Mapping[str, Any]]
Drawing = alt.LayerChart
Points = Sequence[tuple[date, date | None]]
"""Days, or Mondays of weeks, each with the one of the period before that it is compared with."""

NOW, BEFORE, TEXT, RULE, MARK = "#2a6fb8", "#a9b6c6", "#55606e", "#dfe4ea", "#c2571a"
"""Colours; the page replaces them by those of its light or dark theme."""

WIDTH, HEIGHT = 340, 140
"""Of a chart, in pixels; the page scales it to the room that there is."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BEYOND = 11
"""The rank that stands for all ranks beyond the tenth."""


def trend(
    rows: Rows,
    points: Points,
    part: str,
    whole: str | None = None,
    text: Callable[[float], str] = number,
    benchmark: float | None = None,
) -> Drawing:
    """Draws a measure over time, with the period before it faint behind.

    part, whole: the column to show, and the one to divide it by
    benchmark: a value to draw a line at
    """
    by_day = {row["day"]: row for row in rows}
    values = [_compared(by_day, point, part, whole, text) for point in points]
    days = [day for day, _ in points]
    layers: list[alt.Chart] = [_weekends(days)]
    for name, colour, size in (("before", BEFORE, 1.5), ("now", NOW, 2.25)):
        chart = alt.Chart().encode(x=_day_axis(days), y=_value_axis(name, whole, text))
        layers.append(chart.mark_line(color=colour, strokeWidth=size))
    # a line needs two points; the circles of a longer one are seen when they are pointed at
    circle = chart.mark_circle(color=NOW, size=180, opacity=0 if len(days) > 1 else 1)
    layers.append(circle.encode(description=alt.Description("text:N")))
    if benchmark is not None:
        line = alt.Chart(alt.Data(values=[{"value": benchmark}]))
        layers.append(line.mark_rule(color=MARK, strokeDash=[5, 4]).encode(y=alt.Y("value:Q")))
    return _framed(layers, values)


def _compared(
    by_day: Mapping[date, Mapping[str, Any]],
    point: tuple[date, date | None],
    part: str,
    whole: str | None,
    text: Callable[[float], str],
) -> dict[str, Any]:
    """Returns one point of a trend: its day, both values, and both in words."""
    day, then = point
    now = _value(by_day.get(day), part, whole)
    before = _value(by_day.get(then), part, whole) if then else None
    words = "nothing" if now is None else text(now)
    former = f" (before, {short_day(then)}: {text(before)})" if then and before is not None else ""
    return {
        "day": f"{day}",
        "now": now,
        "before": before,
        "text": f"{short_day(day)}: {words}{former}",
    }


def _value(row: Mapping[str, Any] | None, part: str, whole: str | None) -> float | None:
    """Returns a measure of a day; None of a share of nothing."""
    if whole is None:
        return float(row[part]) if row else 0.0
    return row[part] / row[whole] if row and row[whole] else None


def _day_axis(days: Sequence[date]) -> alt.X:
    ends = [f"{days[0]}", f"{days[-1]}"] if len(days) > 1 else _around(days[0])
    return alt.X(
        "day:T",
        title=None,
        scale=alt.Scale(type="utc", domain=ends, padding=6),
        axis=alt.Axis(format="%-d %b", tickCount=6, grid=False, labelFlush=True),
    )


def _around(day: date) -> list[str]:
    return [f"{day - timedelta(days=1)}", f"{day + timedelta(days=1)}"]


def _value_axis(name: str, whole: str | None, text: Callable[[float], str]) -> alt.Y:
    style = {number: "~s", percent: ".0%"}.get(text, ".1f")
    axis = alt.Axis(format=style, tickCount=4, domain=False, ticks=False)
    return alt.Y(f"{name}:Q", title=None, axis=axis, scale=alt.Scale(zero=whole is None))


def _weekends(days: Sequence[date]) -> alt.Chart:
    """Returns bands behind Saturdays and Sundays; none behind weeks."""
    is_daily = len(days) < 2 or days[1] - days[0] == timedelta(days=1)
    bands = [
        {"from": f"{day - timedelta(days=1)}T12:00:00Z", "to": f"{day}T12:00:00Z"}
        for day in days
        if is_daily and day.weekday() > 4
    ]
    chart = alt.Chart(alt.Data(values=bands)).mark_rect(color=RULE, opacity=0.6, clip=True)
    utc = alt.Scale(type="utc")
    return chart.encode(x=alt.X("from:T", scale=utc, title=None), x2=alt.X2("to:T"))


def bars(
    rows: Iterable[tuple[str, float, str]],
    before: Mapping[str, float] | None = None,
    colour: str = NOW,
) -> Drawing:
    """Draws bars from top to bottom, each with its text, and faint ones of the period before.

    rows: name, value and text of each
    before: the value of the period before, by name
    """
    values = [
        {
            "name": name,
            "value": value,
            "text": text,
            "before": (before or {}).get(name, 0),
            "label": f"{name}: {text}",
        }
        for name, value, text in rows
    ]
    order = [each["name"] for each in values]
    most = max([*(each["value"] for each in values), *(before or {}).values(), 1])
    y = alt.Y(
        "name:N",
        sort=order,
        title=None,
        axis=alt.Axis(domain=False, ticks=False, labelLimit=180),
        scale=alt.Scale(paddingInner=0.35),
    )
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, most * 1.5]))
    chart = alt.Chart().encode(y=y)
    faint = chart.mark_bar(color=BEFORE, height={"band": 1.4}).encode(
        x=alt.X("before:Q", axis=None)
    )
    bar = chart.mark_bar(color=colour).encode(x=x, description=alt.Description("label:N"))
    texts = chart.mark_text(align="left", dx=6, color=TEXT).encode(x=x, text=alt.Text("text:N"))
    layers = [faint, bar, texts] if before else [bar, texts]
    return _framed(layers, values, width=WIDTH - 100, height=26 * len(values))


def funnel(rows: Rows) -> Drawing:
    """Draws how many questions got how far, with the shares of the period before behind."""
    now, before = (_questions(rows, period) for period in ("now", "before"))
    asked = now[0][1]
    texts = [(name, value, _with_share(value, asked)) for name, value in now]
    scale = asked / before[0][1] if before[0][1] else 0
    return bars(texts, {name: value * scale for name, value in before} if scale else None)


def _questions(rows: Rows, period: str) -> list[tuple[str, int]]:
    counts = {row["outcome"]: row["questions"] for row in rows if row["period"] == period}
    asked = sum(counts.values())
    return [
        ("Asked", asked),
        ("Saw results", asked - counts.get("no_results", 0)),
        ("Found something", counts.get("clicked", 0) + counts.get("answered", 0)),
    ]


OUTCOMES = {
    "clicked": "Opened something",
    "answered": "Got an answer",
    "refined": "Asked something else",
    "no_results": "No results",
    "abandoned": "Gave up",
}


def outcomes(rows: Rows) -> Drawing:
    """Draws how the questions ended, with the shares of the period before faint behind."""
    counts = {
        period: {row["outcome"]: row["questions"] for row in rows if row["period"] == period}
        for period in ("now", "before")
    }
    asked, asked_before = (sum(each.values()) for each in counts.values())
    names = [*OUTCOMES, *(name for name in counts["now"] if name not in OUTCOMES)]
    texts = [
        (OUTCOMES.get(name, name), value, _with_share(value, asked))
        for name in names
        if (value := counts["now"].get(name, 0)) or name in counts["before"]
    ]
    former = {
        OUTCOMES.get(name, name): asked * value / asked_before
        for name, value in counts["before"].items()
    }
    return bars(texts, former or None)


def ranks(rows: Rows) -> Drawing:
    """Draws the clicks on results by their rank."""
    total = sum(row["clicks"] for row in rows)
    values = [
        {
            "rank": (name := "> 10" if row["click_rank"] >= BEYOND else f"{row['click_rank']}"),
            "clicks": row["clicks"],
            "label": f"Rank {name}: {number(row['clicks'])} clicks,"
            f" {percent(row['clicks'] / total)}",
        }
        for row in rows
    ]
    order = [*(f"{rank}" for rank in range(1, BEYOND)), "> 10"]
    x = alt.X(
        "rank:N",
        sort=order,
        title="rank",
        scale=alt.Scale(domain=order, paddingInner=0.25),
        axis=alt.Axis(labelAngle=0, ticks=False),
    )
    axis = alt.Axis(format="~s", tickCount=4, domain=False, ticks=False)
    y = alt.Y("clicks:Q", title=None, axis=axis)
    chart = alt.Chart().mark_bar(color=NOW).encode(x=x, y=y, description=alt.Description("label:N"))
    return _framed([chart], values)


def hours(rows: Rows) -> Drawing:
    """Draws the searches by weekday and hour, added up over all weeks."""
    counts = dict.fromkeys(((day, hour) for day in range(7) for hour in range(24)), 0)
    for row in rows:
        counts[row["day"].weekday(), row["hour"]] += row["searches"]
    most = max(*counts.values(), 1)
    values = [
        {
            "day": WEEKDAYS[day],
            "hour": hour,
            "share": count / most,
            "label": f"{WEEKDAYS[day]} {hour:02}:00 to {hour + 1:02}:00:"
            f" {number(count)} {'search' if count == 1 else 'searches'}",
        }
        for (day, hour), count in counts.items()
    ]
    even = alt.Axis(labelAngle=0, values=[*range(0, 24, 3)], ticks=False, domain=False)
    gaps = alt.Scale(paddingInner=0.12)
    chart = alt.Chart().mark_rect(color=NOW, cornerRadius=2)
    encoded = chart.encode(
        x=alt.X("hour:O", title=None, axis=even, scale=gaps),
        y=alt.Y(
            "day:N",
            sort=[*WEEKDAYS],
            title=None,
            axis=alt.Axis(ticks=False, domain=False),
            scale=gaps,
        ),
        # by opacity, so that it fits a light and a dark page
        opacity=alt.Opacity("share:Q", scale=alt.Scale(range=[0.06, 1], domain=[0, 1]), legend=None),
        description=alt.Description("label:N"),
    )
    return _framed([encoded], values)


def sources(rows: Rows, most: int = 10) -> Drawing:
    """Draws the clicks on results by the source of the content; the smaller ones together."""
    total = sum(row["clicks"] for row in rows)
    shown = [(row["source_name"] or "(unknown)", row["clicks"]) for row in rows[:most]]
    if rest := sum(row["clicks"] for row in rows[most:]):
        shown.append((f"{len(rows) - most} others", rest))
    return bars((name, clicks, _with_share(clicks, total)) for name, clicks in shown)


ANSWERS = {
    "asked": "Asked for",
    "given": "Given",
    "opened_source": "Source opened",
    "hovered_source": "Source looked at",
    "copied": "Copied",
    "liked": "Liked",
    "disliked": "Disliked",
    "with_feedback": "Feedback sent",
}
CASES = {
    "submitted": "Submitted",
    "solved": "Cancelled: solved",
    "quit": "Cancelled: another reason",
    "left": "Left without a word",
}


def answers(rows: Rows) -> Drawing:
    """Draws for how many searches an answer was asked for, and what people did with it."""
    row = rows[0]
    shares = {"asked": "asked", "given": "asked"}
    return bars(
        (title, row[name], _with_share(row[name], row[shares.get(name, "given")]))
        for name, title in ANSWERS.items()
    )


def cases(rows: Rows) -> Drawing:
    """Draws how the visits that began a support case ended, and those of the period before."""
    counts = {
        period: {row["outcome"]: row["visits"] for row in rows if row["period"] == period}
        for period in ("now", "before")
    }
    begun = sum(counts["now"].values())
    names = [*CASES, *(name for name in counts["now"] if name not in CASES)]
    texts = [
        (CASES.get(name, name), visits, _with_share(visits, begun))
        for name in names
        if (visits := counts["now"].get(name, 0)) or name in counts["before"]
    ]
    return bars(texts, {CASES.get(name, name): each for name, each in counts["before"].items()})


def _with_share(part: float, whole: float) -> str:
    return f"{number(part)} ({percent(part / whole)})" if whole else number(part)


def _framed(
    layers: Sequence[alt.Chart],
    values: Sequence[Mapping[str, Any]],
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Drawing:
    """Returns layers over the same values as one chart, in the looks that all have in common."""
    return alt.layer(
        *layers,
        data=alt.Data(values=list(values)),
        width=width,
        height=height,
        # other fonts than those that Vega knows are wider
        padding={"left": 16, "right": 12, "top": 5, "bottom": 5},
        background="transparent",
        config=alt.Config(
            axis=alt.AxisConfig(
                labelColor=TEXT,
                titleColor=TEXT,
                titleFontWeight="normal",
                gridColor=RULE,
                domainColor=RULE,
                tickColor=RULE,
                labelFontSize=12,
                titleFontSize=12,
                labelPadding=5,
            ),
            view=alt.ViewConfig(stroke=None),
            text=alt.MarkConfig(fontSize=12),
        ),
    )
