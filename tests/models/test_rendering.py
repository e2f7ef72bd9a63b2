"""What settings change in the SQL and YAML of a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.model_settings import ModelSettings
from coveo_source.models.files import Model, models, parse_sql, sql_folder
from coveo_source.models.properties import read_folder
from coveo_source.models.rendering import rendered

SYDNEY = ModelSettings(time_zone="Australia/Sydney", gap_visits=5)
SLICED = ModelSettings(model_dimensions=("c_product", "country", "order"))


def test_a_literal_before_its_comment_is_replaced() -> None:
    sql = "select 'UTC' /* setting: time_zone */, 'UTC', 3 /* setting: gap_visits */, 3"
    assert rendered(sql, SYDNEY, ()) == (
        "select 'Australia/Sydney' /* setting: time_zone */, 'UTC', 5 /* setting: gap_visits */, 3"
    )


def test_a_part_is_repeated_for_each_dimension_that_the_model_does_not_have_anyway() -> None:
    sql = "a /* each of model_dimensions:\n, first_{dimension}.{dimension} as {dimension} */ b"
    assert rendered(sql, SLICED, ("country",)).split() == (
        'a , first_c_product."c_product" as "c_product" , first_order."order" as "order" b'.split()
    )


def test_without_dimensions_nothing_is_left_of_it() -> None:
    assert rendered("a /* each of model_dimensions: , {dimension} */ b", SYDNEY, ()) == "a  b"


@given(st.lists(st.from_regex(r"c_[a-z][a-z0-9_]{0,8}", fullmatch=True), max_size=3, unique=True))
def test_lines_stay_where_they_are(names: list[str]) -> None:
    settings = ModelSettings(model_dimensions=tuple(names))
    for path in sql_folder().glob("*.sql"):
        sql = path.read_text("utf-8")
        assert rendered(sql, settings, ()).count("\n") == sql.count("\n")


@pytest.mark.parametrize("model", models(SLICED).values(), ids=lambda model: model.name)
def test_every_model_can_be_parsed_with_dimensions(model: Model) -> None:
    assert "{dimension}" not in model.sql
    assert parse_sql(model.sql)


def test_dimensions_are_columns_of_the_models_that_are_sliced_and_part_of_the_key_of_days() -> None:
    sliced = {
        name
        for name, model in models(SLICED).items()
        if name != "all_events" and '"c_product"' in model.sql
    }
    assert sliced == {"search_outcomes", "visits", "query_visits", "daily_metrics"}
    [daily] = [each for each in read_folder(sql_folder(), SLICED) if each.name == "daily_metrics"]
    assert any('"c_product"' in key and '"order"' in key for key in daily.key)
