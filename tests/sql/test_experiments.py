"""A/B tests: measures per visitor, with intervals, and mixed visitors apart."""

from datetime import date

import pytest

from tests.sql.edge_searches import experiment_search
from tests.sql.event_rows import click
from tests.sql.warehouse import Rows, rows_of, warehouse

A_AND_B = [
    experiment_search("ann 1", 3, "Ranking", "A"),
    experiment_search("bea 1", 3, "Ranking", "B"),
]


def versions(rows: Rows, columns: str) -> list[tuple[object, ...]]:
    """Returns some columns of the versions of a test, by week and version."""
    sql = f"select {columns} from ab_tests order by week, test, pipeline, version"
    return rows_of(warehouse(rows), sql)


def clicks_on(*keys: str, rank: str = "1") -> Rows:
    """Returns a click on each of some searches."""
    return {
        "clicks": [click(f"on {key}", "2026-03-03 13:00:00", key, clickRank=rank) for key in keys]
    }


def test_the_interval_is_that_of_a_ratio_over_visitors() -> None:
    # searches 2, 1, 3 and clicks 1, 0, 2: residuals 0, -0.5, 0.5 around 0.5, so the standard error
    # is sqrt(3 / 2 * 0.5) / 6 = 0.1443
    searches = [
        experiment_search(f"{name} {n}", 3, "Ranking", "A")
        for name, size in (("ann", 2), ("bea", 1), ("cai", 3))
        for n in range(size)
    ]
    rows = {"searches": searches, **clicks_on("ann 0", "cai 0", "cai 1")}
    columns = "search_clickthrough, clickthrough_low, clickthrough_high"
    [(middle, low, high)] = versions(rows, columns)
    assert (middle, low, high) == (
        0.5,
        pytest.approx(0.2171, abs=1e-4),
        pytest.approx(0.7829, 1e-4),
    )
    columns = "visitors, searches_squared, clicked_squared, searches_by_clicked"
    assert versions(rows, columns) == [(3, 14, 5, 8)]


def test_with_one_search_each_the_interval_is_the_textbook_s() -> None:
    # 40 of 101: sqrt(0.396 * 0.604 / 100) = 0.0489
    names = [f"visitor{n}" for n in range(101)]
    rows = {
        "searches": [experiment_search(f"{name} 1", 3, "Ranking", "A") for name in names],
        **clicks_on(*(f"{name} 1" for name in names[:40])),
    }
    [(low, high)] = versions(rows, "clickthrough_low, clickthrough_high")
    assert (low, high) == (pytest.approx(0.3002, abs=1e-4), pytest.approx(0.4919, abs=1e-4))


def test_the_interval_of_the_rank_is_over_visitors_too() -> None:
    # rank sums 1, 8 of 1, 2 clicks: around 3 the residuals are -2 and 2, so the standard error is
    # sqrt(2 * 8) / 3 = 1.333
    searches = [experiment_search(key, 3, "Ranking", "A") for key in ("ann 1", "bea 1", "bea 2")]
    clicks = [*clicks_on("ann 1")["clicks"], *clicks_on("bea 1", "bea 2", rank="4")["clicks"]]
    columns = "average_click_rank, rank_low, rank_high, ranked_squared, rank_sum_squared"
    [(average, low, high, *sums)] = versions(
        {"searches": searches, "clicks": clicks}, f"{columns}, ranked_by_rank_sum"
    )
    assert (average, low, high) == (3.0, 1.0, pytest.approx(3 + 1.96 * 4 / 3))
    assert sums == [5, 65, 17]


def test_one_visitor_has_no_interval() -> None:
    columns = "visitors, search_clickthrough, clickthrough_low, clickthrough_high, rank_low"
    rows = {"searches": A_AND_B[:1], **clicks_on("ann 1")}
    assert versions(rows, columns) == [(1, 1.0, None, None, None)]


def test_bounds_are_within_what_is_possible() -> None:
    searches = [experiment_search(f"{name} 1", 3, "Ranking", "A") for name in ("ann", "bea")]
    rows = {"searches": searches, **clicks_on("ann 1")}
    assert versions(rows, "clickthrough_low, clickthrough_high, rank_low, rank_high") == [
        (0.0, 1.0, 1.0, 1.0)
    ]


def test_visitors_who_saw_both_versions_in_a_week_are_counted_apart() -> None:
    mixed = [
        experiment_search("mix 1", 4, "Ranking", "A"),
        experiment_search("mix 2", 5, "Ranking", "B"),
    ]
    next_week = [experiment_search("mix 3", 9, "Ranking", "B")]
    rows = {"searches": [*A_AND_B, *mixed, *next_week], **clicks_on("mix 1", "ann 1")}
    columns = "week, version, visitors, searches, searches_with_clicks, clicks"
    counts = "mixed_visitors, mixed_searches, mixed_searches_with_clicks"
    assert versions(rows, f"{columns}, {counts}") == [
        (date(2026, 3, 2), "A", 1, 1, 1, 1, 1, 1, 1),
        (date(2026, 3, 2), "B", 1, 1, 0, 0, 1, 1, 0),
        (date(2026, 3, 9), "B", 1, 1, 0, 0, 0, 0, 0),
    ]


def test_a_visitor_of_another_test_or_of_two_pipelines_is_not_mixed() -> None:
    rows = {
        "searches": [
            experiment_search("ann 1", 3, "Ranking", "A"),
            experiment_search("ann 2", 3, "Other", "B"),
            experiment_search("ann 3", 3, "Ranking", "A", queryPipeline=None),
        ]
    }
    assert versions(rows, "test, pipeline, version, visitors, mixed_visitors") == [
        ("Other", "default", "B", 1, 0),
        ("Ranking", "", "A", 1, 0),
        ("Ranking", "default", "A", 1, 0),
    ]


def test_a_visitor_without_an_id_is_known_by_the_visit_or_counts_as_new() -> None:
    nobody: dict[str, str | None] = {"visitorId": None}
    rows = {
        "searches": [
            *(
                experiment_search(f"x {n}", 3, "Ranking", "A", visitId="one", **nobody)
                for n in range(2)
            ),
            *(
                experiment_search(f"y {n}", 3, "Ranking", "A", visitId=None, **nobody)
                for n in range(2)
            ),
            experiment_search("z 1", 3, "Ranking", "A", clientId="client", **nobody),
        ]
    }
    assert versions(rows, "visitors, visits, searches, searches_squared") == [(4, 2, 5, 7)]


def test_robots_internal_traffic_and_searches_outside_of_tests_are_left_out() -> None:
    rows = {
        "searches": [
            experiment_search("ann 1", 3, "Ranking", "A"),
            experiment_search("bot 1", 3, "Ranking", "A", deviceCategory="Bot"),
            experiment_search("sam 1", 3, "Ranking", "A", isInternal="t"),
            experiment_search("bea 1", 3, "Ranking", "A", splitTestRunName=None),
        ]
    }
    assert versions(rows, "searches") == [(1,)]
