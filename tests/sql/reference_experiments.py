"""The measures of A/B tests, computed in Python from the rows of an export."""

from collections.abc import Sequence
from typing import Any

from coveo_source.model_settings import DEFAULTS, ModelSettings
from tests.sql.events import Rows, distinct, grouped, share
from tests.sql.intervals import ratio
from tests.sql.reference import Measures, Search, people, search_outcomes
from tests.sql.reference_clicks import added_ranks, added_up
from tests.sql.reference_totals import count_with

Pairs = Sequence[tuple[int, int]]
"""The numerator and denominator of each visitor."""


def ab_tests(rows: Rows, settings: ModelSettings = DEFAULTS) -> Measures:
    """Returns the measures of `ab_tests`, by week, test, pipeline and version."""
    searches = people(search_outcomes(rows, settings).values())
    tested = [search for search in searches if search["split_test_run_name"] is not None]
    groups = grouped(
        tested,
        lambda search: (
            search["week"],
            search["split_test_run_name"],
            search["query_pipeline"] or "",
            search["split_test_run_version"] or "",
        ),
    )
    mixed = mixed_visitors(tested)
    return {key: version(key, group, mixed) for key, group in groups.items()}


def visitor(search: Search) -> str:
    """Returns whoever saw the version."""
    ids = (search["visitor_id"], search["visit_id"], search["search_id"])
    return next(str(each) for each in ids if each is not None)


def in_test(search: Search) -> tuple[Any, ...]:
    """Returns a visitor of one test in one week."""
    return search["week"], search["split_test_run_name"], visitor(search)


def mixed_visitors(searches: list[Search]) -> set[tuple[Any, ...]]:
    """Returns the visitors who saw several versions of a test in a week."""
    seen = grouped(searches, in_test)
    versions = {key: {s["split_test_run_version"] or "" for s in seen[key]} for key in seen}
    return {key for key, several in versions.items() if len(several) > 1}


def version(
    key: tuple[Any, ...], searches: list[Search], mixed: set[tuple[Any, ...]]
) -> dict[str, Any]:
    """Returns the measures of one version in one week."""
    apart = [search for search in searches if in_test(search) in mixed]
    loyal = [search for search in searches if in_test(search) not in mixed]
    visitors = grouped(loyal, visitor).values()
    clicked = count_with(loyal, has_click=True)
    return {
        **dict(zip(("week", "test", "pipeline", "version"), key, strict=True)),
        "mixed_visitors": distinct(map(visitor, apart)),
        "mixed_searches": len(apart),
        "mixed_searches_with_clicks": count_with(apart, has_click=True),
        "visitors": len(visitors),
        "visits": distinct(search["visit_id"] for search in loyal),
        "searches": len(loyal),
        "searches_with_clicks": clicked,
        "search_clickthrough": share(clicked, len(loyal)),
        **added_up(loyal, "clicks"),
        **added_ranks(loyal),
        "searches_without_results": count_with(loyal, has_results=False),
        "successful_searches": count_with(loyal, is_successful=True),
        **clickthrough_of([(count_with(own, has_click=True), len(own)) for own in visitors]),
        **ranks_of(
            [
                (sums["click_rank_sum"], sums["ranked_clicks"])
                for sums in (added_up(own, "click_rank_sum", "ranked_clicks") for own in visitors)
            ]
        ),
    }


def clickthrough_of(pairs: Pairs) -> dict[str, Any]:
    """Returns the interval of the clickthrough, and the sums from which it can be made."""
    low, high = ratio(pairs) or (None, None)
    return {
        "searches_squared": sum(y * y for _, y in pairs),
        "clicked_squared": sum(x * x for x, _ in pairs),
        "searches_by_clicked": sum(x * y for x, y in pairs),
        "clickthrough_low": None if low is None else max(low, 0.0),
        "clickthrough_high": None if high is None else min(high, 1.0),
    }


def ranks_of(pairs: Pairs) -> dict[str, Any]:
    """Returns the interval of the average rank, and the sums from which it can be made."""
    low, high = ratio(pairs) or (None, None)
    return {
        "ranked_squared": sum(y * y for _, y in pairs),
        "rank_sum_squared": sum(x * x for x, _ in pairs),
        "ranked_by_rank_sum": sum(x * y for x, y in pairs),
        "rank_low": None if low is None else max(low, 1.0),
        "rank_high": None if high is None else max(high, 1.0),
    }
