"""The dbt project builds whatever the dimensions of the organization are called."""

from pathlib import Path
from typing import Any

import dlt
import pytest

from coveo_source.demo import DemoServer, Traffic
from coveo_source.demo.faults import Fault, at, inject
from coveo_source.models.dbt.project import write_project
from tests.extract.sources import source
from tests.support.cli_user import PIPELINE, load, open_pipeline, query
from tests.support.dbt_user import DBT_SCHEMA, dbt, needs_dbt, schema_tables
from tests.support.dimension_names import NAMES, of_all_events

DATABASE = Path(f"{PIPELINE}.duckdb")


@pytest.mark.slow
@needs_dbt
@pytest.mark.thorough
def test_dbt_s_tables_equal_ours_whatever_dimensions_are_called(serve: Any) -> None:
    server: DemoServer = serve(Traffic(seed=3, visits_per_day=4))
    inject(server, Fault(at("file"), of_all_events(NAMES), None))
    everything = source(server, from_date="2026-03-10")
    # as an early version loaded a dimension, which the models must not read
    everything.clicks.add_map(lambda rows: rows.append_column("event_id", [["x"] * rows.num_rows]))
    open_pipeline().run(everything)
    load(server, with_models=True)
    folder = Path("project").resolve()
    write_project(dlt.attach(PIPELINE), folder)
    assert "* exclude (event_id)" in (folder / "macros/complete.sql").read_text()
    assert "ERROR=0" in dbt(folder, "build")
    assert schema_tables(DBT_SCHEMA, DATABASE) == schema_tables("coveo_ua", DATABASE)
    assert query("select count(*) from all_events where event_id = 'x'") == [(0,)]
