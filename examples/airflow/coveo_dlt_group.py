"""Loads Coveo's usage analytics by dlt's own task group, and updates the models.

Copy it into Airflow's folder of DAGs. The source is installed beside Airflow; its secrets are in
Airflow's variable `dlt_secrets_toml`. dlt empties its working folder after each task, and restores
what it has to remember from the database.
"""

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dlt
from airflow.sdk import dag, task
from airflow.timetables.interval import CronDataIntervalTimetable
from dlt.helpers.airflow_helper import PipelineTasksGroup

from coveo_source import coveo_source

FIRST_DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)
FOLDER = Path(os.environ.get("COVEO_FOLDER", "~/coveo")).expanduser()


@dag(
    # "@daily" would give each run an interval without length, and it would load nothing
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=FIRST_DAY,
    catchup=True,
    # a database takes one writer at a time; the second line is for backfills
    max_active_runs=1,
    default_args={
        "max_active_tis_per_dag": 1,
        "retries": 3,
        "retry_delay": timedelta(minutes=10),
    },
)
def coveo_dlt_group() -> None:
    """The group with its one task, and the models after it."""
    # before the pipeline, which takes its working folder from here
    group = PipelineTasksGroup("coveo")
    pipeline = dlt.pipeline(
        "coveo",
        destination=dlt.destinations.duckdb(str(FOLDER / "coveo.duckdb")),
        dataset_name="coveo_ua",
    )
    # the source itself and not coveo_source(): dlt calls it in the task, where the interval is
    # known; all tables share one export, so they are one task
    load = group.add_run(pipeline, coveo_source, decompose="none")

    @task
    def update_models() -> None:
        # here, since Airflow reads this file again and again
        from coveo_source.commands import models

        models(pipeline)

    load >> update_models()


coveo_dlt_group()
