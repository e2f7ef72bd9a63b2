"""Coveo's usage analytics as a flow of Prefect: a day each night, and the models after it.

`python coveo_flow.py` serves it, in the folder with `.dlt/secrets.toml`; unless another destination
is set, the database is there too.
"""

from datetime import date, datetime, time, timedelta, timezone

import dlt
from prefect import flow, task
from prefect.runtime import flow_run

from coveo_source import coveo_source
from coveo_source.commands import models


def pipeline() -> dlt.Pipeline:
    """Returns the pipeline; its name and folder are what it is found by again."""
    return dlt.pipeline("coveo", destination="duckdb", dataset_name="coveo_ua")


@task(retries=3, retry_delay_seconds=600)
def load(day: date) -> str:
    """Loads a day, whole."""
    midnight = datetime.combine(day, time(), timezone.utc)
    dlt.current.interval.set((midnight, midnight + timedelta(days=1)))
    return str(pipeline().run(coveo_source()))


@task(retries=3, retry_delay_seconds=600)
def update_models() -> None:
    """Updates the models for the visits that were loaded."""
    models(pipeline())


@flow(name="coveo", log_prints=True)
def coveo(day: date | None = None) -> None:
    """Loads a day, in UTC: by default the one before that for which the run was scheduled."""
    print(load(day or flow_run.scheduled_start_time.date() - timedelta(days=1)))
    update_models()


if __name__ == "__main__":
    # the last events of a day are there after a quarter of an hour; one run at a time, since a
    # database takes one writer
    coveo.serve(name="daily", cron="20 0 * * *", limit=1)
