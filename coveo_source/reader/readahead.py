"""Works on what comes next while what is there is used."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

END: Any = object()


def read_ahead(items: Generator[T, None, None], count: int = 1) -> Generator[T, None, None]:
    """The same items, made in a thread of their own, at most `count` of them in advance.

    An error is raised where its item would have come. `items` is closed in the end, also where
    not all of them were asked for.
    """
    try:
        with ThreadPoolExecutor(1, "ahead") as thread:
            coming = deque(thread.submit(next, items, END) for _ in range(count))
            try:
                while (item := coming.popleft().result()) is not END:
                    coming.append(thread.submit(next, items, END))
                    yield item
            finally:
                for future in coming:
                    future.cancel()
    finally:
        items.close()
