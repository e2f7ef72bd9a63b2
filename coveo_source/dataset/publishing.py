"""Writes the copy for readers when everything is in the dataset that a command brings."""

from pathlib import Path

import dlt

from ..destination import check_copy, database_file, let_go, patience_of, write_copy
from .comments import write_comments
from .lease import Lease
from .sql import open_dataset


def publish_copy(pipeline: dlt.Pipeline, lease: Lease | None, publish: str | None) -> Path | None:
    """Replaces the copy for readers by what the dataset holds now; returns its path.

    lease: of the dataset, so that nobody else writes to it meanwhile
    publish: the setting; without it there is no copy, and None is returned

    Raises:
        SettingError: if there can be no copy
        CopyNotWritten: if a former copy is left as it is
        DatabaseHeld: if another process writes to the database for too long
    """
    copy, file = check_copy(pipeline, publish), database_file(pipeline)
    if copy is None or file is None or lease is None:
        return None
    lease.check()
    with open_dataset(pipeline) as dataset:
        if dataset:
            write_comments(pipeline, dataset)
    let_go(pipeline)
    with lease.paused():
        write_copy(file, copy, patience_of(pipeline.destination))
    return copy
