"""Deletes exports from Coveo once the load that used them is complete.

An extract cannot know when its rows are safe in the destination; dlt tells its trackers.
What a killed process leaves on the server, the next run finds in the list and deletes.
"""

from collections.abc import Iterable
from typing import Any

from dlt.common import logger
from dlt.common.pipeline import LoadInfo
from dlt.pipeline import trace

from ..api.client import CoveoClient
from ..exceptions import CoveoSourceError


class DeletionAfterLoad:
    """A tracker that knows which exports each load package came from."""

    def __init__(self) -> None:
        self._exports: dict[str, tuple[CoveoClient, list[str]]] = {}
        self._resisting: list[tuple[CoveoClient, list[str]]] = []

    def expect(self, load_id: str, client: CoveoClient, exports: Iterable[str]) -> None:
        """Notes the exports that may go when a package is loaded."""
        if self not in trace.TRACKING_MODULES:
            trace.TRACKING_MODULES.append(self)
        self._exports[load_id] = (client, list(exports))

    def on_end_trace_step(
        self, trace: Any, step: Any, pipeline: Any, step_info: Any, send_state: bool
    ) -> None:
        """Deletes what a completed load came from; called by dlt after each step."""
        if step.step == "load" and isinstance(step_info, LoadInfo):
            # a load that was interrupted ends without an error, but not with this state
            complete = [each.load_id for each in step_info.load_packages if each.state == "loaded"]
            for load_id in complete:
                if load_id in self._exports:
                    client, exports = self._exports.pop(load_id)
                    self._resisting.append((client, delete(client, exports)))

    def again(self) -> bool:
        """Tries once more what could not be deleted; whether there was room made."""
        tried, self._resisting = self._resisting, []
        for client, exports in tried:
            self._resisting.append((client, delete(client, exports)))
        left = sum(len(exports) for _, exports in self._resisting)
        return left < sum(len(exports) for _, exports in tried)

    def on_start_trace(self, trace: Any, step: Any, pipeline: Any) -> None:
        """Nothing to do."""

    def on_start_trace_step(self, trace: Any, step: Any, pipeline: Any) -> None:
        """Nothing to do."""

    def on_end_trace(self, trace: Any, pipeline: Any, send_state: bool) -> None:
        """Nothing to do."""


def delete(client: CoveoClient, exports: Iterable[str]) -> list[str]:
    """Deletes exports; returns those that resist, which the next run finds and deletes."""
    resisting = []
    for export_id in exports:
        try:
            client.delete_export(export_id)
        except CoveoSourceError as error:
            logger.warning(f"{error} The next run deletes it.")
            resisting.append(export_id)
    return resisting


after_load = DeletionAfterLoad()
"""The one tracker of this process."""
