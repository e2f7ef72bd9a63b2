"""The verb `erase`: erases the rows of a person or a visit, and every trace of them."""

import sys
from collections.abc import Iterator, Mapping

from dlt._workspace.cli import echo

from ..dataset import (
    Identifier,
    Owner,
    begin_erasure,
    erase_rows,
    find_rows,
    hold_lease,
    open_sql_dataset,
)
from ..exceptions import SettingError
from ..load import load_pending
from ..signals import interruptible
from .pipeline import Options, attached
from .progress import ConsoleProgress
from .summary import erased_text, found_text
from .traces import finish_erasures, remove_traces


def erase(options: Options, given: Mapping[str, str | None], confirmed: bool) -> Iterator[str]:
    """Erases the rows of one identifier; yields texts on what it finds and on what it has done.

    given: identifiers by kind, of which one is not None
    confirmed: whether the user need not be asked

    Raises:
        SettingError: if the identifier is empty, or nobody can be asked
        PipelineMismatch: if the pipeline holds no data of Coveo's, or the dataset another owner's
        PipelineBusy: if another run is writing to it
        ErasureUnfinished: if the rows are erased, but not yet all traces of them
    """
    identifier = _identifier(given)
    say = (progress := ConsoleProgress()).say
    with (
        attached(options, progress) as pipeline,
        hold_lease(pipeline, Owner(options.pipeline)) as lease,
    ):
        load_pending(pipeline, say)
        finish_erasures(pipeline, lease, say)
        with open_sql_dataset(pipeline) as dataset:
            found = find_rows(dataset, identifier)
        if not found.counts or lease is None:
            yield f"No row carries this {identifier}, so nothing was erased."
            return
        yield found_text(found)
        # dlt's command takes `--yes` off the command line for itself
        if not confirmed and not echo.ALWAYS_CONFIRM and not _is_wanted():
            yield "Nothing was erased."
            return
        # the answer may have taken long
        lease.check()
        with open_sql_dataset(pipeline) as dataset:
            erasure = begin_erasure(dataset)
            erase_rows(dataset, found, lease.record.salt, erasure)
        remove_traces(pipeline, lease, [erasure], say)
        yield erased_text(found)


def _identifier(given: Mapping[str, str | None]) -> Identifier:
    [(kind, value)] = [(kind, value) for kind, value in given.items() if value is not None]
    if not value.strip():
        raise SettingError(kind, value, "Write it exactly as it stands in the tables.")
    return Identifier(kind, value)


def _is_wanted() -> bool:
    """Asks the user; raises a SettingError if there is no terminal to ask on."""
    if not sys.stdin.isatty():
        raise SettingError("yes", None, "Nothing was erased: without a terminal, give --yes.")
    with interruptible():
        return input("Erase them? This cannot be undone. [y/N] ").strip().lower() in ("y", "yes")
