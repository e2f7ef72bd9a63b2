"""The SQL files of the models: what they read, and how they are selected by name."""

import pytest

from coveo_source.exceptions import SettingError
from coveo_source.models.files import SEEDS, models, selected
from coveo_source.tables import EVENT_TABLES


def test_an_unknown_model_is_refused_with_the_accepted_names() -> None:
    with pytest.raises(SettingError, match="Accepted: all_events"):
        selected(["no_such_model"])


def test_a_model_has_the_tables_that_it_reads() -> None:
    assert models()["all_events"].reads == frozenset((*EVENT_TABLES, *SEEDS))
