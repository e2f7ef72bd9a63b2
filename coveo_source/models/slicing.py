"""Into how many slices a full build is cut, so that each fits into the memory of DuckDB."""

from collections.abc import Mapping

from ..destination import Slices, building_threads
from ..tables import EVENT_TABLES
from .files import TIMELINE, Model
from .properties import VISIT
from .qualify import Schema

_MB = 10**6

_BYTES_A_CELL = 27
"""Bytes that DuckDB takes for each event and column of the timeline, while it sorts and writes."""
BYTES_AN_EVENT: Mapping[str, int] = {"search_outcomes": 1200, "visits": 1200}
"""Bytes that a model takes per event, if what it keeps of each group cannot go to disk. Both were
built from 442,000 events with 212 MB, and not with 100 MB; but of 4.7 million events, of which each
visit has two, slices for 600 bytes were too large for `search_outcomes`."""
_BYTES_OF_OTHERS = 400
"""The others were built from them with 20 MB."""
_MB_A_THREAD = 100
"""Megabytes that are taken however few events there are."""
_ROW_GROUP = 122_880
"""Rows that DuckDB keeps in memory, between two slices too, until it can write them together."""
_BYTES_A_WAITING_CELL = 12
"""Bytes that each of their columns takes: 113 MB were seen of 72 columns."""

_SAMPLE = 20_000
"""Values by which a result is cut; the parts differ in size by a few hundredths then."""


def slices_of(model: Model, schema: Schema, events: int, megabytes: int) -> Slices | None:
    """Returns how a model is built in full; None if at once.

    events: how many there are in all
    megabytes: what DuckDB may take
    """
    needed = events * _bytes_an_event(model, schema) / _MB
    waiting = _ROW_GROUP * _BYTES_A_WAITING_CELL * _width(model, schema) // _MB
    free = megabytes - _MB_A_THREAD * building_threads(megabytes) - waiting
    count = -int(-needed // max(1, free))
    if count < 2 or not model.unit:
        return None
    sample = f"using sample reservoir({_SAMPLE} rows)"
    if model.unit == VISIT:
        tables = [TIMELINE] if model.name != TIMELINE else list(EVENT_TABLES)
        visits = " union all ".join(
            f"select {VISIT} from {name}" for name in tables if name in schema
        )
        return Slices(count, f"select coalesce({VISIT}, '') from ({visits}) {sample}", "", "")
    days = f"select cast(event_{model.unit} as varchar) from {TIMELINE} {sample}"
    return Slices(count, days, "0001-01-01", "9999-12-31")


def _bytes_an_event(model: Model, schema: Schema) -> int:
    if model.name != TIMELINE:
        return BYTES_AN_EVENT.get(model.name, _BYTES_OF_OTHERS)
    return _BYTES_A_CELL * _width(model, schema)


def _width(model: Model, schema: Schema) -> int:
    """Returns how many columns a model has, of the timeline those of the events."""
    if model.name != TIMELINE:
        return len(model.properties.columns)
    return len({column for name in EVENT_TABLES for column in schema.get(name, ())})
