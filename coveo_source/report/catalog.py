"""Which charts and tables there are, for the page and for the notebook."""

from collections.abc import Callable
from typing import Any, NamedTuple

from . import bars
from .formats import decimal, percent
from .looks import Drawing, Rows
from .trends import Points, hours, trend

_WITHOUT_RESULTS = 0.05
"""Most of the searches that should be without results, as Coveo recommends."""


class ChartPlan(NamedTuple):
    """One chart.

    query: the one whose rows it draws
    draw: a function that makes it
    arguments: what it takes after the rows; of a trend, after its points
    """

    title: str
    query: str
    draw: Callable[..., Drawing]
    arguments: tuple[Any, ...] = ()

    @property
    def is_trend(self) -> bool:
        """True if it draws a measure over time."""
        return self.draw is trend

    def drawn(self, rows: Rows, points: Points) -> Drawing:
        """Returns the chart."""
        return self.draw(rows, *([points] if self.is_trend else []), *self.arguments)


def _trend(title: str, query: str, part: str, *more: Any) -> ChartPlan:
    return ChartPlan(title, query, trend, (part, *more))


TRENDS = (
    _trend("Searches", "searches_by_day", "searches"),
    _trend("Visits", "visits_by_day", "visits"),
    _trend("Visitors", "visits_by_day", "visitors"),
    _trend("Search clickthrough", "searches_by_day", "searches_with_clicks", "searches", percent),
    _trend("Visit clickthrough", "visits_by_day", "visits_with_clicks", "visits", percent),
    _trend("Average click rank", "searches_by_day", "click_rank_sum", "ranked_clicks", decimal),
    _trend(
        "Searches without results",
        "searches_by_day",
        *("searches_without_results", "searches", percent, _WITHOUT_RESULTS),
    ),
)
ANSWERED = _trend("Answered", "searches_by_day", "answered_searches", "searches", percent)
QUESTIONS = (
    ChartPlan("How far questions get", "questions", bars.funnel),
    ChartPlan("How questions end", "questions", bars.outcomes),
)
CLICKS = (
    ChartPlan("Clicks by rank", "clicks_by_rank", bars.ranks),
    ChartPlan("Clicks by source", "clicks_by_source", bars.sources),
    ChartPlan("Searches by hour", "searches_by_hour", hours),
)
ANSWERS = (ChartPlan("What became of answers", "generated_answers", bars.answers),)
CASES = (ChartPlan("How cases ended", "cases", bars.cases),)

ALL_CHARTS = (*TRENDS, ANSWERED, *QUESTIONS, *CLICKS, *ANSWERS, *CASES)

ALL_TABLES = {
    "Content gaps": "content_gaps",
    "Top queries": "top_queries",
    "Rising queries": "rising_queries",
    "Top documents": "documents",
    "Cited documents": "cited_documents",
    "Facets": "facets",
    "A/B tests": "ab_tests",
    "Newest exports": "exports",
}
"""The query of each table of the notebook, by its title."""
