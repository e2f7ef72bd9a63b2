"""Deletes exports from Coveo, and their rows from disk, once their load has completed.

An extract cannot know when its rows have arrived in the destination, but dlt reports each step
to its trackers. Exports that a killed process leaves behind are found and deleted by the next run.
"""

from collections.abc import Iterable
from typing import Any

from dlt.common import logger
from dlt.common.pipeline import LoadInfo
from dlt.pipeline import trace

from ..api import CoveoClient
from ..exceptions import CoveoSourceError
from ..packages import delete_loaded


class _DeletionAfterLoad:
    """A dlt tracker that deletes a load package's exports and rows when it is loaded."""

    def __init__(self) -> None:
        self._exports: dict[str, tuple[CoveoClient, list[str]]] = {}
        self._undeleted: list[tuple[CoveoClient, list[str]]] = []

    def register(self) -> None:
        """Has the rows of every package of ours deleted when it is loaded."""
        if self not in trace.TRACKING_MODULES:
            trace.TRACKING_MODULES.append(self)

    def expect(self, load_id: str, client: CoveoClient, exports: Iterable[str]) -> None:
        """Marks the exports that a package is made from for deletion when it is loaded."""
        self.register()
        self._exports[load_id] = (client, list(exports))

    def on_end_trace_step(
        self, trace: Any, step: Any, pipeline: Any, step_info: Any, send_state: bool
    ) -> None:
        if step.step != "load" or not isinstance(step_info, LoadInfo):
            return
        for package in step_info.load_packages:
            # an interrupted load ends without an error, but leaves its packages in another state
            if package.state != "loaded":
                continue
            # somebody may want to look at jobs that failed; the next run deletes them
            if not package.jobs["failed_jobs"]:
                delete_loaded(pipeline, [package.load_id])
            if package.load_id in self._exports:
                client, exports = self._exports.pop(package.load_id)
                self._undeleted.append((client, delete_exports(client, exports)))

    def retry(self) -> bool:
        """Tries again to delete what could not be deleted; returns True if anything was."""
        earlier = self._undeleted
        self._undeleted = [(client, delete_exports(client, exports)) for client, exports in earlier]
        return self._undeleted != earlier

    def _ignore(self, *_: object) -> None:
        """Does nothing; dlt requires a method for each event."""

    on_start_trace = on_start_trace_step = on_end_trace = _ignore


def delete_exports(client: CoveoClient, exports: Iterable[str]) -> list[str]:
    """Deletes exports by their ids; returns those that could not be deleted."""
    undeleted = []
    for export_id in exports:
        try:
            client.delete_export(export_id)
        except CoveoSourceError as error:
            logger.warning(f"{error} The next run will delete the export.")
            undeleted.append(export_id)
    return undeleted


after_load = _DeletionAfterLoad()
"""The only tracker of this process."""
