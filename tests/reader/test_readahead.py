import threading
from collections.abc import Generator

import pytest

from coveo_source.reader.readahead import read_ahead


def test_items_are_made_in_another_thread_and_keep_their_order() -> None:
    def numbers() -> Generator[tuple[int, str], None, None]:
        for number in range(100):
            yield number, threading.current_thread().name

    items = list(read_ahead(numbers(), 3))
    assert [number for number, _ in items] == list(range(100))
    assert threading.current_thread().name not in {name for _, name in items}


def test_the_next_item_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def items() -> Generator[int, None, None]:
        yield 1
        made.set()
        yield 2

    for item in read_ahead(items()):
        # would never be set if the second item were made only on demand
        assert item == 2 or made.wait(30)


def test_no_more_items_than_asked_for_are_made_in_advance() -> None:
    made = []
    count_made = threading.Semaphore(0)

    def items() -> Generator[int, None, None]:
        for number in range(10):
            made.append(number)
            count_made.release()
            yield number

    ahead = read_ahead(items(), 2)
    assert next(ahead) == 0
    for _ in range(3):
        count_made.acquire()
    ahead.close()
    assert made == [0, 1, 2]


def test_an_error_is_raised_where_its_item_would_have_come() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        raise ValueError("second")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="second"):
        next(ahead)
    assert list(ahead) == []


def test_closing_early_closes_the_items_and_ends_the_thread() -> None:
    closed = []

    def items() -> Generator[int, None, None]:
        try:
            yield from range(100)
        finally:
            closed.append(threading.current_thread())

    before = threading.active_count()
    ahead = read_ahead(items())
    next(ahead)
    ahead.close()
    assert closed == [threading.current_thread()]
    assert threading.active_count() == before
