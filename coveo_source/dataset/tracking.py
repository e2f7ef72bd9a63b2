"""Follows the runs of a library user, who calls `pipeline.run` and nothing else.

dlt reports each step to its trackers: before a run what a killed one had loaded is put away, at the
end of a load its counts are compared with those of its files, and at the end of a run the lease on
the dataset is given back.
"""

from typing import Any

from dlt.common import logger
from dlt.common.pipeline import LoadInfo
from dlt.pipeline import trace

from ..exceptions import CountMismatch, CoveoSourceError
from ..packages import file_loaded
from ..tables import SOURCE
from .lease import Lease, give_back
from .publishing import publish_copy
from .reconciliation import completed_loads, reconcile

_OWN_STEPS = (
    "If a step of yours leaves out rows (add_filter, add_map), use the setting filters instead:"
    " Coveo leaves them out then, and the counts agree."
)


class _Watch:
    """A dlt tracker that proves loads and gives back leases."""

    def __init__(self) -> None:
        self._loads: set[str] = set()
        self._leases: dict[str, tuple[Lease, str | None]] = {}
        self._unproved: set[str] = set()

    def register(self) -> None:
        """Follows all runs of this process from now on."""
        if self not in trace.TRACKING_MODULES:
            trace.TRACKING_MODULES.append(self)

    def expect(self, load_id: str) -> None:
        """Has the counts of a load compared as soon as it is loaded."""
        self.register()
        self._loads.add(load_id)

    def hold(self, pipeline: str, lease: Lease, publish: str | None = None) -> None:
        """Has a lease given back when the run of a pipeline ends.

        publish: the setting; before that, and if all went well, the copy for readers is written
        """
        self.register()
        self._leases[pipeline] = lease, publish
        self._unproved.discard(pipeline)

    def on_start_trace_step(self, trace: Any, step: Any, pipeline: Any) -> None:
        if step in ("run", "load") and pipeline.default_schema_name == SOURCE:
            file_loaded(pipeline)

    def on_end_trace_step(
        self, trace: Any, step: Any, pipeline: Any, step_info: Any, send_state: bool
    ) -> None:
        if step.step != "load" or not isinstance(step_info, LoadInfo):
            return
        for load_id in self._loads.intersection(completed_loads(step_info)):
            self._loads.discard(load_id)
            try:
                reconcile(pipeline, load_id)
            except CountMismatch as error:
                # a tracker cannot fail the run, but the window stays due
                logger.error(f"{error} {_OWN_STEPS}")
                self._unproved.add(pipeline.pipeline_name)

    def on_end_trace(self, trace: Any, pipeline: Any, send_state: bool) -> None:
        lease, publish = self._leases.pop(pipeline.pipeline_name, (None, None))
        if not lease:
            return
        is_proved = pipeline.pipeline_name not in self._unproved
        if publish and is_proved and not any(step.step_exception for step in trace.steps):
            try:
                publish_copy(pipeline, lease, publish)
            except CoveoSourceError as error:
                logger.error(str(error))
        give_back(pipeline, lease)

    def _ignore(self, *_: object) -> None:
        """Does nothing; dlt requires a method for each event."""

    on_start_trace = _ignore


watch = _Watch()
"""The only tracker of this kind in the process."""
