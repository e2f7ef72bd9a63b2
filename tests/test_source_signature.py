"""The parameters of `coveo_source` are the settings."""

import inspect
from typing import get_type_hints

import pytest

from coveo_source import coveo_source
from coveo_source.settings import CoveoConfiguration, Settings

FIELDS = CoveoConfiguration.get_resolvable_fields()


def test_every_setting_is_a_parameter_with_its_default() -> None:
    parameters = dict(inspect.signature(coveo_source).parameters)
    assert parameters.pop("configuration").annotation is CoveoConfiguration
    assert list(parameters) == list(FIELDS)
    for name, parameter in parameters.items():
        assert parameter.annotation == FIELDS[name]
        assert parameter.default == getattr(CoveoConfiguration, name)


def test_every_setting_is_checked() -> None:
    unit_left_out = {"window", "lookback", "settle", "wait", "poll_timeout", "clock_tolerance"}
    checked = {
        name if name not in unit_left_out else next(f for f in FIELDS if f.startswith(name))
        for name in get_type_hints(Settings)
    }
    # a region becomes a base_url
    assert checked == FIELDS.keys() - {"region"}


def test_a_parameter_that_is_no_setting_is_refused() -> None:
    with pytest.raises(TypeError, match="'form_date'"):
        coveo_source(form_date="2026-01-01")


def test_the_range_can_be_passed_by_position() -> None:
    source = coveo_source("2026-01-01", "2026-02-01", ["clicks"], api_key="xx", org="acme")
    beside = {"exports", "rejected_rows", "removed_rows", "dimensions"}
    assert set(source.resources) == {"clicks", *beside}
