"""Cases of which every run of the suite checks some."""

from collections.abc import Iterable
from typing import Any

import pytest


def some_of(cases: Iterable[Any], *chosen: Any) -> list[Any]:
    """Returns cases as parameters; all but the chosen ones run only in the group `thorough`.

    chosen: names of cases, or cases themselves if they have no names
    """
    given = [case if hasattr(case, "marks") else pytest.param(case) for case in cases]
    names = [case.id or case.values[0] for case in given]
    assert set(chosen) <= set(names), names
    marks = (pytest.mark.thorough, pytest.mark.slow)
    return [
        case
        if name in chosen
        else pytest.param(*case.values, id=case.id, marks=(*case.marks, *marks))
        for case, name in zip(given, names, strict=True)
    ]
