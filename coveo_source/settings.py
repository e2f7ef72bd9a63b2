"""The settings under `[sources.coveo_source]`, checked before the first request."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, Union
from urllib.parse import urlsplit

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from .exceptions import SettingError
from .privacy_settings import excluded_dimensions, hash_key, hashed_dimensions
from .setting_values import (
    api_url,
    between,
    instant,
    iso_time,
    megabytes,
    one_of,
    required_text,
    table_names,
    token,
    whole_number,
    words,
)

EXPORT_FORMATS = ("EXCEL", "NO_NEWLINE")
"""The CSV dialects that Coveo can write."""

LEAST_MEMORY = 512
"""Megabytes with which everything can be loaded and built, however much it is."""

_MAX_DAYS = 365
"""Coveo's console refuses longer ranges."""

_MAX_TOLERANCE = 10_000_000
"""Minutes: 19 years, as good as any clock."""

_MAX_RATE = 100_000_000
"""Bytes a second: nobody may count on more."""

DateLike = Union[str, date, datetime]  # noqa: UP007 (dlt does not read X | Y inside a union)
Words = Union[str, list[str]]  # noqa: UP007


@configspec
class CoveoConfiguration(BaseConfiguration):
    """The settings as dlt reads them from config.toml, secrets.toml and the environment.

    Their names, types, defaults and meanings stand only here: the parameters of `coveo_source` and
    the page `docs/settings.md` are made from them.

    from_date: start for tables that were never loaded, in UTC, as `2026-01-31` or
        `2026-01-31T13:30:00Z`; 30 days back by default
    to_date: end of the range; now by default; together with from_date it is a backfill, which
        leaves the cursors alone
    tables: which of `searches`, `clicks`, `custom_events`, `keywords` and `groups` to load; all by
        default
    dimensions: API names of the columns to export; all by default; keys are always included, and
        columns that are left out keep what they hold
    exclude_dimensions: API names of columns that are neither asked of Coveo nor loaded
    hash_dimensions: API names of text columns of which only hashes are loaded, the same for the
        same value; needs hash_key
    hash_key: the secret of these hashes, at least 32 random characters
    filters: conditions on all events, in Coveo's [filter syntax](https://docs.coveo.com/en/2727/)
    search_filters: conditions on searches and clicks
    custom_event_filters: conditions on custom events
    api_key: API key or OAuth2 token with the privileges Analytics - Data exports - Edit and View
    org: the organization's id
    region: where the organization lives: `us`, `eu`, `au`, `ca` or `hipaa`
    base_url: scheme and host of the API, instead of a region
    export_format: the CSV dialect that Coveo writes, `EXCEL` or `NO_NEWLINE`
    window_days: the longest window that one export covers
    max_windows: how many windows one run loads at most, the oldest ones; the next run goes on
    lookback_days: how far behind its cursor a table is read again, for late events
    settle_minutes: how close to now the range may come
    wait_minutes: how long a run waits for the last events of an interval, and for a DuckDB file
        that another process has open
    publish: where a copy of the DuckDB file for readers is written after each run: a file, or a
        folder that exists; a relative path is beside the database
    memory_limit: how much memory a command may take, as `2GB`, `512MB` or `1GiB`, at least 512MB; a
        quarter of what the machine or the container gives by default
    allow_external_schedulers: whether the interval that a scheduler assigns decides what is loaded
    poll_timeout_minutes: how long Coveo may take to build one export
    clock_tolerance_minutes: by how much Coveo's clock may differ from this machine's; beyond it
        nothing is loaded
    min_download_rate: bytes a second; a download that is slower for a minute is broken off and
        resumed; 0 for no limit
    keep_exports: whether exports stay with Coveo after the load, where they count against the quota
    exports_ahead: how many exports Coveo may build beside the one that is being loaded; the file
        of the next one is downloaded in the background
    strict: whether a value or record that does not fit is an error, instead of a row in
        `rejected_rows`, and so is a sign that an export is not whole
    max_rejected_share: the share of a file's records, 0 to 1, of which something may be rejected;
        beyond it nothing is loaded
    allow_erased: whether rows that were erased from the dataset are loaded again
    allow_http: whether other machines may be reached without TLS, which exposes the key
    """

    from_date: DateLike | None = None
    to_date: DateLike | None = None
    tables: Words | None = None
    dimensions: Words | None = None
    exclude_dimensions: Words | None = None
    hash_dimensions: Words | None = None
    hash_key: TSecretStrValue | None = None
    filters: Words | None = None
    search_filters: Words | None = None
    custom_event_filters: Words | None = None
    api_key: TSecretStrValue = None  # type: ignore[assignment]
    org: str = None  # type: ignore[assignment]
    region: str = "us"
    base_url: str | None = None
    export_format: str = "EXCEL"
    window_days: float = 30.0
    max_windows: int | None = None
    lookback_days: float = 1.0
    settle_minutes: float = 15.0
    wait_minutes: float = 30.0
    publish: str | None = None
    memory_limit: str | None = None
    allow_external_schedulers: bool = True
    poll_timeout_minutes: float = 60.0
    clock_tolerance_minutes: float = 60.0
    min_download_rate: float = 1000.0
    keep_exports: bool = False
    exports_ahead: int = 2
    strict: bool = False
    max_rejected_share: float = 0.25
    allow_erased: bool = False
    allow_http: bool = False


_Returned = TypeVar("_Returned")


def takes_settings(
    function: Callable[[CoveoConfiguration], _Returned],
) -> Callable[..., _Returned]:
    """Gives a function one parameter for each setting, as dlt's injection of values needs it.

    dlt passes them, resolved, as the one parameter `configuration`.
    """
    hints = CoveoConfiguration.get_resolvable_fields()
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [
            *(
                inspect.Parameter(
                    name, kind, default=getattr(CoveoConfiguration, name), annotation=hint
                )
                for name, hint in hints.items()
            ),
            inspect.Parameter("configuration", kind, default=None, annotation=CoveoConfiguration),
        ]
    )

    @wraps(function)
    def with_settings(*args: Any, **kwargs: Any) -> _Returned:
        return function(signature.bind(*args, **kwargs).arguments["configuration"])

    with_settings.__signature__ = signature  # type: ignore[attr-defined]
    return with_settings


@dataclass(frozen=True)
class Settings:
    """The settings, checked, with the types that the code works with.

    base_url: also where only a region is set
    hash_key: empty if there is none
    memory_limit: in megabytes; None for the default
    """

    api_key: str = field(repr=False)
    org: str
    base_url: str
    from_date: datetime | None
    to_date: datetime | None
    tables: tuple[str, ...]
    dimensions: tuple[str, ...]
    exclude_dimensions: tuple[str, ...]
    hash_dimensions: tuple[str, ...]
    hash_key: str = field(repr=False)
    filters: tuple[str, ...]
    search_filters: tuple[str, ...]
    custom_event_filters: tuple[str, ...]
    export_format: str
    window: timedelta
    max_windows: int | None
    lookback: timedelta
    settle: timedelta
    wait: timedelta
    publish: str | None
    memory_limit: int | None
    allow_external_schedulers: bool
    poll_timeout: timedelta
    clock_tolerance: timedelta
    min_download_rate: float
    keep_exports: bool
    exports_ahead: int
    strict: bool
    max_rejected_share: float
    allow_erased: bool
    allow_http: bool

    @property
    def is_backfill(self) -> bool:
        """True if both ends of the range are given."""
        return self.from_date is not None and self.to_date is not None

    @property
    def host(self) -> str:
        """Host of the API, without the port. It and `org` identify the organization."""
        return urlsplit(self.base_url).hostname or ""


def check_settings(config: CoveoConfiguration) -> Settings:
    """Returns the checked settings.

    Raises:
        SettingError: for the first value that is not accepted
    """
    excluded = excluded_dimensions(config.exclude_dimensions)
    hashed = hashed_dimensions(config.hash_dimensions, excluded)
    settings = Settings(
        api_key=token("api_key", config.api_key),
        org=required_text("org", config.org),
        base_url=api_url(config.region, config.base_url, config.allow_http),
        from_date=instant("from_date", config.from_date),
        to_date=instant("to_date", config.to_date),
        tables=table_names(config.tables),
        dimensions=words("dimensions", config.dimensions),
        exclude_dimensions=excluded,
        hash_dimensions=hashed,
        hash_key=hash_key(config.hash_key, hashed),
        filters=words("filters", config.filters),
        search_filters=words("search_filters", config.search_filters),
        custom_event_filters=words("custom_event_filters", config.custom_event_filters),
        export_format=one_of("export_format", config.export_format.upper(), EXPORT_FORMATS),
        window=timedelta(days=between("window_days", config.window_days, 0.01, _MAX_DAYS)),
        max_windows=whole_number("max_windows", config.max_windows),
        lookback=timedelta(days=between("lookback_days", config.lookback_days, 0, _MAX_DAYS)),
        settle=timedelta(minutes=between("settle_minutes", config.settle_minutes, 0, 10_000)),
        wait=timedelta(minutes=between("wait_minutes", config.wait_minutes, 0, 10_000)),
        publish=config.publish or None,
        memory_limit=megabytes("memory_limit", config.memory_limit, LEAST_MEMORY),
        allow_external_schedulers=config.allow_external_schedulers,
        poll_timeout=timedelta(
            minutes=between("poll_timeout_minutes", config.poll_timeout_minutes, 0.01, 10_000)
        ),
        clock_tolerance=timedelta(
            minutes=between(
                "clock_tolerance_minutes", config.clock_tolerance_minutes, 0, _MAX_TOLERANCE
            )
        ),
        min_download_rate=between("min_download_rate", config.min_download_rate, 0, _MAX_RATE),
        keep_exports=config.keep_exports,
        exports_ahead=int(between("exports_ahead", config.exports_ahead, 0, 100)),
        strict=config.strict,
        max_rejected_share=between("max_rejected_share", config.max_rejected_share, 0, 1),
        allow_erased=config.allow_erased,
        allow_http=config.allow_http,
    )
    if settings.from_date and settings.to_date and settings.from_date > settings.to_date:
        end = iso_time(settings.to_date)
        raise SettingError(
            "from_date", iso_time(settings.from_date), f"It must not be after to_date, {end}."
        )
    return settings
