from datetime import timedelta
from itertools import pairwise

import pytest

from coveo_source.demo import Traffic
from tests.demo.calls import DAY
from tests.demo.features.month import Month

CLOSING = ("parental leave policy", "offline mode")


def test_one_gap_closes_and_another_opens_within_thirty_days(month: Month) -> None:
    states = {}
    for query in CLOSING:
        found = sorted(
            (search["datetime"] or "", search["withResults"])
            for search in month.searches
            if search["queryExpression"] == query
        )
        changes = [value for (_, before), (_, value) in pairwise(found) if before != value]
        assert 2 <= len(changes) + 1 <= 4
        states[query] = changes
    assert {"t", "f"} <= {change for changes in states.values() for change in changes}


@pytest.mark.parametrize("start", range(0, 28, 7))
def test_at_any_time_one_of_the_two_pages_exists(start: int) -> None:
    traffic, first = Traffic(visits_per_day=2000), DAY + timedelta(days=start)
    found = {
        (search["queryExpression"], search["withResults"])
        for search in traffic.records("searches", first, first + timedelta(hours=24))
        if search["queryExpression"] in CLOSING
    }
    assert len(found) == 2
    assert {state for _, state in found} == {"t", "f"}


def test_a_page_that_exists_is_opened(month: Month) -> None:
    clicks = {click["searchId"] for click in month.clicks}
    found = [s for s in month.searches if s["queryExpression"] in CLOSING]
    assert any(search["id"] in clicks for search in found if search["withResults"] == "t")
    assert not any(search["id"] in clicks for search in found if search["withResults"] == "f")
