"""Settings as dlt reads them from TOML files and the environment."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from dlt.common.configuration import resolve_configuration
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from coveo_source.setting_values import HOSTS
from coveo_source.settings import CoveoConfiguration, Settings, check_settings
from tests.support.settings import HASH_KEY, SECRET

Resolve = Callable[..., Settings]

UTC = timezone.utc


@pytest.fixture
def resolve(own_folder: Path) -> Iterator[Resolve]:
    """Reads settings from the environment and from a project's TOML files."""

    def resolve(config: str = "") -> Settings:
        folder = own_folder / ".dlt"
        folder.mkdir()
        section = "[sources.coveo_source]\n"
        secrets = f'api_key = "{SECRET}"\norg = "acme"\n'
        (folder / "config.toml").write_text(section + config, encoding="utf-8")
        (folder / "secrets.toml").write_text(section + secrets, encoding="utf-8")
        context.reload(str(own_folder))
        sections = ("sources", "coveo_source")
        return check_settings(resolve_configuration(CoveoConfiguration(), sections=sections))

    context = Container()[PluggableRunContext]
    previous = context.context.run_dir
    yield resolve
    context.reload(previous)


def test_toml_files_can_hold_dates_and_lists(resolve: Resolve) -> None:
    settings = resolve(
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
    "exclude_dimensions": ("c_a,c_b", "exclude_dimensions", ("c_a", "c_b")),
    "hash_dimensions": ("username", "hash_dimensions", ("username",)),
    "hash_key": (HASH_KEY, "hash_key", HASH_KEY),
    "filters": ("(a=='b, c')", "filters", ("(a=='b, c')",)),
    "search_filters": ("(a=='b, c')", "search_filters", ("(a=='b, c')",)),
    "custom_event_filters": ("(a=='b, c')", "custom_event_filters", ("(a=='b, c')",)),
    "export_format": ("no_newline", "export_format", "NO_NEWLINE"),
    "window_days": ("0.5", "window", timedelta(hours=12)),
    "lookback_days": ("3", "lookback", timedelta(days=3)),
    "memory_limit": ("2GB", "memory_limit", 2000),
    "publish": ("readers.duckdb", "publish", "readers.duckdb"),
    "max_windows": ("3", "max_windows", 3),
    "wait_minutes": ("5", "wait", timedelta(minutes=5)),
    "allow_external_schedulers": ("false", "allow_external_schedulers", False),
    "settle_minutes": ("30", "settle", timedelta(minutes=30)),
    "poll_timeout_minutes": ("2", "poll_timeout", timedelta(minutes=2)),
    "clock_tolerance_minutes": ("5", "clock_tolerance", timedelta(minutes=5)),
    "min_download_rate": ("250.5", "min_download_rate", 250.5),
    "keep_exports": ("true", "keep_exports", True),
    "exports_ahead": ("5", "exports_ahead", 5),
    "allow_erased": ("true", "allow_erased", True),
    "strict": ("true", "strict", True),
    "max_rejected_share": ("0.5", "max_rejected_share", 0.5),
    "allow_http": ("true", "allow_http", True),
}


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_every_setting_can_come_from_the_environment(
    resolve: Resolve, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    value, attribute, expected = ENVIRONMENT[name]
    monkeypatch.setenv("SOURCES__COVEO_SOURCE__HASH_KEY", HASH_KEY)
    monkeypatch.setenv(f"SOURCES__COVEO_SOURCE__{name.upper()}", value)
    assert getattr(resolve(), attribute) == expected


def test_every_setting_is_covered_here() -> None:
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
def test_a_list_in_the_environment_can_be_json(
    resolve: Resolve, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: object
) -> None:
    monkeypatch.setenv(f"SOURCES__COVEO_SOURCE__{name.upper()}", value)
    assert getattr(resolve(), name) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("window_days", "many"), ("keep_exports", "perhaps"), ("tables", "visits"), ("region", "x")],
)
def test_a_bad_value_in_the_environment_is_refused_with_the_name_of_the_setting(
    resolve: Resolve, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    # a value that is not a number or a boolean is refused by dlt itself
    monkeypatch.setenv(f"SOURCES__COVEO_SOURCE__{name.upper()}", value)
    with pytest.raises(Exception, match=name) as error:
        resolve()
    assert SECRET not in str(error.value)
