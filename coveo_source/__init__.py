"""Coveo's usage analytics as a dlt source."""

from collections.abc import Sequence

import dlt
from dlt.extract import DltResource

from .settings import CoveoConfiguration, check_settings, takes_settings
from .source import CoveoSource
from .tables import SOURCE

__all__ = ["coveo_source"]


@dlt.source(name=SOURCE, section=SOURCE, spec=CoveoConfiguration, _impl_cls=CoveoSource)
@takes_settings
def coveo_source(configuration: CoveoConfiguration) -> Sequence[DltResource]:
    """Coveo's usage analytics: searches, clicks, custom events, keywords and groups.

    Each table is a resource with its own cursor. All tables that are due for a window share one
    export. If `from_date` and `to_date` are both given, that range is loaded and the cursors do not
    move. If a scheduler assigns an interval, it is loaded, and whatever is due before its end.

    Every setting is a parameter; CoveoConfiguration describes them. Settings that are not passed
    are read from dlt's configuration.

    Returns:
        The five tables; `exports`, one row for every export; and `rejected_rows`, the cells and
        records that do not fit.

    Raises:
        SettingError: if a setting is not accepted
    """
    # imported here because dlt imports this package at every start of its command
    from .extract import ExtractContext, make_resources
    from .scrubbing import scrubbed_errors
    from .sentry import protect_sentry

    protect_sentry()
    with scrubbed_errors():
        return make_resources(ExtractContext(check_settings(configuration)))
