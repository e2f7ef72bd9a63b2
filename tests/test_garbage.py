"""A command looks for garbage less often, and leaves everything as it was."""

import gc

from coveo_source.garbage import looked_for_less_often


class _Knot:
    """Refers to itself, so only a search for garbage removes it."""

    def __init__(self) -> None:
        self.itself = self


def collections() -> int:
    return sum(int(each["collections"]) for each in gc.get_stats())


def tie_knots() -> int:
    """Returns how often Python looks for garbage while many objects are made and dropped."""
    gc.collect()
    before = collections()
    for _ in range(20_000):
        _Knot()
    return collections() - before


def test_many_objects_are_made_without_a_search_for_garbage() -> None:
    assert tie_knots() > 0
    with looked_for_less_often():
        assert tie_knots() == 0


def test_garbage_is_found_at_last() -> None:
    with looked_for_less_often():
        before = collections()
        for _ in range(150_000):
            _Knot()
        assert collections() > before


def test_afterwards_all_is_as_before() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with looked_for_less_often():
        assert gc.get_freeze_count() > before[1]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
