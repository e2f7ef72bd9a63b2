from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from dlt.common.configuration import resolve_configuration
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.exceptions import SettingError
from coveo_source.setting_values import HOSTS, instant
from coveo_source.settings import CoveoConfiguration, Settings, check_settings
from coveo_source.tables import TABLES

SECRET = "xx-nobody-may-see-this"
UTC = timezone.utc


def settings_with(**values: Any) -> Settings:
    configuration = CoveoConfiguration()
    for name, value in {"api_key": SECRET, "org": "acme", **values}.items():
        assert hasattr(configuration, name), name
        setattr(configuration, name, value)
    return check_settings(configuration)


def refused(**values: Any) -> str:
    """What the error says of the one setting that is given."""
    [name] = values
    with pytest.raises(SettingError) as error:
        settings_with(**values)
    assert error.value.setting == name
    text = str(error.value)
    assert text.startswith(f"The setting {name} ")
    return text


def test_nothing_but_a_key_and_an_organization_is_needed() -> None:
    settings = settings_with()
    assert settings == Settings(
        api_key=SECRET,
        org="acme",
        base_url="https://platform.cloud.coveo.com",
        from_date=None,
        to_date=None,
        tables=("searches", "clicks", "custom_events", "keywords", "groups"),
        dimensions=(),
        filters=(),
        search_filters=(),
        custom_event_filters=(),
        export_format="EXCEL",
        window=timedelta(days=30),
        lookback=timedelta(days=1),
        settle=timedelta(minutes=15),
        poll_timeout=timedelta(hours=1),
        keep_exports=False,
        exports_ahead=2,
        strict=False,
        allow_http=False,
    )
    assert not settings.is_backfill


# --- key and organization ---


@pytest.mark.parametrize("value", [None, "", "  \n"])
@pytest.mark.parametrize("name", ["api_key", "org"])
def test_a_missing_key_or_organization_is_named_with_where_to_write_it(
    name: str, value: str | None
) -> None:
    text = refused(**{name: value})
    assert "is missing" in text
    assert "[sources.coveo_source]" in text
    assert f"SOURCES__COVEO_SOURCE__{name.upper()}" in text


def test_blanks_around_key_and_organization_do_not_count() -> None:
    settings = settings_with(api_key=f" {SECRET}\n", org=" acme ")
    assert (settings.api_key, settings.org) == (SECRET, "acme")


@pytest.mark.parametrize("inside", ["\n", "\r\n", "\0", "…", "“"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(inside: str) -> None:
    # else the HTTP library refuses it, with the key in its message
    text = refused(api_key=f"{SECRET}{inside}{SECRET}")
    assert SECRET not in text


def test_the_key_is_in_no_printed_form() -> None:
    settings = settings_with()
    assert SECRET not in f"{settings} {settings!r} {[settings]}"
    configuration = CoveoConfiguration()
    configuration.api_key = SECRET
    assert SECRET not in f"{configuration} {configuration!r}"


@pytest.mark.parametrize(
    "values", [{"region": "mars"}, {"tables": "visits"}, {"window_days": -1}, {"base_url": "x"}]
)
def test_the_key_is_in_no_error_about_another_setting(values: dict[str, Any]) -> None:
    assert SECRET not in refused(**values)


# --- where the API is ---


@pytest.mark.parametrize(("region", "host"), HOSTS.items())
def test_a_region_stands_for_its_host(region: str, host: str) -> None:
    for spelling in (region, region.upper()):
        settings = settings_with(region=spelling)
        assert settings.base_url == f"https://{host}"
        assert settings.host == host


@pytest.mark.parametrize("region", ["", "mars", "us-east-1"])
def test_an_unknown_region_is_refused_with_those_that_there_are(region: str) -> None:
    text = refused(region=region)
    assert f"is {region!r}" in text
    assert "us, eu, au, ca, hipaa" in text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://proxy.example.com", "https://proxy.example.com"),
        ("https://proxy.example.com/", "https://proxy.example.com"),
        ("http://127.0.0.1:8300", "http://127.0.0.1:8300"),
    ],
)
def test_a_base_url_goes_before_the_region(given: str, kept: str) -> None:
    assert settings_with(base_url=given, region="eu").base_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "platform.cloud.coveo.com",
        "ftp://platform.cloud.coveo.com",
        "https://",
        "https:///rest",
        "https://platform.cloud.coveo.com/rest/ua",
        "https://platform.cloud.coveo.com?org=acme",
        "https://platform.cloud.coveo.com#top",
        "https://platform.cloud.coveo.com:port",
    ],
)
def test_a_base_url_that_is_not_scheme_and_host_is_refused(given: str) -> None:
    text = refused(base_url=given)
    assert repr(given) in text
    assert "https://platform.cloud.coveo.com" in text


# --- dates ---


@pytest.mark.parametrize(
    ("given", "expected"),
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
def test_a_date_is_its_midnight_and_a_time_without_zone_is_utc(
    name: str, given: object, expected: datetime
) -> None:
    settings = settings_with(**{name: given})
    assert getattr(settings, name) == expected.replace(tzinfo=UTC)
    assert getattr(settings, name).tzinfo is UTC


@pytest.mark.parametrize("value", [None, ""])
def test_no_date_is_none(value: str | None) -> None:
    assert settings_with(from_date=value).from_date is None


@pytest.mark.parametrize(
    "given", ["yesterday", "31.01.2026", "2026-02-30", "2026-1-1", "1769000000"]
)
@pytest.mark.parametrize("name", ["from_date", "to_date"])
def test_an_unreadable_date_is_refused_with_an_example(name: str, given: str) -> None:
    text = refused(**{name: given})
    assert repr(given) in text
    assert "2026-01-31 or 2026-01-31T13:30:00Z" in text


@pytest.mark.parametrize("end", ["2026-01-31", "2026-01-30T23:59:59.999Z"])
def test_a_range_has_to_end_after_its_start(end: str) -> None:
    with pytest.raises(SettingError, match=r"from_date.*2026-01-31T00:00:00Z.*before to_date"):
        settings_with(from_date="2026-01-31", to_date=end)


def test_only_a_range_with_both_ends_is_a_backfill() -> None:
    assert settings_with(from_date="2026-01-01", to_date="2026-01-02").is_backfill
    assert not settings_with(from_date="2026-01-01").is_backfill
    assert not settings_with(to_date="2026-01-01").is_backfill


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()))
def test_an_instant_is_the_same_in_every_zone_to_the_millisecond(moment: datetime) -> None:
    found = instant("from_date", moment)
    assert found is not None
    assert timedelta() <= moment.astimezone(UTC) - found < timedelta(milliseconds=1)
    assert found.microsecond % 1000 == 0


# --- lists ---


@pytest.mark.parametrize(
    "given",
    [
        "clicks,searches",
        "clicks, searches",
        "Searches CLICKS",
        '["clicks", "searches"]',
        ["clicks", "searches", "clicks"],
        ("CLICKS", "SEARCHES"),
    ],
)
def test_tables_may_be_written_in_several_ways_and_come_in_one_order(given: Any) -> None:
    assert settings_with(tables=given).tables == ("searches", "clicks")


@pytest.mark.parametrize("given", [None, "", [], "[]"])
def test_no_tables_are_all_tables(given: Any) -> None:
    assert settings_with(tables=given).tables == tuple(TABLES)


@pytest.mark.parametrize("given", ["visits", "searches,click", ["all_events"], '["visits"]'])
def test_an_unknown_table_is_refused_with_those_that_there_are(given: Any) -> None:
    text = refused(tables=given)
    assert "searches, clicks, custom_events, keywords, groups" in text
    assert any(repr(name) in text for name in ("visits", "click", "all_events"))


@pytest.mark.parametrize("given", [["c_a", "c_b"], "c_a,c_b", '["c_a", "c_b"]', "c_a\nc_b"])
def test_dimensions_may_be_a_list_or_a_text(given: Any) -> None:
    assert settings_with(dimensions=given).dimensions == ("c_a", "c_b")


@pytest.mark.parametrize("name", ["filters", "search_filters", "custom_event_filters"])
def test_a_filter_is_never_divided(name: str) -> None:
    text = "(@sourcename=='a, b') AND (originLevel1 != \"x\")"
    assert getattr(settings_with(**{name: text}), name) == (text,)
    assert getattr(settings_with(**{name: [text, "(a=='b')"]}), name) == (text, "(a=='b')")


@pytest.mark.parametrize("name", ["tables", "dimensions", "filters", "search_filters"])
@pytest.mark.parametrize("given", [7, ["a", 7], {"a": "b"}, "[a, b", "[1, 2]"])
def test_what_is_no_list_of_texts_is_refused(name: str, given: object) -> None:
    assert "Write a list of texts." in refused(**{name: given})


# --- choices and numbers ---


@pytest.mark.parametrize("given", ["EXCEL", "excel", "NO_NEWLINE", "no_newline"])
def test_a_format_is_accepted_in_any_case(given: str) -> None:
    assert settings_with(export_format=given).export_format == given.upper()


@pytest.mark.parametrize("given", ["", "csv", "NO NEWLINE"])
def test_an_unknown_format_is_refused_with_those_that_there_are(given: str) -> None:
    assert "EXCEL, NO_NEWLINE" in refused(export_format=given)


@pytest.mark.parametrize(
    ("name", "attribute", "given", "expected"),
    [
        ("window_days", "window", 365, timedelta(days=365)),
        ("window_days", "window", 0.5, timedelta(hours=12)),
        ("lookback_days", "lookback", 0, timedelta()),
        ("lookback_days", "lookback", 2.5, timedelta(days=2, hours=12)),
        ("settle_minutes", "settle", 0, timedelta()),
        ("settle_minutes", "settle", 90, timedelta(minutes=90)),
        ("poll_timeout_minutes", "poll_timeout", 0.5, timedelta(seconds=30)),
    ],
)
def test_a_number_becomes_a_time_span(
    name: str, attribute: str, given: float, expected: timedelta
) -> None:
    assert getattr(settings_with(**{name: given}), attribute) == expected


@pytest.mark.parametrize(
    ("name", "least", "most", "given"),
    [
        *(("window_days", "0.01", "365", value) for value in (0, -1, 365.1, float("nan"))),
        *(("lookback_days", "0", "365", value) for value in (-0.1, 366, float("inf"))),
        *(("settle_minutes", "0", "10000", value) for value in (-1, 10_001)),
        *(("poll_timeout_minutes", "0.01", "10000", value) for value in (0, -5, 10_001)),
    ],
)
def test_a_number_out_of_bounds_is_refused_with_the_bounds(
    name: str, least: str, most: str, given: float
) -> None:
    text = refused(**{name: given})
    assert repr(given) in text
    assert f"from {least} to {most}" in text


# --- as dlt reads them ---


@pytest.fixture
def resolved(own_folder: Path) -> Iterator[Callable[..., Settings]]:
    """Settings from the environment and the TOML files of a project."""

    def resolve(config: str = "", secrets: str | None = None) -> Settings:
        folder = own_folder / ".dlt"
        folder.mkdir()
        section = "[sources.coveo_source]\n"
        secrets = f'api_key = "{SECRET}"\norg = "acme"\n' if secrets is None else secrets
        (folder / "config.toml").write_text(section + config, encoding="utf-8")
        (folder / "secrets.toml").write_text(section + secrets, encoding="utf-8")
        context.reload(str(own_folder))
        sections = ("sources", "coveo_source")
        return check_settings(resolve_configuration(CoveoConfiguration(), sections=sections))

    context = Container()[PluggableRunContext]
    before = context.context.run_dir
    yield resolve
    context.reload(before)


Resolve = Callable[..., Settings]


def test_settings_are_read_from_toml_with_dates_and_lists(resolved: Resolve) -> None:
    settings = resolved(
        """
        region = "eu"
        from_date = 2026-01-31
        to_date = 2026-02-01T13:30:00Z
        tables = ["clicks", "searches"]
        dimensions = "c_a, c_b"
        filters = ["(a=='b, c')", "(d=='e')"]
        search_filters = "(f=='g, h')"
        window_days = 7
        keep_exports = true
        """
    )
    assert settings.api_key == SECRET
    assert settings.host == HOSTS["eu"]
    assert settings.from_date == datetime(2026, 1, 31, tzinfo=UTC)
    assert settings.to_date == datetime(2026, 2, 1, 13, 30, tzinfo=UTC)
    assert settings.tables == ("searches", "clicks")
    assert settings.dimensions == ("c_a", "c_b")
    assert settings.filters == ("(a=='b, c')", "(d=='e')")
    assert settings.search_filters == ("(f=='g, h')",)
    assert settings.window == timedelta(days=7)
    assert settings.keep_exports


ENVIRONMENT: dict[str, tuple[str, str, object]] = {
    "org": ("another", "org", "another"),
    "region": ("AU", "host", HOSTS["au"]),
    "base_url": ("http://127.0.0.1:1", "base_url", "http://127.0.0.1:1"),
    "from_date": ("2026-01-01", "from_date", datetime(2026, 1, 1, tzinfo=UTC)),
    "to_date": ("2026-01-01T01:00:00Z", "to_date", datetime(2026, 1, 1, 1, tzinfo=UTC)),
    "tables": ("keywords, clicks", "tables", ("clicks", "keywords")),
    "dimensions": ("c_a,c_b", "dimensions", ("c_a", "c_b")),
    "filters": ("(a=='b, c')", "filters", ("(a=='b, c')",)),
    "search_filters": ("(a=='b, c')", "search_filters", ("(a=='b, c')",)),
    "custom_event_filters": ("(a=='b, c')", "custom_event_filters", ("(a=='b, c')",)),
    "export_format": ("no_newline", "export_format", "NO_NEWLINE"),
    "window_days": ("0.5", "window", timedelta(hours=12)),
    "lookback_days": ("3", "lookback", timedelta(days=3)),
    "settle_minutes": ("30", "settle", timedelta(minutes=30)),
    "poll_timeout_minutes": ("2", "poll_timeout", timedelta(minutes=2)),
    "keep_exports": ("true", "keep_exports", True),
    "exports_ahead": ("5", "exports_ahead", 5),
    "strict": ("true", "strict", True),
    "allow_http": ("true", "allow_http", True),
}


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_every_setting_may_stand_in_the_environment(
    resolved: Resolve, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    value, attribute, expected = ENVIRONMENT[name]
    monkeypatch.setenv(f"SOURCES__COVEO_SOURCE__{name.upper()}", value)
    assert getattr(resolved(), attribute) == expected


def test_the_environment_knows_every_setting() -> None:
    names = CoveoConfiguration.get_resolvable_fields()
    assert {"api_key", *ENVIRONMENT} == set(names)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("tables", '["groups", "clicks"]', ("clicks", "groups")),
        ("dimensions", '["c_a", "c_b"]', ("c_a", "c_b")),
        ("filters", "[\"(a=='b, c')\", \"(d=='e')\"]", ("(a=='b, c')", "(d=='e')")),
    ],
)
def test_a_list_may_stand_in_the_environment_as_json(
    resolved: Resolve, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: object
) -> None:
    monkeypatch.setenv(f"SOURCES__COVEO_SOURCE__{name.upper()}", value)
    assert getattr(resolved(), name) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("window_days", "many"), ("keep_exports", "perhaps"), ("tables", "visits"), ("region", "x")],
)
def test_a_bad_value_in_the_environment_is_refused_by_the_name_of_the_setting(
    resolved: Resolve, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    # what is no number and no truth value is refused by dlt itself
    monkeypatch.setenv(f"SOURCES__COVEO_SOURCE__{name.upper()}", value)
    with pytest.raises(Exception, match=name) as error:
        resolved()
    assert SECRET not in str(error.value)
