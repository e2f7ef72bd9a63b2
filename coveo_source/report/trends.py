"""Charts over time: measures by day or week, and searches by hour."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt

from .formats import number, percent, plural, short_day
from .looks import BEFORE, MARK, NOW, RULE, Drawing, Rows, framed, inline

Points = Sequence[tuple[date, date | None]]
"""Days, or Mondays of weeks, each with the one of the period before that it is compared with."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


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
        layers.append(chart.mark_line(color=colour, strokeWidth=size, aria=False))
    # a line needs two points; the circles of a longer one are seen when they are pointed at
    circle = chart.mark_circle(color=NOW, size=180, opacity=0 if len(days) > 1 else 1)
    layers.append(circle.encode(description=alt.Description("text:N")))
    if benchmark is not None:
        line = alt.Chart(inline([{"value": benchmark}]))
        layers.append(
            line.mark_rule(color=MARK, strokeDash=[5, 4], aria=False).encode(y=alt.Y("value:Q"))
        )
    return framed(layers, values)


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
        axis=alt.Axis(format="%-d %b", tickCount=6, grid=False),
    )


def _around(day: date) -> list[str]:
    return [f"{day - timedelta(days=1)}", f"{day + timedelta(days=1)}"]


def _value_axis(name: str, whole: str | None, text: Callable[[float], str]) -> alt.Y:
    style = "~s" if text is number else ".1~%" if text is percent else ".2~f"
    axis = alt.Axis(format=style, tickCount=4, domain=False, ticks=False)
    return alt.Y(f"{name}:Q", title=None, axis=axis, scale=alt.Scale(zero=whole is None))


def _weekends(days: Sequence[date]) -> alt.Chart:
    """Returns bands behind Saturdays and Sundays; there are none among the Mondays of weeks."""
    bands = [
        {"from": f"{day - timedelta(days=1)}T12:00:00Z", "to": f"{day}T12:00:00Z"}
        for day in days
        if day.weekday() > 4
    ]
    chart = alt.Chart(inline(bands)).mark_rect(color=RULE, opacity=0.6, clip=True, aria=False)
    start = alt.X("from:T", scale=alt.Scale(type="utc"), title=None)
    banded: alt.Chart = chart.encode(x=start, x2=alt.X2("to:T"))
    return banded


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
            f" {plural(count, 'search', 'searches')}",
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
        opacity=alt.Opacity(
            "share:Q", scale=alt.Scale(range=[0.06, 1], domain=[0, 1]), legend=None
        ),
        description=alt.Description("label:N"),
    )
    return framed([encoded], values)
