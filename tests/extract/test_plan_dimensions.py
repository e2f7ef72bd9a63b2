"""The dimensions that a plan asks for."""

from dataclasses import replace
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from coveo_source.exceptions import SettingError
from coveo_source.tables import TABLES
from tests.extract.plans import Serve, client_of, plan_of, write_requests
from tests.support.settings import HASH_KEY


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


def test_what_is_excluded_is_not_asked_for_whatever_its_capitals(demo: DemoServer) -> None:
    [step] = plan_of(demo, exclude_dimensions=["USERNAME", "c_product"]).steps
    asked = set(step.request.dimensions)
    assert not {"username", "userName", "c_product"} & asked
    assert {"userId", "queryExpression", "id", "datetime", "visitId"} <= asked
    [listed] = plan_of(demo, dimensions="country, city", exclude_dimensions="city").steps
    assert "city" not in listed.request.dimensions
    assert "country" in listed.request.dimensions


def test_what_is_hashed_is_asked_for_like_all_others(demo: DemoServer) -> None:
    [step] = plan_of(demo, hash_dimensions="username", hash_key=HASH_KEY).steps
    assert step.request.dimensions == ()


@pytest.mark.parametrize("setting", ["exclude_dimensions", "hash_dimensions"])
def test_a_private_dimension_that_is_misspelled_is_refused_with_similar_names(
    demo: DemoServer, setting: str
) -> None:
    values: dict[str, Any] = {"hash_key": HASH_KEY, setting: "user_name"}
    with pytest.raises(SettingError) as error:
        plan_of(demo, **values)
    assert error.value.setting == setting
    assert "userName" in error.value.accepted
    assert write_requests(demo) == []


def test_a_long_list_of_dimensions_is_sent_in_a_body(serve: Serve) -> None:
    server = serve()
    [step] = plan_of(server, exclude_dimensions="city").steps
    long = replace(step.request, dimensions=step.request.dimensions * 10)
    long.create(client_of(server))
    assert server.requests[-1].path.endswith("/exports/create")
    step.request.create(client_of(server))
    assert server.requests[-1].path.endswith("/exports")
