"""Coveo's usage analytics as assets of Dagster, a partition a day, and the models after them.

Start it by `dagster dev -f coveo_dagster.py` in the folder with `.dlt/secrets.toml`; unless another
destination is set, the database is there too.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import dlt
from dagster_dlt import DagsterDltResource, DagsterDltTranslator, dlt_assets
from dagster_dlt.translator import DltResourceTranslatorData

from coveo_source import coveo_source
from coveo_source.commands import models
from coveo_source.models import selected

DATASET = "coveo_ua"
PIPELINE = dlt.pipeline("coveo", destination="duckdb", dataset_name=DATASET)
POOL = "coveo"
"""Its limit in dagster.yaml is 1, as a database takes one writer at a time."""

FIRST_DAY = "2026-01-01"


class TableNames(DagsterDltTranslator):
    """Calls an asset by the name of its table."""

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        """Returns what Dagster shows of a table."""
        spec = super().get_asset_spec(data)
        return spec.replace_attributes(key=dg.AssetKey([DATASET, data.resource.name]), deps=[])


@dlt_assets(
    name="coveo",
    group_name="coveo",
    dlt_source=coveo_source(),
    dlt_pipeline=PIPELINE,
    dagster_dlt_translator=TableNames(),
    partitions_def=dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC"),
    # a run a day, so that a day that fails is alone
    backfill_policy=dg.BackfillPolicy.multi_run(),
    pool=POOL,
)
def coveo_tables(context: dg.AssetExecutionContext, coveo: DagsterDltResource) -> Iterator[Any]:
    """Loads the day of the partition, whole."""
    dlt.current.interval.set(context.partition_time_window)
    yield from coveo.run(context=context)


def model_specs() -> Iterator[dg.AssetSpec]:
    """Yields what Dagster shows of the models, each after what it selects from."""
    names = {key.path[-1] for key in coveo_tables.keys}
    for model in selected(()):
        reads = [dg.AssetKey([DATASET, name]) for name in sorted(model.reads & names)]
        key = dg.AssetKey([DATASET, model.name])
        yield dg.AssetSpec(key, deps=reads, description=model.properties.description, kinds={"sql"})
        names.add(model.name)


MODELS = list(model_specs())


@dg.multi_asset(name="coveo_models", group_name="coveo", specs=MODELS, pool=POOL)
def coveo_models() -> Iterator[dg.MaterializeResult[Any]]:
    """Updates the models for the visits that were loaded."""
    models(PIPELINE)
    for model in MODELS:
        yield dg.MaterializeResult(model.key)


coveo_daily = dg.define_asset_job(
    "coveo_daily",
    selection=dg.AssetSelection.groups("coveo"),
    op_retry_policy=dg.RetryPolicy(max_retries=3, delay=600),
)

defs = dg.Definitions(
    assets=[coveo_tables, coveo_models],
    jobs=[coveo_daily],
    # the last events of a day are there after a quarter of an hour
    schedules=[
        dg.build_schedule_from_partitioned_job(coveo_daily, hour_of_day=0, minute_of_hour=20)
    ],
    resources={"coveo": DagsterDltResource()},
)
