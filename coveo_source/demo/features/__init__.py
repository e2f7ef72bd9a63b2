"""What the search site offers beside a list of results, and what visitors do with it.

Each module is one feature. It changes a visit that has been drawn already, with random numbers of
its own, so that a feature more or less leaves all other events as they are.
"""

from collections.abc import Callable
from typing import TypeAlias

from ..visits import Visit
from ..vocabulary import AGENT_PANEL, COMMUNITY, IN_APP_HELP
from .agents import help_with_a_case
from .answers import answer_questions
from .cases import fill_in_a_form, open_a_case
from .experiments import assigned_test, rank_better
from .facets import judge_facets
from .gaps import close_gaps
from .kiosks import name_causes
from .recommendations import recommend
from .snippets import show_snippets

_Feature: TypeAlias = Callable[[Visit], None]

_FEATURES: dict[str, tuple[_Feature, ...]] = {
    COMMUNITY[0]: (rank_better, judge_facets, recommend, fill_in_a_form, answer_questions),
    IN_APP_HELP[0]: (judge_facets, recommend, show_snippets, open_a_case, name_causes),
    AGENT_PANEL[0]: (judge_facets, help_with_a_case),
}
"""The features of each interface, in the order in which they take effect."""


def add_features(visit: Visit) -> None:
    """Adds to a visit, and takes from it, what the site's features make of it.

    The events of each kind stay in the order of their time.
    """
    close_gaps(visit)
    if not visit.person.is_bot:
        for feature in _FEATURES[visit.interface[0]]:
            feature(visit)


__all__ = ["add_features", "assigned_test"]
