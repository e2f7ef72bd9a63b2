"""Has Python look less often for objects that nobody can reach any more.

By default it looks through new objects after every 700 of them, and through all of them every now
and then. That takes long in a command that imports and parses hundreds of thousands, which stay
until it ends. Rows lie in Arrow's memory and in DuckDB's, which it does not concern.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 100_000
"""After how many of them Python looks through those; they take some ten megabytes."""


@contextmanager
def looked_for_less_often() -> Iterator[None]:
    """Looks for garbage less often meanwhile, and never among what is there already."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
