"""One run at a time on a pipeline: two would use the same staging tables and lose rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..exceptions import PipelineBusy
from ..file_lock import FileLock


@contextmanager
def hold_lock(pipelines_dir: Path, pipeline: str) -> Iterator[None]:
    """Holds the lock of a pipeline, or raises PipelineBusy if another process holds it."""
    # beside the working folder, which dlt may remove
    lock = FileLock(pipelines_dir / f".{pipeline}.coveo_source.lock")
    if not lock.acquire():
        raise PipelineBusy(pipeline, lock.holder)
    try:
        yield
    finally:
        lock.release()
