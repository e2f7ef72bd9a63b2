"""The dimensions that a plan asks for."""

import pytest

from coveo_source.demo import DemoServer
from coveo_source.exceptions import SettingError
from coveo_source.tables import TABLES
from tests.extract.plans import client_of, plan_of, write_requests


def test_an_unknown_dimension_is_refused_with_similar_names(demo: DemoServer) -> None:
    with pytest.raises(SettingError) as error:
        plan_of(demo, dimensions="queryExpression, quereyExpresion")
    assert error.value.setting == "dimensions"
    assert "'quereyExpresion'" in str(error.value)
    assert "queryExpression" in error.value.accepted
    assert write_requests(demo) == []


def test_a_dimension_unlike_all_others_is_refused_with_some_that_exist(demo: DemoServer) -> None:
    with pytest.raises(SettingError) as error:
        plan_of(demo, dimensions="zzzzzz")
    assert "among others: " in error.value.accepted
    assert error.value.accepted.count(",") > 3


def test_keys_times_and_links_are_exported_beside_the_dimensions(demo: DemoServer) -> None:
    [step] = plan_of(demo, dimensions=["queryExpression", "c_product"]).steps
    dimensions = step.request.dimensions
    assert dimensions[:2] == ("queryExpression", "c_product")
    for table in TABLES.values():
        assert {*table.key, "datetime"} <= set(dimensions)
    assert {"visitId", "searchId", "lastSearchId"} <= set(dimensions)
    assert len(dimensions) == len(set(dimensions))
    export = step.request.create(client_of(demo))
    assert export.status in ("PENDING", "AVAILABLE")


def test_without_the_setting_dimensions_are_neither_listed_nor_requested(demo: DemoServer) -> None:
    [step] = plan_of(demo).steps
    assert step.request.dimensions == ()
    assert not [request for request in demo.requests if "dimensions" in request.path]
