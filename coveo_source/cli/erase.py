"""The verb `erase`: erases the rows of a person or a visit, and every trace of them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..dataset import (
    FoundRows,
    Identifier,
    Owner,
    begin_erasure,
    erase_rows,
    find_rows,
    hold_lease,
    open_sql_dataset,
)
from ..destination import let_go
from ..exceptions import SettingError
from ..extract import PipelineState, check_key_of_identifier
from ..keyed_hash import keyed_hash, may_be_hash
from ..load import load_pending
from ..privacy_settings import read_hash_key
from .pipeline import Options, attached
from .progress import ConsoleProgress
from .traces import finish_erasures, remove_traces


class Erased(NamedTuple):
    """What an erasure came to.

    found: the rows that carry the identifier, and what belongs to them
    is_done: False if there are none, or somebody has said no
    """

    found: FoundRows
    is_done: bool


def erase_identifier(
    options: Options, identifier: Identifier, confirm: Callable[[FoundRows], bool]
) -> Erased:
    """Erases the rows of one identifier.

    confirm: asks whether what was found is to be erased

    Raises:
        SettingError: if the identifier is hashed with another key
        PipelineMismatch: if the pipeline holds no data of Coveo's, or the dataset another owner's
        PipelineBusy: if another run is writing to it
        ErasureUnfinished: if the rows are erased, but not yet all traces of them
    """
    if hash_key := read_hash_key():
        identifier = identifier._replace(hashed=keyed_hash(hash_key, identifier.value))
    progress = ConsoleProgress(options.volume)
    with (
        attached(options, progress) as pipeline,
        hold_lease(pipeline, Owner(options.pipeline)) as lease,
    ):
        if not may_be_hash(identifier.value):
            state = PipelineState.of_pipeline(pipeline.state)
            check_key_of_identifier(state, identifier.kind, hash_key)
        load_pending(pipeline, progress.say)
        finish_erasures(pipeline, lease, progress)
        with open_sql_dataset(pipeline) as dataset:
            found = find_rows(dataset, identifier)
        # the answer may take long
        let_go(pipeline)
        if not found.counts or lease is None or not confirm(found):
            return Erased(found, is_done=False)
        lease.check()
        with open_sql_dataset(pipeline) as dataset:
            erasure = begin_erasure(dataset)
            erase_rows(dataset, found, lease.record.salt, erasure)
        remove_traces(pipeline, lease, [erasure], progress)
        return Erased(found, is_done=True)


def checked_identifier(given: Mapping[str, str | None]) -> Identifier:
    """Returns the one identifier that is given.

    given: identifiers by kind

    Raises:
        SettingError: if it is not exactly one, or it is empty
    """
    present = [(kind, value) for kind, value in given.items() if value is not None]
    if len(present) != 1:
        names = ", ".join(given)
        raise SettingError(
            "identifier", " and ".join(kind for kind, _ in present) or None, f"Give one: {names}."
        )
    [(kind, value)] = present
    if not value.strip():
        raise SettingError(kind, value, "Write it exactly as it stands in the tables.")
    return Identifier(kind, value)
