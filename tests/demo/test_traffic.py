import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, pairwise

import pytest

from coveo_source.demo import COLUMNS, LONGEST_DELAY, Record, Row, Traffic
from coveo_source.demo.visits import Visit
from coveo_source.tables import EVENT_TABLES, TABLES
from tests.demo.calls import DAY

WEEK = timedelta(days=7)
TRAFFIC = Traffic(visits_per_day=300)
MIDNIGHT = DAY + timedelta(days=1)


def rows(traffic: Traffic, table: str, start: datetime, end: datetime) -> list[Row]:
    return list(traffic.rows(table, start, end))


@pytest.fixture(scope="module")
def week() -> dict[str, list[Record]]:
    return {table: list(TRAFFIC.records(table, DAY, DAY + WEEK)) for table in TABLES}


@pytest.mark.parametrize("table", TABLES)
def test_a_range_holds_the_same_rows_however_it_is_split(table: str) -> None:
    whole = rows(TRAFFIC, table, DAY, DAY + timedelta(days=2))
    edges = [DAY, DAY + timedelta(hours=7, milliseconds=1), MIDNIGHT, DAY + timedelta(days=2)]
    parts = [rows(TRAFFIC, table, *pair) for pair in pairwise(edges)]
    assert Counter(whole) == Counter(chain.from_iterable(parts))


def test_another_seed_gives_other_events() -> None:
    first, again, other = (rows(Traffic(seed), "searches", DAY, MIDNIGHT) for seed in (1, 1, 2))
    assert first == again
    assert not set(first) & set(other)


def test_a_visit_that_crosses_midnight_is_in_both_days() -> None:
    busy = Traffic(visits_per_day=3000)
    visit_id = COLUMNS["searches"].index("visitId")
    before = {row[visit_id] for row in busy.rows("searches", DAY, MIDNIGHT)}
    after = {row[visit_id] for row in busy.rows("searches", MIDNIGHT, MIDNIGHT + timedelta(days=1))}
    assert before & after


def test_every_column_has_values(week: dict[str, list[Record]]) -> None:
    for table, records in week.items():
        empty = [c for c in COLUMNS[table] if all(record.get(c) is None for record in records)]
        assert empty == []


def test_keys_are_unique(week: dict[str, list[Record]]) -> None:
    for name, table in TABLES.items():
        keys = Counter(tuple(record[c] for c in table.key) for record in week[name])
        assert max(keys.values()) == 1


def test_with_clicks_is_true_for_exactly_the_searches_with_a_click(
    week: dict[str, list[Record]],
) -> None:
    clicks = TRAFFIC.records("clicks", DAY, DAY + WEEK + timedelta(days=1))
    clicked = {click["searchId"] for click in clicks}
    for search in week["searches"]:
        assert search["withClicks"] == ("t" if search["id"] in clicked else "f")
        assert search["withResults"] == ("t" if int(search["numberOfResults"] or 0) else "f")


def test_the_searches_of_a_few_clicks_are_missing(week: dict[str, list[Record]]) -> None:
    known = {search["id"] for search in TRAFFIC.records("searches", DAY - WEEK, DAY + WEEK)}
    # the documents that a form for cases suggests come from no search
    clicks = [
        c for c in week["clicks"] if not (c["causeV2"] or "").startswith("documentSuggestion")
    ]
    orphans = [click for click in clicks if click["searchId"] not in known]
    assert 0 < len(orphans) < len(clicks) / 50


def test_keywords_and_groups_belong_to_searches(week: dict[str, list[Record]]) -> None:
    times = {search["id"]: search["datetime"] for search in week["searches"]}
    for record in chain(week["keywords"], week["groups"]):
        assert times[record["searchId"]] == record["datetime"]


def test_results_further_down_get_fewer_clicks(week: dict[str, list[Record]]) -> None:
    ranks = Counter(int(click["clickRank"] or 0) for click in week["clicks"])
    assert ranks[1] > ranks[3] > ranks[6] > ranks[10]


def test_weekends_are_quiet(week: dict[str, list[Record]]) -> None:
    days = Counter((search["datetime"] or "")[:10] for search in week["searches"])
    assert days["2026-03-07"] < days["2026-03-04"] / 2
    assert days["2026-03-08"] < days["2026-03-04"] / 2


def test_searches_for_content_gaps_have_no_results(week: dict[str, list[Record]]) -> None:
    dark_mode = [search for search in week["searches"] if search["queryExpression"] == "dark mode"]
    assert len(dark_mode) > 5
    assert {search["withResults"] for search in dark_mode} == {"f"}


def test_cells_contain_what_breaks_csv_readers(week: dict[str, list[Record]]) -> None:
    text = " ".join(search["queryExpression"] or "" for search in week["searches"])
    assert set('"\\\n\r,é☕ス') <= set(text)
    assert any(search["queryExpression"] is None for search in week["searches"])
    valid = Counter(_is_json(search["customDatas"]) for search in week["searches"])
    assert valid[True] > 20 * valid[False] > 0


def _is_json(text: str | None) -> bool:
    try:
        return isinstance(json.loads(text or ""), dict)
    except ValueError:
        return False


def test_there_are_bots_staff_anonymous_visitors_and_paging(week: dict[str, list[Record]]) -> None:
    searches, customs = week["searches"], week["custom_events"]
    assert {"Bot", "PC", "Phone"} <= {search["deviceCategory"] for search in searches}
    assert {search["isInternal"] for search in searches} == {"t", "f"}
    assert {search["anonymous"] for search in searches} == {"t", "f"}
    assert "getMoreResults" in {event["eventType"] for event in customs}
    assert sum((c["sourceName"] or "").startswith("Confluence") for c in week["clicks"]) > 10


def test_events_of_a_batch_share_their_time(week: dict[str, list[Record]]) -> None:
    events = chain.from_iterable(week[table] for table in EVENT_TABLES)
    times = Counter((event["visitId"], event["datetime"]) for event in events)
    assert sum(number > 1 for number in times.values()) > 50


@pytest.mark.parametrize("late_share", [0.0, 0.3])
def test_counts_equal_the_number_of_rows(late_share: float) -> None:
    traffic = Traffic(visits_per_day=300, late_share=late_share)
    now = DAY + timedelta(hours=15)
    counts = traffic.counts(DAY, MIDNIGHT, arrived_by=now)
    assert counts == {
        table: sum(1 for _ in traffic.rows(table, DAY, MIDNIGHT, arrived_by=now))
        for table in TABLES
    }


def test_late_events_arrive_within_twenty_hours_and_are_otherwise_unchanged() -> None:
    traffic = Traffic(visits_per_day=300, late_share=0.2)

    def clicks(arrived_by: datetime | None) -> set[Row]:
        return set(traffic.rows("clicks", DAY, MIDNIGHT, arrived_by=arrived_by))

    prompt, later, all_of_them = clicks(MIDNIGHT), clicks(MIDNIGHT + LONGEST_DELAY), clicks(None)
    assert 0.05 < 1 - len(prompt) / len(all_of_them) < 0.2
    assert prompt < later == all_of_them == set(rows(TRAFFIC, "clicks", DAY, MIDNIGHT))


def test_a_late_click_changes_the_row_of_its_search() -> None:
    traffic = Traffic(visits_per_day=300, late_share=0.2)

    def clicked(arrived_by: datetime) -> set[str | None]:
        searches = traffic.records("searches", DAY, MIDNIGHT, arrived_by=arrived_by)
        return {search["id"] for search in searches if search["withClicks"] == "t"}

    later = clicked(MIDNIGHT + 2 * LONGEST_DELAY)
    before = {search["id"] for search in traffic.records("searches", DAY, MIDNIGHT)} & later
    assert clicked(MIDNIGHT) < before


def test_visits_start_within_the_configured_days_only() -> None:
    traffic = Traffic(until=DAY, days=2)
    starts = [visit.start for visit in traffic.visits(DAY - WEEK, DAY + WEEK)]
    assert (DAY - timedelta(days=2)).timestamp() * 1000 <= min(starts)
    assert max(starts) < DAY.timestamp() * 1000


def test_visits_are_drawn_once_but_not_all_of_them_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[int] = []
    draw = Traffic._draw_visits_of

    def counting(self: Traffic, hour: int) -> Iterator[Visit]:
        drawn.append(hour)
        return draw(self, hour)

    def ids(traffic: Traffic) -> list[int]:
        return [visit.id for visit in traffic.visits(DAY, DAY + timedelta(days=2))]

    monkeypatch.setattr(Traffic, "_draw_visits_of", counting)
    traffic = Traffic(visits_per_day=24)
    first = ids(traffic)
    assert ids(traffic) == first
    assert len(drawn) == len(set(drawn))
    monkeypatch.setattr("coveo_source.demo.traffic._VISITS_KEPT", 24)
    crowded = Traffic(visits_per_day=24)
    assert ids(crowded) == ids(crowded) == first
    assert len(crowded._drawn) == 25
