"""Charts of how much there is of each: bars, most of them with the period before faint behind."""

from collections.abc import Iterable, Mapping

import altair as alt

from .formats import number, percent, plural
from .looks import BEFORE, NOW, TEXT, WIDTH, Drawing, Rows, framed

BEYOND = 11
"""The rank that stands for all ranks beyond the tenth."""


def bars(
    rows: Iterable[tuple[str, float, str]], before: Mapping[str, float] | None = None
) -> Drawing:
    """Draws bars from top to bottom, each with its text, and faint ones of the period before.

    rows: name, value and text of each
    before: the value of the period before, by name
    """
    shown = list(rows)
    former = before or {}
    values = [
        {
            "name": name,
            "value": value,
            "text": text,
            "before": former.get(name, 0),
            "label": f"{name}: {text}",
        }
        for name, value, text in shown
    ]
    order = [name for name, _, _ in shown]
    most = max([*(value for _, value, _ in shown), *former.values(), 1])
    y = alt.Y(
        "name:N",
        sort=order,
        title=None,
        axis=alt.Axis(domain=False, ticks=False, labelLimit=180),
        scale=alt.Scale(paddingInner=0.35),
    )
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, most * 1.5]))
    chart = alt.Chart().encode(y=y)
    faint = chart.mark_bar(color=BEFORE, height={"band": 1.4}, aria=False).encode(
        x=alt.X("before:Q", axis=None)
    )
    bar = chart.mark_bar(color=NOW).encode(x=x, description=alt.Description("label:N"))
    texts = chart.mark_text(align="left", dx=6, color=TEXT, aria=False).encode(
        x=x, text=alt.Text("text:N")
    )
    layers = [faint, bar, texts] if former else [bar, texts]
    return framed(layers, values, width=WIDTH - 100, height=26 * len(values))


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
            "label": f"Rank {name}: {plural(row['clicks'], 'click')},"
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
    return framed([chart], values)


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
