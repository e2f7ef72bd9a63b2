"""Builds the models of a pipeline by its settings, for every verb that changes what they read.

A verb that built them by other settings would build them in full, and the next one again.
"""

from collections.abc import Iterable
from typing import NamedTuple

import dlt

from ..extract import PipelineState
from ..model_settings import ModelSettings, read_model_settings
from ..models import UnknownCause, build, create_indexes, unknown_causes
from ..watching import Watch


class BuiltModels(NamedTuple):
    """What was built.

    rows: number of rows of each model
    unknown_causes: causes in them that no list knows
    """

    rows: dict[str, int]
    unknown_causes: list[UnknownCause]


def settings_of_models(pipeline: dlt.Pipeline) -> ModelSettings:
    """Returns the settings of the models, with the columns that dimensions have in a pipeline.

    Raises:
        SettingError: for the first value that is not accepted
    """
    columns = PipelineState.of_pipeline(pipeline.state).column_names
    return read_model_settings().with_columns(columns)


def update_models(
    pipeline: dlt.Pipeline, names: Iterable[str], full_refresh: bool, watch: Watch
) -> BuiltModels:
    """Brings some models of a pipeline up to date, whoever has opened it.

    watch: told which models are being built

    Raises:
        SettingError: if there is no model of a name, or a setting is not accepted
        ModelError: if a model fails
    """
    built = list(build(pipeline, names, full_refresh, watch, settings=settings_of_models(pipeline)))
    create_indexes(pipeline)
    rows = {each.name: each.rows for each in built}
    return BuiltModels(rows, unknown_causes(pipeline, built))
