"""One window of a run, to be loaded as a package of its own."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..api import Say
from ..dataset import DatasetRecord
from ..destination import EarlyRows
from ..exports import Prefetch
from ..watching import Watch
from .dimensions import Dimension
from .plan import PlannedExport


class SingleWindow(NamedTuple):
    """One window of a run, to be loaded as a package of its own.

    later: the windows that the run loads after it
    prefetch: the one that all windows of the run share
    record: of the dataset; None if the destination has no SQL
    say: tells people what they may want to know
    watch: told how far the export is
    with_models: whether the models are built of it
    dimensions: Coveo's list of them; None if it is not known
    is_first: whether it is the first one of the run
    early: where its rows go while it is read; None if they have to wait for the load
    at_hand: called when its export is on disk, and Coveo is not waited for any more
    """

    step: PlannedExport
    later: Sequence[PlannedExport]
    prefetch: Prefetch
    record: DatasetRecord | None
    say: Say
    watch: Watch
    with_models: bool
    dimensions: Sequence[Dimension] | None = None
    is_first: bool = True
    early: EarlyRows | None = None
    at_hand: Callable[[], None] = lambda: None
