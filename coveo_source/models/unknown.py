"""Causes that no list knows, in what was built: a client may write what it likes."""

from collections.abc import Iterable
from typing import NamedTuple

import dlt

from .files import TIMELINE
from .resources import fetch_rows
from .runner import Built

_QUERY = """
    select
        c_event_type,
        coalesce(action_cause, click_cause, cause_v2, '') as cause,
        cast(count(*) as bigint) as events
    from {timeline}
    where _dlt_load_id = '{load}'
        and (
            event_cause_kind = 'unknown'
            or event_click_kind = 'other'
            and lower(coalesce(click_cause, cause_v2)) not in (
                select lower(action_cause) from click_causes
            )
        )
    group by 1, 2
    order by 3 desc, 1, 2
"""


class UnknownCause(NamedTuple):
    """A cause that is in no list.

    event_type: `Search` or `Click`
    cause: empty if the searches have none
    events: how many there were, in the visits that were built
    """

    event_type: str
    cause: str
    events: int


def unknown_causes(pipeline: dlt.Pipeline, built: Iterable[Built]) -> list[UnknownCause]:
    """Returns the unknown causes in the visits that were built, the most frequent first."""
    loads = [each.load_id for each in built if each.name == TIMELINE]
    if not loads or "_dlt_load_id" not in pipeline.default_schema.get_table_columns(TIMELINE):
        return []
    rows = fetch_rows(pipeline.dataset(), _QUERY.format(timeline=TIMELINE, load=loads[0]))
    return [UnknownCause(kind, cause, int(events)) for kind, cause, events in rows]
