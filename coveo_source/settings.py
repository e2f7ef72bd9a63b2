"""The settings under `[sources.coveo_source]`, checked before the first request."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Literal, Union, cast, get_args
from urllib.parse import urlsplit

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from .exceptions import SettingError
from .tables import TABLES

ExportFormat = Literal["EXCEL", "NO_NEWLINE"]

HOSTS = {
    "us": "platform.cloud.coveo.com",
    "eu": "platform-eu.cloud.coveo.com",
    "au": "platform-au.cloud.coveo.com",
    "ca": "platform-ca.cloud.coveo.com",
    "hipaa": "platformhipaa.cloud.coveo.com",
}
"""Region to host of the API."""

THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
"""Hosts that may be talked to without TLS."""

LONGEST_DAYS = 365
"""Coveo's console refuses longer ranges."""

DateLike = Union[str, date, datetime]  # noqa: UP007 (dlt does not read X | Y inside of a union)
Words = Union[str, list[str]]  # noqa: UP007

WHERE = (
    "Write it under [sources.coveo_source] in .dlt/secrets.toml or .dlt/config.toml,"
    " or set the environment variable SOURCES__COVEO_SOURCE__{env}."
)
DATE_HELP = "Write a date or a UTC time: 2026-01-31 or 2026-01-31T13:30:00Z."


@configspec
class CoveoConfiguration(BaseConfiguration):
    """What can be set, as dlt reads it from config.toml, secrets.toml and the environment.

    api_key: API key or OAuth2 token with the privileges Analytics - Data exports - Edit and View
    org: the organization's id
    region: where the organization lives; one of HOSTS
    base_url: scheme and host of the API, instead of a region
    from_date, to_date: the range; both together are a backfill, which leaves the cursors alone
    tables: which of the five tables to load; all by default
    dimensions: API names of the columns to export, beside the keys; all by default
    filters: conditions on all events, in Coveo's read filter syntax
    search_filters, custom_event_filters: conditions on searches and clicks, on custom events
    export_format: the CSV dialect that Coveo is to write, EXCEL or NO_NEWLINE
    window_days: the longest window that one export covers
    lookback_days: how far behind its cursor a table is read again, for events that came late
    settle_minutes: how close to now the range may come
    poll_timeout_minutes: how long Coveo may build one export
    keep_exports: whether exports stay with Coveo after the load, where they fill the quota
    exports_ahead: how many exports Coveo may build beside the one that is loaded; the file of the
        next one is fetched meanwhile
    strict: whether a value or record that does not fit is an error
    allow_http: whether other machines may be talked to without TLS, which shows them the key
    """

    api_key: TSecretStrValue = None  # type: ignore[assignment]
    org: str = None  # type: ignore[assignment]
    region: str = "us"
    base_url: str | None = None
    from_date: DateLike | None = None
    to_date: DateLike | None = None
    tables: Words | None = None
    dimensions: Words | None = None
    filters: Words | None = None
    search_filters: Words | None = None
    custom_event_filters: Words | None = None
    export_format: str = "EXCEL"
    window_days: float = 30.0
    lookback_days: float = 1.0
    settle_minutes: float = 15.0
    poll_timeout_minutes: float = 60.0
    keep_exports: bool = False
    exports_ahead: int = 2
    strict: bool = False
    allow_http: bool = False


@dataclass(frozen=True)
class Settings:
    """The same, checked and with the types that the code works with."""

    api_key: str = field(repr=False)
    org: str
    base_url: str
    from_date: datetime | None
    to_date: datetime | None
    tables: tuple[str, ...]
    dimensions: tuple[str, ...]
    filters: tuple[str, ...]
    search_filters: tuple[str, ...]
    custom_event_filters: tuple[str, ...]
    export_format: str
    window: timedelta
    lookback: timedelta
    settle: timedelta
    poll_timeout: timedelta
    keep_exports: bool
    exports_ahead: int
    strict: bool
    allow_http: bool

    @property
    def is_backfill(self) -> bool:
        """Whether the range is given at both ends."""
        return self.from_date is not None and self.to_date is not None

    @property
    def host(self) -> str:
        """Host of the API, without the port, by which an organization is told from another."""
        return urlsplit(self.base_url).hostname or ""


def check_settings(config: CoveoConfiguration) -> Settings:
    """The settings, if all of them are accepted.

    Raises:
        SettingError: for the first value that is not accepted
    """
    settings = Settings(
        api_key=token("api_key", config.api_key),
        org=text("org", config.org),
        base_url=accepted_base_url(config.region, config.base_url, config.allow_http),
        from_date=instant("from_date", config.from_date),
        to_date=instant("to_date", config.to_date),
        tables=accepted_tables(config.tables),
        dimensions=words("dimensions", config.dimensions),
        filters=words("filters", config.filters),
        search_filters=words("search_filters", config.search_filters),
        custom_event_filters=words("custom_event_filters", config.custom_event_filters),
        export_format=one_of("export_format", config.export_format.upper(), get_args(ExportFormat)),
        window=timedelta(days=between("window_days", config.window_days, 0.01, LONGEST_DAYS)),
        lookback=timedelta(days=between("lookback_days", config.lookback_days, 0, LONGEST_DAYS)),
        settle=timedelta(minutes=between("settle_minutes", config.settle_minutes, 0, 10_000)),
        poll_timeout=timedelta(
            minutes=between("poll_timeout_minutes", config.poll_timeout_minutes, 0.01, 10_000)
        ),
        keep_exports=config.keep_exports,
        exports_ahead=int(between("exports_ahead", config.exports_ahead, 0, 100)),
        strict=config.strict,
        allow_http=config.allow_http,
    )
    if settings.from_date and settings.to_date and settings.from_date >= settings.to_date:
        end = iso(settings.to_date)
        raise SettingError(
            "from_date", iso(settings.from_date), f"It must be before to_date, {end}."
        )
    return settings


def assigned_interval() -> tuple[datetime, datetime] | None:
    """The range that a scheduler assigned to this run, by dlt's rules; None if there is none."""
    return None if dlt.current.interval.is_empty else dlt.current.interval()


def text(setting: str, value: str | None) -> str:
    """A text that has to be there."""
    if not value or not value.strip():
        raise SettingError(setting, None, WHERE.format(env=setting.upper()))
    return value.strip()


def token(setting: str, value: str | None) -> str:
    """A text that can stand in an HTTP header; it is never shown."""
    key = text(setting, value)
    if not re.fullmatch(r"[!-~]+", key):
        raise SettingError(
            setting, "(not shown)", "It holds a blank, a line break or a character beyond ASCII."
        )
    return key


def accepted_base_url(region: str, base_url: str | None, allow_http: bool) -> str:
    """The address of the API: the one that is given, or the region's."""
    if base_url is None:
        return f"https://{HOSTS[one_of('region', region.lower(), HOSTS)]}"
    address = r"(https?)://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?/?"
    match = re.fullmatch(address, base_url)
    if not match:
        raise SettingError(
            "base_url", base_url, "Write scheme and host, like https://platform.cloud.coveo.com."
        )
    if match[1] == "http" and match[2].strip("[]") not in THIS_MACHINE and not allow_http:
        raise SettingError(
            "base_url",
            base_url,
            "The key would be sent in clear: write https instead of http, or set allow_http.",
        )
    return base_url.rstrip("/")


def accepted_tables(value: object) -> tuple[str, ...]:
    """The wanted tables, in the catalogue's order; all of them by default."""
    wanted = [name.lower() for name in words("tables", value)]
    for name in wanted:
        one_of("tables", name, TABLES)
    return tuple(name for name in TABLES if name in wanted or not wanted)


def one_of(setting: str, value: str, accepted: Iterable[str]) -> str:
    """The value, if it is among those accepted."""
    names = list(accepted)
    if value not in names:
        raise SettingError(setting, value, f"Accepted: {', '.join(names)}.")
    return value


def words(setting: str, value: object) -> tuple[str, ...]:
    """Several values, given as a list or as one text; names may be divided by commas.

    A filter is never divided: commas belong to its syntax.
    """
    if value is None:
        return ()
    if isinstance(value, str) and value.lstrip().startswith("["):
        # so dlt hands over a list from config.toml, and so environment variables hold one
        return words(setting, json_list(setting, value))
    if isinstance(value, str):
        parts = [value] if "filters" in setting else re.split(r"[,\s]+", value)
        return tuple(part for part in parts if part)
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(cast(Sequence[str], value))
    raise SettingError(setting, value, "Write a list of texts.")


def json_list(setting: str, value: str) -> list[object]:
    """A list that is written as JSON."""
    try:
        return list(json.loads(value))
    except ValueError:
        raise SettingError(setting, value, "Write a list of texts.") from None


def between(setting: str, value: float, least: float, most: float) -> float:
    """A number from `least` to `most`."""
    if not least <= value <= most:
        raise SettingError(setting, value, f"Write a number from {least:g} to {most:g}.")
    return value


def instant(setting: str, value: object) -> datetime | None:
    """A date (its midnight) or a time as a UTC instant in whole milliseconds."""
    if value is None or value == "":
        return None
    moment = parse_time(value)
    if moment is None:
        raise SettingError(setting, str(value), DATE_HELP)
    moment = moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def parse_time(value: object) -> datetime | None:
    """A datetime from what a person, a TOML file or a program may write; None if unreadable."""
    if isinstance(value, datetime):
        return datetime.fromisoformat(value.isoformat())
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        # Python 3.10 reads no Z
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", str(value).strip()))
    except ValueError:
        return None


def iso(moment: datetime) -> str:
    """An instant as the settings write it."""
    return moment.isoformat().replace("+00:00", "Z")
