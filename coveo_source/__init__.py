"""Coveo's usage analytics as a dlt source."""

from collections.abc import Sequence

import dlt
from dlt.extract import DltResource

from .settings import CoveoConfiguration, DateLike, Words, check_settings
from .tables import SOURCE

__all__ = ["coveo_source"]


@dlt.source(name=SOURCE, section=SOURCE, spec=CoveoConfiguration)
def coveo_source(
    from_date: DateLike | None = None,
    to_date: DateLike | None = None,
    tables: Words | None = None,
    dimensions: Words | None = None,
    filters: Words | None = None,
    search_filters: Words | None = None,
    custom_event_filters: Words | None = None,
    api_key: str = dlt.secrets.value,
    org: str = dlt.config.value,
    region: str = "us",
    base_url: str | None = None,
    export_format: str = "EXCEL",
    window_days: float = 30,
    lookback_days: float = 1,
    settle_minutes: float = 15,
    poll_timeout_minutes: float = 60,
    keep_exports: bool = False,
    exports_ahead: int = 2,
    strict: bool = False,
    allow_http: bool = False,
    configuration: CoveoConfiguration = None,  # type: ignore[assignment]
) -> Sequence[DltResource]:
    """Coveo's usage analytics: searches, clicks, custom events, keywords and groups.

    Each table is a resource with its own cursor; all tables due for a window share one export.
    With `from_date` and `to_date` both given, or inside of a scheduler's interval, that range is
    loaded and the cursors stay as they are. The settings are described at CoveoConfiguration.

    Returns:
        The five tables, `exports` (one row for every export) and `rejected_rows` (the cells that
        do not fit their type).

    Raises:
        SettingError: if a setting is not accepted
    """
    # here and not above: dlt imports this package at every start of its command
    from .extract.context import ExtractContext
    from .extract.resources import resources

    return resources(ExtractContext(check_settings(configuration)))
