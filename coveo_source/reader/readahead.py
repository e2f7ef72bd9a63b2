"""Reads ahead in a background thread."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

_T = TypeVar("_T")
_END: Any = object()


def read_ahead(items: Generator[_T, None, None], count: int = 1) -> Generator[_T, None, None]:
    """Yields the same items, made in a background thread, up to `count` of them in advance.

    An error is raised where its item would have come. `items` is closed afterwards, even if some
    of them were not used.
    """
    with closing(items), ThreadPoolExecutor(1, "ahead") as thread:
        pending = deque(thread.submit(next, items, _END) for _ in range(count))
        try:
            while (item := pending.popleft().result()) is not _END:
                pending.append(thread.submit(next, items, _END))
                yield item
        finally:
            for future in pending:
                future.cancel()
