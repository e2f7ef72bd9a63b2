"""Required settings, and where the API is."""

from datetime import timedelta
from typing import Any

import pytest

from coveo_source.setting_values import HOSTS
from coveo_source.settings import CoveoConfiguration, Settings
from tests.support.settings import SECRET, refusal_of, settings_with


def test_only_a_key_and_an_organization_are_required() -> None:
    settings = settings_with()
    assert settings == Settings(
        api_key=SECRET,
        org="acme",
        base_url="https://platform.cloud.coveo.com",
        from_date=None,
        to_date=None,
        tables=("searches", "clicks", "custom_events", "keywords", "groups"),
        dimensions=(),
        exclude_dimensions=(),
        hash_dimensions=(),
        hash_key="",
        filters=(),
        search_filters=(),
        custom_event_filters=(),
        export_format="EXCEL",
        window=timedelta(days=30),
        max_windows=None,
        lookback=timedelta(days=1),
        settle=timedelta(minutes=15),
        wait=timedelta(minutes=30),
        publish=None,
        memory_limit=None,
        allow_external_schedulers=True,
        poll_timeout=timedelta(hours=1),
        clock_tolerance=timedelta(hours=1),
        min_download_rate=1000,
        keep_exports=False,
        exports_ahead=2,
        strict=False,
        max_rejected_share=0.25,
        allow_erased=False,
        allow_http=False,
    )
    assert not settings.is_backfill


@pytest.mark.parametrize("value", [None, "", "  \n"])
@pytest.mark.parametrize("name", ["api_key", "org"])
def test_a_missing_key_or_organization_is_named_with_the_place_to_set_it(
    name: str, value: str | None
) -> None:
    message = refusal_of(**{name: value})
    assert "is missing" in message
    assert "[sources.coveo_source]" in message
    assert f"SOURCES__COVEO_SOURCE__{name.upper()}" in message


def test_whitespace_around_key_and_organization_is_ignored() -> None:
    settings = settings_with(api_key=f" {SECRET}\n", org=" acme ")
    assert (settings.api_key, settings.org) == (SECRET, "acme")


@pytest.mark.parametrize("infix", ["\n", "\r\n", "\0", "…", "“"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(infix: str) -> None:
    # otherwise the HTTP library refuses it, with the key in its message
    message = refusal_of(api_key=f"{SECRET}{infix}{SECRET}")
    assert SECRET not in message


def test_the_key_is_not_printed_with_the_settings() -> None:
    settings = settings_with()
    assert SECRET not in f"{settings} {settings!r} {[settings]}"
    configuration = CoveoConfiguration()
    configuration.api_key = SECRET
    assert SECRET not in f"{configuration} {configuration!r}"


@pytest.mark.parametrize(
    "values", [{"region": "mars"}, {"tables": "visits"}, {"window_days": -1}, {"base_url": "x"}]
)
def test_the_key_is_in_no_error_about_another_setting(values: dict[str, Any]) -> None:
    assert SECRET not in refusal_of(**values)


@pytest.mark.parametrize(("region", "host"), HOSTS.items())
def test_a_region_selects_its_host(region: str, host: str) -> None:
    for spelling in (region, region.upper()):
        settings = settings_with(region=spelling)
        assert settings.base_url == f"https://{host}"
        assert settings.host == host


@pytest.mark.parametrize("region", ["", "mars", "us-east-1"])
def test_an_unknown_region_is_refused_with_a_list_of_all_regions(region: str) -> None:
    message = refusal_of(region=region)
    assert f"is {region!r}" in message
    assert "us, eu, au, ca, hipaa" in message


@pytest.mark.parametrize(
    ("value", "base_url"),
    [
        ("https://proxy.example.com", "https://proxy.example.com"),
        ("https://proxy.example.com/", "https://proxy.example.com"),
        ("http://127.0.0.1:8300", "http://127.0.0.1:8300"),
    ],
)
def test_a_base_url_takes_precedence_over_the_region(value: str, base_url: str) -> None:
    assert settings_with(base_url=value, region="eu").base_url == base_url


@pytest.mark.parametrize(
    "value",
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
def test_a_base_url_with_more_or_less_than_scheme_and_host_is_refused(value: str) -> None:
    message = refusal_of(base_url=value)
    assert repr(value) in message
    assert "https://platform.cloud.coveo.com" in message
