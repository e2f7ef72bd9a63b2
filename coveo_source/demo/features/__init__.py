"""What the search site offers beside a list of results, and what visitors do with it.

Each module is one feature. It changes a visit that has been drawn already, with other random
numbers, so that a feature more or less leaves the visits as they are.
"""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from ..visits import Visit
from ..vocabulary import AGENT_PANEL, COMMUNITY, IN_APP_HELP
from .agents import help_with_a_case
from .answers import answer_questions
from .cases import fill_in_a_form, open_a_case
from .corrections import correct_misspellings
from .experiments import assigned_test, rank_better
from .facets import judge_facets
from .gaps import close_gaps
from .kiosks import name_causes
from .part import Part
from .recommendations import recommend
from .snippets import show_snippets

_Feature: TypeAlias = Callable[[Part], None]

_FEATURES: dict[str, tuple[tuple[float, _Feature], ...]] = {
    COMMUNITY[0]: (
        (1, rank_better),
        (1, judge_facets),
        (0.09, recommend),
        (0.03, fill_in_a_form),
        (0.55, answer_questions),
    ),
    IN_APP_HELP[0]: (
        (1, judge_facets),
        (0.09, recommend),
        (0.3, show_snippets),
        (0.12, open_a_case),
        (1, name_causes),
    ),
    AGENT_PANEL[0]: ((1, judge_facets), (1, help_with_a_case)),
}
"""The features of each interface, in the order in which they take effect, and each with the share
of the visits that may have a part in it."""


def add_features(visit: Visit, rng: Random) -> None:
    """Adds to a visit, and takes from it, what the site's features make of it.

    The events of each kind stay in the order of their time.
    """
    part = Part(visit, rng)
    correct_misspellings(part)
    close_gaps(part)
    if not visit.person.is_bot:
        draw = rng.random
        for share, feature in _FEATURES[visit.interface[0]]:
            if draw() < share:
                feature(part)


__all__ = ["add_features", "assigned_test"]
