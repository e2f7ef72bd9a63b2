"""Goes through a plan step by step; decides what becomes of a window whose export fails.

One that may be too large is halved. For any other reason the same export is tried once more.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, TypeVar

from ..api import CoveoClient
from ..causes import find_cause
from ..exceptions import CoveoSourceError, ExportFailed, RowLimitReached
from ..exports import Window, halves
from ..signals import interruptible
from .plan import PlannedExport, estimates_of

_MARGIN = 0.5
"""The share of the row limit from which on an export may fail for its size (inferred): estimates
may be too low, and Coveo does not document what the limit counts."""
_NAMES_SIZE = re.compile(r"\brows?\b|\bsize\b|too (large|big|many)", re.IGNORECASE)
"""Words with which Coveo may say that an export was too large (inferred)."""

_Result = TypeVar("_Result")


class _Size(NamedTuple):
    """How large an export may be; None for what cannot be found out.

    expected: the rows that Coveo expects in all tables
    limit: the most rows that an export may have
    """

    expected: int | None
    limit: int | None

    def may_be_the_reason(self, failure: ExportFailed) -> bool:
        """Returns True unless something speaks against it."""
        if failure.message and _NAMES_SIZE.search(failure.message):
            return True
        if self.expected is None or self.limit is None:
            return True
        return self.expected > self.limit * _MARGIN


def window_by_window(
    steps: Iterable[PlannedExport],
    client: CoveoClient,
    load: Callable[[PlannedExport, list[PlannedExport]], Iterable[_Result]],
) -> Iterator[_Result]:
    """Yields what `load` yields for each step, or for what is tried in place of a failed one.

    load: called with a step and the steps after it

    Raises:
        RowLimitReached: if a window that cannot be halved has more rows than the limit
        ExportFailed: if Coveo fails to build another window again, or one that cannot be halved
    """
    waiting = deque(steps)
    failed = set[Window]()
    while waiting:
        step = waiting.popleft()
        try:
            yield from load(step, list(waiting))
        except Exception as error:
            failure = find_cause(error, ExportFailed)
            if failure is None:
                raise
            with interruptible():
                waiting.extendleft(_instead(step, client, failure, step.window in failed)[::-1])
            failed.add(step.window)


def _instead(
    step: PlannedExport, client: CoveoClient, failure: ExportFailed, is_second: bool
) -> list[PlannedExport]:
    """Returns what is tried in place of a step whose export failed."""
    size = _size_of(step, client)
    if not size.may_be_the_reason(failure):
        if is_second:
            raise failure.for_good(size.expected, size.limit) from failure
        client.say(f"Coveo failed to build the export of {step.window}; trying it once more.")
        return [replace(step, export=None)]
    if pieces := halves(step.window):
        client.say("Coveo failed to build the export; trying the window in two halves.")
        return [_planned(step, half, client) for half in pieces]
    if size.expected is not None and size.limit is not None and size.expected > size.limit:
        raise RowLimitReached(str(step.window), size.expected, size.limit) from failure
    raise failure.for_good(size.expected, size.limit) from failure


def _size_of(step: PlannedExport, client: CoveoClient) -> _Size:
    expected = limit = None
    with suppress(CoveoSourceError):
        expected = sum(estimates_of(step.request, client).values())
    with suppress(CoveoSourceError):
        limit = client.row_limit()
    return _Size(expected, limit)


def _planned(step: PlannedExport, half: Window, client: CoveoClient) -> PlannedExport:
    request = replace(step.request, window=half)
    estimates = None
    with suppress(CoveoSourceError):
        estimates = estimates_of(request, client)
    return replace(step, request=request, estimates=estimates, export=None)
