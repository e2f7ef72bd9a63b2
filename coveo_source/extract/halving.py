"""Goes through a plan step by step, and halves a window whose export Coveo fails to build."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from ..api import CoveoClient
from ..causes import find_cause
from ..exceptions import ExportFailed, RowLimitReached
from ..exports import Window, halves
from ..signals import interruptible
from .plan import PlannedExport, estimated_rows

_Result = TypeVar("_Result")


def window_by_window(
    steps: Iterable[PlannedExport],
    client: CoveoClient,
    load: Callable[[PlannedExport, list[PlannedExport]], Iterable[_Result]],
    on_halved: Callable[[], None] = lambda: None,
) -> Iterator[_Result]:
    """Yields what `load` yields for each step, or for the halves of one whose export failed.

    load: called with a step and the steps after it
    on_halved: called before the first half is loaded

    Raises:
        RowLimitReached: if a window that cannot be halved has more rows than the limit
        ExportFailed: if Coveo fails to build another window that cannot be halved
    """
    waiting = deque(steps)
    while waiting:
        step = waiting.popleft()
        try:
            yield from load(step, list(waiting))
        except Exception as error:
            failure = find_cause(error, ExportFailed)
            if failure is None:
                raise
            with interruptible():
                waiting.extendleft(_halves_of(step, client, failure)[::-1])
            on_halved()


def _halves_of(
    step: PlannedExport, client: CoveoClient, failure: ExportFailed
) -> list[PlannedExport]:
    def planned(half: Window) -> PlannedExport:
        request = replace(step.request, window=half)
        return replace(step, request=request, estimate=estimated_rows(request, client), export=None)

    # Coveo does not say why an export failed: it may be too large
    if pieces := halves(step.window):
        return [planned(half) for half in pieces]
    expected, limit = estimated_rows(step.request, client), client.row_limit()
    if limit is not None and expected > limit:
        raise RowLimitReached(str(step.window), expected, limit) from failure
    raise failure
