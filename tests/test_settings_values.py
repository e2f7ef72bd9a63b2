"""Dates, lists, choices and numbers in settings."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.exceptions import SettingError
from coveo_source.setting_values import instant
from coveo_source.tables import TABLES
from tests.support.settings import refusal_of, settings_with

UTC = timezone.utc


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31)),
        (" 2026-01-31 ", datetime(2026, 1, 31)),
        ("2026-01-31T13:30:00Z", datetime(2026, 1, 31, 13, 30)),
        ("2026-01-31T13:30:00z", datetime(2026, 1, 31, 13, 30)),
        ("2026-01-31 13:30:00", datetime(2026, 1, 31, 13, 30)),
        ("2026-01-31T13:30", datetime(2026, 1, 31, 13, 30)),
        ("2026-01-31T13:30:00+02:00", datetime(2026, 1, 31, 11, 30)),
        ("2026-01-31T13:30:00.123456Z", datetime(2026, 1, 31, 13, 30, 0, 123_000)),
        (date(2024, 2, 29), datetime(2024, 2, 29)),
        (datetime(2026, 1, 31, 13, 30), datetime(2026, 1, 31, 13, 30)),
        (
            datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=2))),
            datetime(2026, 1, 30, 23),
        ),
    ],
)
@pytest.mark.parametrize("name", ["from_date", "to_date"])
def test_a_date_means_midnight_and_a_time_without_a_zone_means_utc(
    name: str, value: object, expected: datetime
) -> None:
    settings = settings_with(**{name: value})
    assert getattr(settings, name) == expected.replace(tzinfo=UTC)
    assert getattr(settings, name).tzinfo is UTC


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_date_is_none(value: str | None) -> None:
    assert settings_with(from_date=value).from_date is None


@pytest.mark.parametrize(
    "value", ["yesterday", "31.01.2026", "2026-02-30", "2026-1-1", "1769000000"]
)
@pytest.mark.parametrize("name", ["from_date", "to_date"])
def test_an_unreadable_date_is_refused_with_an_example(name: str, value: str) -> None:
    message = refusal_of(**{name: value})
    assert repr(value) in message
    assert "2026-01-31 or 2026-01-31T13:30:00Z" in message


def test_a_range_must_not_end_before_its_start() -> None:
    with pytest.raises(SettingError, match=r"from_date.*2026-01-31T00:00:00Z.*after to_date"):
        settings_with(from_date="2026-01-31", to_date="2026-01-30T23:59:59.999Z")


def test_a_range_may_be_empty() -> None:
    assert settings_with(from_date="2026-01-31", to_date="2026-01-31").is_backfill


@pytest.mark.parametrize("value", [0, -3])
def test_a_number_of_windows_is_at_least_one(value: int) -> None:
    assert f"max_windows is {value}" in refusal_of(max_windows=value).replace("'", "")
    assert settings_with(max_windows=1).max_windows == 1


def test_only_a_range_with_both_ends_is_a_backfill() -> None:
    assert settings_with(from_date="2026-01-01", to_date="2026-01-02").is_backfill
    assert not settings_with(from_date="2026-01-01").is_backfill
    assert not settings_with(to_date="2026-01-01").is_backfill


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()))
def test_a_time_in_any_zone_becomes_utc_cut_to_milliseconds(moment: datetime) -> None:
    parsed = instant("from_date", moment)
    assert parsed is not None
    assert timedelta() <= moment.astimezone(UTC) - parsed < timedelta(milliseconds=1)
    assert parsed.microsecond % 1000 == 0


@pytest.mark.parametrize(
    "value",
    [
        "clicks,searches",
        "clicks, searches",
        "Searches CLICKS",
        '["clicks", "searches"]',
        ["clicks", "searches", "clicks"],
        ("CLICKS", "SEARCHES"),
    ],
)
def test_tables_can_be_written_in_several_ways_and_keep_one_order(value: Any) -> None:
    assert settings_with(tables=value).tables == ("searches", "clicks")


@pytest.mark.parametrize("value", [None, "", [], "[]"])
def test_no_tables_means_all_tables(value: Any) -> None:
    assert settings_with(tables=value).tables == tuple(TABLES)


@pytest.mark.parametrize("value", ["visits", "searches,click", ["all_events"], '["visits"]'])
def test_an_unknown_table_is_refused_with_a_list_of_all_tables(value: Any) -> None:
    message = refusal_of(tables=value)
    assert "searches, clicks, custom_events, keywords, groups" in message
    assert any(repr(name) in message for name in ("visits", "click", "all_events"))


@pytest.mark.parametrize("value", [["c_a", "c_b"], "c_a,c_b", '["c_a", "c_b"]', "c_a\nc_b"])
def test_dimensions_can_be_a_list_or_a_string(value: Any) -> None:
    assert settings_with(dimensions=value).dimensions == ("c_a", "c_b")


@pytest.mark.parametrize("name", ["filters", "search_filters", "custom_event_filters"])
def test_a_filter_is_never_split(name: str) -> None:
    condition = "(@sourcename=='a, b') AND (originLevel1 != \"x\")"
    assert getattr(settings_with(**{name: condition}), name) == (condition,)
    conditions = [condition, "(a=='b')"]
    assert getattr(settings_with(**{name: conditions}), name) == tuple(conditions)


@pytest.mark.parametrize("name", ["tables", "dimensions", "filters", "search_filters"])
@pytest.mark.parametrize("value", [7, ["a", 7], {"a": "b"}, "[a, b", "[1, 2]"])
def test_anything_but_a_list_of_strings_is_refused(name: str, value: object) -> None:
    assert "Write a list of texts." in refusal_of(**{name: value})


@pytest.mark.parametrize("value", ["EXCEL", "excel", "NO_NEWLINE", "no_newline"])
def test_an_export_format_is_accepted_in_any_case(value: str) -> None:
    assert settings_with(export_format=value).export_format == value.upper()


@pytest.mark.parametrize("value", ["", "csv", "NO NEWLINE"])
def test_an_unknown_export_format_is_refused_with_a_list_of_all_formats(value: str) -> None:
    assert "EXCEL, NO_NEWLINE" in refusal_of(export_format=value)


@pytest.mark.parametrize(
    ("name", "attribute", "value", "expected"),
    [
        ("window_days", "window", 365, timedelta(days=365)),
        ("window_days", "window", 0.5, timedelta(hours=12)),
        ("lookback_days", "lookback", 0, timedelta()),
        ("lookback_days", "lookback", 2.5, timedelta(days=2, hours=12)),
        ("settle_minutes", "settle", 0, timedelta()),
        ("settle_minutes", "settle", 90, timedelta(minutes=90)),
        ("poll_timeout_minutes", "poll_timeout", 0.5, timedelta(seconds=30)),
        ("min_download_rate", "min_download_rate", 0, 0),
        ("min_download_rate", "min_download_rate", 0.5, 0.5),
        ("clock_tolerance_minutes", "clock_tolerance", 0, timedelta()),
        ("clock_tolerance_minutes", "clock_tolerance", 1e7, timedelta(minutes=10_000_000)),
    ],
)
def test_a_number_becomes_a_duration_or_stays_one(
    name: str, attribute: str, value: float, expected: object
) -> None:
    assert getattr(settings_with(**{name: value}), attribute) == expected


@pytest.mark.parametrize(
    ("name", "least", "most", "value"),
    [
        *(("window_days", "0.01", "365", value) for value in (0, -1, 365.1, float("nan"))),
        *(("lookback_days", "0", "365", value) for value in (-0.1, 366, float("inf"))),
        *(("settle_minutes", "0", "10000", value) for value in (-1, 10_001)),
        *(("poll_timeout_minutes", "0.01", "10000", value) for value in (0, -5, 10_001)),
        *(("clock_tolerance_minutes", "0", "10000000", value) for value in (-1, 1e8)),
        *(("min_download_rate", "0", "100000000", value) for value in (-1, 2e9, float("nan"))),
    ],
)
def test_a_number_out_of_range_is_refused_with_the_range(
    name: str, least: str, most: str, value: float
) -> None:
    message = refusal_of(**{name: value})
    assert repr(value) in message
    assert f"from {least} to {most}" in message
