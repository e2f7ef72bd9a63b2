"""Loads a day of Coveo's usage analytics after the other, and updates the models.

Copy it into Airflow's folder of DAGs. The tasks run a command, so that the source has a virtual
environment of its own and nothing has to fit Airflow's packages. Both are in one folder, with
`.dlt/secrets.toml` and, unless another destination is set, the database.
"""

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

FIRST_DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)
FOLDER = Path(os.environ.get("COVEO_FOLDER", "~/coveo")).expanduser()
COVEO = ".venv/bin/python -m coveo_source coveo"

with DAG(
    "coveo_daily",
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
        "cwd": str(FOLDER),
    },
):
    load = BashOperator(
        task_id="load",
        bash_command=f"{COVEO} run --no-models",
        env={
            "DLT_INTERVAL_START": "{{ data_interval_start.isoformat() }}",
            "DLT_INTERVAL_END": "{{ data_interval_end.isoformat() }}",
        },
        append_env=True,
    )
    models = BashOperator(task_id="models", bash_command=f"{COVEO} models")
    load >> models
