"""Charts of how much there is of each: bars, most of them with the period before faint behind."""

from collections.abc import Iterable, Mapping

import altair as alt

from .formats import number, one_line, percent, plural
from .looks import BEFORE, NOW, TEXT, WIDTH, Drawing, Rows, framed

MOST_LETTERS = 26
"""Of a name beside a bar."""

BEYOND = 11
"""The rank that stands for all ranks beyond the tenth."""


def bars(
    rows: Iterable[tuple[str, float, str]], before: Mapping[str, float] | None = None
) -> Drawing:
    """Draws bars from top to bottom, each with its text, and faint ones of the period before.

    rows: name, value and text of each
    before: the value of the period before, by name
    """
    shown, former = list(rows), before or {}
    labels = _labels(name for name, _, _ in shown)
    values = [
        {
            "name": labels[name],
            "value": value,
            "text": text,
            "before": former.get(name, 0),
            "label": f"{one_line(name, 160)}: {text}",
        }
        for name, value, text in shown
    ]
    most = max([*(value for _, value, _ in shown), *former.values(), 1])
    y = alt.Y(
        "name:N",
        sort=list(labels.values()),
        title=None,
        axis=alt.Axis(domain=False, ticks=False, labelLimit=0),
        scale=alt.Scale(paddingInner=0.35),
    )
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, most * 1.5]))
    chart = alt.Chart().encode(y=y)
    faint = chart.mark_bar(color=BEFORE, height={"band": 1.4}, aria=False)
    bar = chart.mark_bar(color=NOW).encode(x=x, description=alt.Description("label:N"))
    texts = chart.mark_text(align="left", dx=6, color=TEXT, aria=False)
    layers = [bar, texts.encode(x=x, text=alt.Text("text:N"))]
    if former:
        layers.insert(0, faint.encode(x=alt.X("before:Q", axis=None)))
    return framed(layers, values, width=WIDTH - 100, height=26 * len(values))


def _labels(names: Iterable[str]) -> dict[str, str]:
    """Returns a label for each name, all different: what Vega cuts itself, it may cut amiss."""
    labels: dict[str, str] = {}
    for name in names:
        label = one_line(name, MOST_LETTERS)
        same = sum(one_line(other, MOST_LETTERS) == label for other in labels)
        labels[name] = f"{label} ({same + 1})" if same else label
    return labels


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
CASES = {
    "submitted": "Submitted",
    "solved": "Cancelled: solved",
    "quit": "Cancelled: another reason",
    "left": "Left without a word",
}


def outcomes(rows: Rows) -> Drawing:
    """Draws how the questions ended, with the shares of the period before faint behind."""
    return _ends(rows, "questions", OUTCOMES, as_shares=True)


def cases(rows: Rows) -> Drawing:
    """Draws how the visits that began a support case ended, and those of the period before."""
    return _ends(rows, "visits", CASES, as_shares=False)


def _ends(rows: Rows, column: str, words: Mapping[str, str], as_shares: bool) -> Drawing:
    """Draws how many there were of each outcome.

    as_shares: whether the period before is drawn as if it had as many in all
    """
    now, before = (
        {row["outcome"]: row[column] for row in rows if row["period"] == period}
        for period in ("now", "before")
    )
    total, total_before = sum(now.values()), sum(before.values())
    scale = total / total_before if as_shares and total_before else 1
    names = [name for name in dict.fromkeys([*words, *now, *before]) if {name} & {*now, *before}]
    texts = [
        (words.get(name, name), now.get(name, 0), _with_share(now.get(name, 0), total))
        for name in names
    ]
    return bars(texts, {words.get(name, name): scale * count for name, count in before.items()})


def ranks(rows: Rows) -> Drawing:
    """Draws the clicks on results by their rank."""
    total = sum(row["clicks"] for row in rows)
    values = [
        {
            "rank": (name := "> 10" if row["click_rank"] >= BEYOND else f"{row['click_rank']}"),
            "clicks": row["clicks"],
            "label": f"Rank {name}: {plural(row['clicks'], 'click')},"
            f" {percent(row['clicks'] / max(total, 1))}",
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
        shown.append((plural(len(rows) - most, "other"), rest))
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


def answers(rows: Rows) -> Drawing:
    """Draws for how many searches an answer was asked for, and what people did with it."""
    counts = rows[0] if rows else dict.fromkeys(ANSWERS, 0)
    wholes = {"asked": "asked", "given": "asked"}
    return bars(
        (title, counts[name], _with_share(counts[name], counts[wholes.get(name, "given")]))
        for name, title in ANSWERS.items()
    )


def _with_share(part: float, whole: float) -> str:
    return f"{number(part)} ({percent(part / whole)})" if whole else number(part)
