"""The semantic layer of the dbt project, for MetricFlow: `models/semantic_models.yml`.

It is in the older of MetricFlow's two forms, with measures: dbt 1.10 and 1.11 read no other.
https://docs.getdbt.com/docs/build/semantic-models
"""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

from ...model_settings import ModelSettings
from ..files import Model
from .measures import MEASURED, PEOPLE, SLICERS, WITH_DIMENSIONS, Measure, Measured, Ratio

_DATE = "date"
_HOUR = "hour_of_day"

_GRAINS = "nanosecond microsecond millisecond second minute hour day week month quarter year"
_KEYWORDS = (
    "and as create distinct for from full having in inner into is join left like natural not null"
    " on or right select union using where with metric_time mf_internal_uuid"
)
_NO_DIMENSIONS = frozenset(
    {
        *_GRAINS.split(),
        *_KEYWORDS.split(),
        *(each.entity for each in MEASURED),
        *(measure.name for each in MEASURED for measure in each.measures),
    }
)
"""What MetricFlow accepts as the name of no dimension, in any semantic model."""


def semantic_layer(
    models: Mapping[str, Model], settings: ModelSettings, translate: Callable[[str], str] = str
) -> dict[str, Any]:
    """Returns the content of the YAML file.

    models: all of them by name
    settings: with columns instead of API names
    translate: writes an expression of DuckDB's in the SQL of the project
    """
    return {
        "version": 2,
        "semantic_models": [
            _semantic_model(each, models[each.model], settings, translate) for each in MEASURED
        ],
        "metrics": [metric for each in MEASURED for metric in _metrics(each)],
    }


def _semantic_model(
    measured: Measured, model: Model, settings: ModelSettings, translate: Callable[[str], str]
) -> dict[str, Any]:
    return {
        "name": measured.model,
        "description": model.properties.content["description"],
        "model": f"ref('{measured.model}')",
        "defaults": {"agg_time_dimension": _DATE},
        "entities": [
            {"name": measured.entity, "type": "primary", "expr": measured.key},
            *(
                {"name": entity, "type": "foreign", "expr": column}
                for entity, column in measured.references.items()
            ),
        ],
        "dimensions": list(_dimensions(measured, model, settings, translate)),
        "measures": [_measure(measure) for measure in measured.measures],
    }


def _dimensions(
    measured: Measured, model: Model, settings: ModelSettings, translate: Callable[[str], str]
) -> Iterator[dict[str, Any]]:
    """Yields the dimensions of a model: time, who acted, and what to slice by."""
    described = {
        str(column["name"]): column["description"] for column in model.properties.content["columns"]
    }
    yield {
        "name": _DATE,
        "type": "time",
        "expr": "day",
        "description": described["day"],
        "type_params": {"time_granularity": "day"},
    }
    slicers = {_HOUR: "hour", PEOPLE: PEOPLE}
    slicers |= {name: name for name in SLICERS if name in described}
    slicers |= {name: name for name in measured.slicers}
    if measured.model in WITH_DIMENSIONS:
        for column in settings.model_dimensions:
            if column not in slicers.values():
                slicers[_free_name(column, {_DATE, *slicers})] = column
    for name, column in slicers.items():
        text = f"The dimension `{column}` of the setting `model_dimensions`."
        yield {
            "name": name,
            "type": "categorical",
            "expr": column if column in described else translate(f'"{column}"'),
            "description": described.get(column, text),
        }


def _free_name(column: str, taken: Set[str]) -> str:
    """Returns a name for the dimension of a column that MetricFlow accepts, and no other has."""
    name = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
    while name in taken | _NO_DIMENSIONS or not re.match(r"[a-z].", name):
        name = f"dimension_{name}".strip("_")
    return name


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "description": measure.description,
        "agg": measure.aggregation,
        "expr": measure.expression,
    }


def _metrics(measured: Measured) -> Iterator[dict[str, Any]]:
    """Yields the metrics of a model. Those that are no ratios count people only."""
    people = f"{{{{ Dimension('{measured.entity}__{PEOPLE}') }}}}"
    for measure in measured.measures:
        summed = {"measure": {"name": measure.name, "fill_nulls_with": 0}}
        yield {**_metric(measure, "simple", summed), "filter": people}
    for ratio in measured.ratios:
        parts = {"numerator": ratio.numerator, "denominator": ratio.denominator}
        yield _metric(ratio, "ratio", parts)


def _metric(each: Measure | Ratio, kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": each.name,
        "label": each.name.replace("_", " ").capitalize(),
        "description": each.description,
        "type": kind,
        "type_params": inputs,
    }
