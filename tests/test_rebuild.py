"""Models that are rebuilt by what a load touched, against models that are built as a whole."""

import tempfile
from pathlib import Path

import dlt
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .history import Step, first_steps, reckoned, steps, tables, take


def pipeline_in(folder: str) -> dlt.Pipeline:
    return dlt.pipeline(
        "coveo",
        pipelines_dir=f"{folder}/pipelines",
        destination=dlt.destinations.duckdb(f"{folder}/coveo.duckdb"),
        dataset_name="coveo_ua",
    )


@settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(first=first_steps, history=st.lists(steps, min_size=1, max_size=3))
def test_after_any_history_all_models_equal_a_full_refresh(
    first: Step, history: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pipeline = pipeline_in(folder)
        for step in [first, *history, Step({"searches": []})]:
            take(pipeline, step)
            if step.packages is None:
                database = str(Path(folder) / "coveo.duckdb")
                found, wanted = tables(database), reckoned(pipeline, database)
                for name in wanted:
                    difference = set(found[name]) ^ set(wanted[name])
                    assert found[name] == wanted[name], (name, difference)
