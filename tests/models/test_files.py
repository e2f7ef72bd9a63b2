"""The SQL files of the models: what they read, and how they are selected by name."""

from pathlib import Path

import pytest

from coveo_source.exceptions import SettingError
from coveo_source.models.files import SEEDS, models, parse_sql, read_model, selected, tables_of
from coveo_source.tables import EVENT_TABLES


def test_an_unknown_model_is_refused_with_the_accepted_names() -> None:
    with pytest.raises(SettingError, match="Accepted: all_events"):
        selected(["no_such_model"])


def test_a_model_has_the_tables_that_it_reads() -> None:
    assert models()["all_events"].reads == frozenset((*EVENT_TABLES, *SEEDS))


@pytest.mark.parametrize("name", models())
def test_a_model_reads_what_its_yaml_says(name: str) -> None:
    model = models()[name]
    assert model.properties.reads == {table.name for table in tables_of(parse_sql(model.sql))}


def test_what_a_model_reads_is_found_in_its_sql_if_its_yaml_does_not_say_it(
    own_folder: Path,
) -> None:
    (own_folder / "counts.sql").write_text("with c as (from visits) select 1 from c, searches")
    (own_folder / "counts.yml").write_text("models: [{name: counts}]")
    assert read_model(own_folder / "counts.sql").reads == {"visits", "searches"}
