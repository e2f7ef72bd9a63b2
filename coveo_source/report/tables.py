"""The tables of a report, from the rows of the queries."""

from collections.abc import Callable, Mapping
from typing import Any

from .formats import NBSP, decimal, number, percent, signed
from .intervals import Interval, count_interval, difference, mean_interval, rank_interval
from .parts import Cell, Source, Table, shortened
from .queries import Answer, Queries, Record

_BLANK = "(blank)"


def count(value: float) -> Cell:
    """Returns a cell with a number."""
    return Cell(number(value), value)


def text(value: str | None, blank: str = _BLANK) -> Cell:
    """Returns a cell with a text from the data."""
    return Cell(shortened(value) or blank)


def share(part: float, whole: float) -> Cell:
    """Returns a cell with a share; empty of nothing."""
    return Cell(percent(part / whole), part / whole) if whole else Cell("", -1)


def average(total: float, counted: float) -> Cell:
    """Returns a cell with an average; empty of nothing."""
    return Cell(decimal(total / counted), total / counted) if counted else Cell("", -1)


def grew(now: float, before: float) -> Cell:
    """Returns a cell with a change, grey if it may be chance."""
    change = difference(count_interval(now, now), count_interval(before, before))
    shown = f"{signed(100 * (now - before) / before, '.0f')}{NBSP}%" if before else "new"
    tone = "noise" if change is None or change.is_noise else "plain"
    return Cell(shown, now - before, tone)


def make_table(
    title: str,
    answer: Answer,
    columns: Mapping[str, Callable[[Record], Cell]],
    texts: int = 1,
    empty: str = "There is nothing to show.",
) -> Table:
    """Returns a table of an answer.

    columns: what each column shows of a row, by its title
    texts: how many of them, the first ones, are not numbers
    """
    rows = [[cell(row) for cell in columns.values()] for row in answer.rows]
    numbers = frozenset(range(texts, len(columns)))
    return Table(title, list(columns), rows, Source.of(answer), empty, numbers)


def top_queries(queries: Queries) -> Table:
    """Returns what people asked most."""
    columns: dict[str, Callable[[Record], Cell]] = {
        "Query": lambda row: text(row["query"]),
        "Visits": lambda row: count(row["visits"]),
        "Change": lambda row: grew(row["visits"], row["visits_before"]),
        "Found something": lambda row: share(row["visits_with_success"], row["visits"]),
        "No results": lambda row: share(row["visits_without_results"], row["visits"]),
        "Average rank": lambda row: average(row["click_rank_sum"], row["ranked_clicks"]),
    }
    if not queries.days.before:
        del columns["Change"]
    return make_table("Top queries", queries.ask("top_queries"), columns)


def rising_queries(queries: Queries) -> Table:
    """Returns what people ask more often than before, beyond chance."""
    return make_table(
        "Rising queries",
        queries.ask("rising_queries"),
        {
            "Query": lambda row: text(row["query"]),
            "Visits": lambda row: count(row["visits"]),
            "Before": lambda row: count(row["visits_before"]),
            "Change": lambda row: grew(row["visits"], row["visits_before"]),
            "Found something": lambda row: share(row["visits_with_success"], row["visits"]),
        },
        empty="No query was asked more often than before, beyond chance.",
    )


_GAPS = {
    "no results": "No results",
    "no success": "Nothing opened, no answer",
    "low ranks": "Opened far down",
}
_STATUS = {"new": ("New", 0), "open": ("Still open", 1), "closed": ("Closed", 2)}


def content_gaps(queries: Queries) -> Table:
    """Returns what people looked for and did not find: new, still open, and closed gaps."""
    return make_table(
        "Content gaps",
        queries.ask("content_gaps"),
        {
            "Query": lambda row: text(row["query"]),
            "Status": lambda row: Cell(*_STATUS[row["status"]], row["status"]),
            "Why": lambda row: Cell(_GAPS.get(row["gap"], row["gap"] or "")),
            "Weeks": lambda row: count(row["weeks"]),
            "Visits": lambda row: count(row["visits"]),
            "Not found": lambda row: count(row["visits_without_success"]),
            "Share": lambda row: share(row["visits_without_success"], row["visits"]),
        },
        texts=3,
        empty="No query that enough people asked was without success.",
    )


def documents(queries: Queries) -> Table:
    """Returns what people opened most."""
    return make_table(
        "Top documents",
        queries.ask("documents"),
        {
            "Document": lambda row: text(row["document_title"], "(without a title)"),
            "Source": lambda row: text(row["source_name"], ""),
            "Clicks": lambda row: count(row["clicks"]),
            "Visits": lambda row: count(row["visits"]),
            "Average rank": lambda row: average(row["click_rank_sum"], row["ranked_clicks"]),
        },
        texts=2,
    )


def cited_documents(queries: Queries) -> Table:
    """Returns the sources of generated answers that people opened."""
    return make_table(
        "Cited documents",
        queries.ask("cited_documents"),
        {
            "Document": lambda row: text(row["document_title"], "(never opened)"),
            "Source": lambda row: text(row["source_name"], ""),
            "Opened": lambda row: count(row["citations"]),
            "Visits": lambda row: count(row["visits"]),
            "Looked at": lambda row: count(row["citation_hovers"]),
        },
        texts=2,
        empty="No source of an answer was opened or looked at in more than one visit.",
    )


def facets(queries: Queries) -> Table:
    """Returns the facet values that people chose."""
    return make_table(
        "Facets",
        queries.ask("facets"),
        {
            "Facet": lambda row: text(row["facet"], ""),
            "Value": lambda row: text(row["value"], ""),
            "Chosen": lambda row: count(row["selections"]),
            "Visits": lambda row: count(row["visits"]),
            "Then clicked": lambda row: share(row["searches_with_clicks"], row["selections"]),
            "No results": lambda row: share(row["searches_without_results"], row["selections"]),
        },
        texts=2,
    )


def ab_tests(queries: Queries) -> Table:
    """Returns the versions of A/B tests, with intervals."""
    return make_table(
        "A/B tests",
        queries.ask("ab_tests"),
        {
            "Test": lambda row: text(row["test"], ""),
            "Pipeline": lambda row: text(row["pipeline"], "(unknown)"),
            "Version": lambda row: text(row["version"], "(unknown)"),
            "Visitors": lambda row: count(row["visitors"]),
            "Searches": lambda row: count(row["searches"]),
            "Clickthrough": lambda row: share(row["searches_with_clicks"], row["searches"]),
            "95 % interval": lambda row: _range(clickthrough_interval(row), percent, 0, 1),
            "Average rank": lambda row: average(row["click_rank_sum"], row["ranked_clicks"]),
            "95 % interval of the rank": lambda row: _range(rank_interval(row), decimal, 1),
        },
        texts=3,
        empty="No A/B test ran.",
    )


def clickthrough_interval(row: Mapping[str, Any]) -> Interval | None:
    """Returns the interval of a version's clickthrough, by the formula of the model `ab_tests`."""
    return mean_interval(
        row["searches_with_clicks"],
        row["searches"],
        row["visitors"],
        row["clicked_squared"],
        row["searches_squared"],
        row["searches_by_clicked"],
    )


def _range(
    interval: Interval | None,
    written: Callable[[float], str],
    least: float,
    most: float = float("inf"),
) -> Cell:
    if not interval:
        return Cell("", -1)
    low, high = max(interval.low, least), min(interval.high, most)
    return Cell(f"{written(low)} to {written(high)}", interval.low)
