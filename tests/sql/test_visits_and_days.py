"""Robots, internal traffic, visits and days that are easily counted wrong."""

from datetime import date, datetime

from coveo_source.model_settings import ModelSettings
from tests.sql.event_rows import BOT, DAY, NO_VISIT, STAFF, click, custom, search
from tests.sql.export_rows import edge_cases
from tests.sql.warehouse import rows_of, warehouse


def test_robots_and_internal_traffic_are_kept_and_flagged() -> None:
    database = warehouse(edge_cases())
    flags = "is_bot, is_internal"
    for model in ("search_outcomes", "visits"):
        where = "visit_id in ('visit-bot', 'visit-staff', 'visit-2')"
        sql = f"select distinct visit_id, {flags} from {model} where {where} order by all"
        assert rows_of(database, sql) == [
            ("visit-2", False, False),
            ("visit-bot", True, False),
            ("visit-staff", False, True),
        ]


def test_robots_and_internal_traffic_are_left_out_of_the_measures() -> None:
    rows = {
        "searches": [
            search("s", "10:00:00"),
            search("bot", "10:00:00", **BOT),
            search("staff", "10:00:00", **STAFF),
        ],
        "clicks": [click("c", "10:00:01", "staff", clickRank="9", **STAFF)],
    }
    database = warehouse(rows)
    sql = "select searches, visits, clicks, bot_events, internal_events from daily_metrics"
    assert rows_of(database, sql) == [(1, 1, 0, 1, 2)]
    sql = "select unfiltered_searches, unfiltered_visits, unfiltered_clicks from daily_metrics"
    assert rows_of(database, sql) == [(3, 3, 1)]
    assert rows_of(database, "select searches, visits from query_performance") == [(1, 1)]
    for model in ("document_performance", "ml_usage"):
        assert rows_of(database, f"from {model}") == []


def test_events_without_a_visit_are_kept_but_belong_to_no_visit() -> None:
    rows = {
        "searches": [search(key, "10:00:00", **NO_VISIT) for key in ("s1", "s2")],
        "clicks": [click("c", "10:00:01", "s1", **NO_VISIT)],
    }
    database = warehouse(rows)
    sql = "select distinct event_number, ms_since_previous_event from all_events"
    assert rows_of(database, sql) == [(None, None)]
    assert rows_of(database, "from visits") == []
    sql = "select search_id, outcome from search_outcomes order by all"
    assert rows_of(database, sql) == [("s1", "clicked"), ("s2", "unknown")]
    sql = "select searches, visits, visit_clickthrough, events_without_visit from daily_metrics"
    assert rows_of(database, sql) == [(2, 0, None, 3)]


def test_events_at_the_same_time_are_ordered_by_type_and_then_by_id() -> None:
    time = "10:00:00.123"
    rows = {
        "searches": [search("b", time), search("a", time)],
        "clicks": [click("c", time, "b")],
        "custom_events": [custom("A", time, "b")],
    }
    database = warehouse(rows)
    sql = "select event_id from all_events order by event_number"
    assert [key for (key,) in rows_of(database, sql)] == ["a", "b", "c", "A"]
    sql = "select entry_event_type, exit_event_type, exit_action from visits"
    assert rows_of(database, sql) == [("Search", "Custom", "getMoreResults")]


def test_a_day_ends_at_midnight_in_utc_whatever_the_time_zone_of_the_session() -> None:
    times = ["23:59:59.999", "2026-03-09 00:00:00.001"]
    rows = {"searches": [search(f"s{n}", time) for n, time in enumerate(times)]}
    for zone in ("America/Montreal", "Asia/Tokyo"):
        database = warehouse(rows, zone=zone)
        for model in ("daily_metrics", "query_performance"):
            sql = f"select day, searches from {model} order by all"
            days = [(date.fromisoformat(DAY), 1), (date(2026, 3, 9), 1)]
            assert rows_of(database, sql) == days


def test_milliseconds_are_right_across_the_start_of_daylight_saving_time() -> None:
    times = ["06:59:59.123", "07:00:01.457"]
    rows = {"searches": [search(f"s{n}", time) for n, time in enumerate(times)]}
    database = warehouse(rows, zone="America/Montreal")
    sql = "select ms_since_previous_event from all_events where event_number = 2"
    assert rows_of(database, sql) == [(2334,)]
    assert rows_of(database, "select duration_ms from visits") == [(2334,)]


def test_days_weeks_and_hours_are_those_of_the_time_zone() -> None:
    # in Sydney, daylight saving time ends after the first of them
    times = ("2026-04-04 13:30:00.123", "2026-04-05 13:30:00.457", "2026-04-05 14:00:00.001")
    rows = {
        "searches": [search(f"s{n}", time, visitId=f"v{n}") for n, time in enumerate(times)],
        "clicks": [click("c", "2026-04-05 14:00:00.001", "s1")],
    }
    database = warehouse(rows, ModelSettings(time_zone="Australia/Sydney"))
    expected = [
        (date(2026, 4, 5), date(2026, 3, 30), 0),
        (date(2026, 4, 5), date(2026, 3, 30), 23),
        (date(2026, 4, 6), date(2026, 4, 6), 0),
    ]
    for model in ("search_outcomes", "visits", "query_visits"):
        times_of = (
            f"select day, week, hour from {model} where visit_id <> 'visit-1' order by visit_id"
        )
        assert rows_of(database, times_of) == expected
    sql = "select day, searches, clicks from daily_metrics order by day"
    assert rows_of(database, sql) == [(date(2026, 4, 5), 2, 0), (date(2026, 4, 6), 1, 1)]
    assert rows_of(database, "select week from document_performance") == [(date(2026, 4, 6),)]
    assert rows_of(database, "select datetime from search_outcomes order by all") == [
        (datetime.fromisoformat(f"{time}+00:00"),) for time in times
    ]
    utc = rows_of(warehouse(rows), "select day, searches from daily_metrics order by day")
    assert utc == [(date(2026, 4, 4), 1), (date(2026, 4, 5), 2)]


def test_a_visit_has_the_first_value_of_a_dimension_and_a_day_has_a_row_for_each() -> None:
    rows = {
        "searches": [
            search("s1", "10:00:00"),
            search("s2", "10:01:00", c_product="Widget"),
            search("s3", "10:02:00", c_product="Gadget"),
        ],
        "clicks": [click("c", "10:03:00", "s3", c_product="Widget")],
    }
    database = warehouse(rows, ModelSettings(model_dimensions=("c_product",)))
    assert rows_of(database, "select c_product from visits") == [("Widget",)]
    sql = "select c_product from search_outcomes order by search_id"
    assert rows_of(database, sql) == [(None,), ("Widget",), ("Gadget",)]
    assert rows_of(database, "select c_product, searches from query_visits") == [(None, 3)]
    sql = "select c_product, searches, clicks, query_visits from daily_metrics order by c_product"
    assert rows_of(database, sql) == [("", 1, 0, 1), ("Gadget", 1, 0, 0), ("Widget", 1, 1, 0)]
