"""Tells which searches came by Event Protocol, whose exports hold less than those of the older one.

Inferred: it sends no custom events and no data of the page (`customDatas`), and names the browser
by a `clientId` instead of a `visitorId`.
"""

from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

_SENT = "clientId"
_NOT_SENT = ("visitorId", "customDatas")


def event_protocol_rows(searches: pa.Table) -> int:
    """Returns how many rows of `searches` came by Event Protocol."""
    names = searches.column_names
    if _SENT not in names:
        return 0
    unsent = [searches[name].is_null() for name in _NOT_SENT if name in names]
    return int(pc.sum(reduce(pc.and_, unsent, searches[_SENT].is_valid())).as_py() or 0)


def event_protocol_notice(found: int, searches: int) -> str:
    """Returns what a user has to know about searches that came by Event Protocol.

    found, searches: how many there were, of how many
    """
    return (
        f"{found:,} of {searches:,} searches seem to have come by Coveo's Event Protocol, which"
        " sends no custom events and no customDatas: what is made from these stays empty for them."
    )
