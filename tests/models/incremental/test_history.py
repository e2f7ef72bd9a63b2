"""After any history of loads the models equal a full refresh."""

from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models.incremental.history import Step, first_steps, run_step, steps
from tests.models.incremental.warehouse import Warehouse


@pytest.mark.thorough
@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=first_steps, history=st.lists(steps, min_size=1, max_size=3))
def test_after_any_history_all_models_equal_a_full_refresh(
    first: Step, history: list[Step]
) -> None:
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(folder)
        for step in [first, *history]:
            run_step(warehouse.pipeline, step)
            if step.builds_all:
                warehouse.assert_up_to_date()
        warehouse.build()
        warehouse.assert_up_to_date()
