"""Shows the progress of exports in dlt's displays, as counters beside dlt's own."""

from dlt.common.runtime.collector_base import Collector

from ..api import Say
from ..watching import Event, ExportEvent, Watch

_COUNTERS = {"building": "seconds waited for Coveo", "fetching": "bytes downloaded"}
"""What dlt does not count itself, by the state of an export."""


def counting(collector: Collector, say: Say) -> Watch:
    """Returns what counts in one of dlt's collectors, and says for what a run waits.

    It may be called while the collector is inside a step only.
    """
    counted: dict[tuple[str, str], int] = {}
    told = set[str]()

    def watch(event: Event) -> None:
        if not isinstance(event, ExportEvent) or event.state not in _COUNTERS:
            return
        if event.state == "building" and event.done and event.export_id not in told:
            told.add(event.export_id)
            say(_waiting_text(event))
        key = event.export_id, event.state
        before = counted.get(key, 0)
        counted[key] = event.done
        # what is fetched again is counted again
        collector.update(
            _COUNTERS[event.state], event.done - (before if before <= event.done else 0)
        )

    return watch


def _waiting_text(event: ExportEvent) -> str:
    """Returns for what a run waits while an export is building, and for how long at most."""
    minutes = (event.total or 0) / 60
    return (
        f"The export {event.export_id} of {event.window} is being built by Coveo: waiting for it,"
        f" {minutes:,.3g} minutes at most (poll_timeout_minutes)."
    )
