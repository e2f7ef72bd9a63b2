"""`dlt pipeline NAME models`, as a user types it."""

import re

import pytest

from coveo_source.demo import DemoServer
from coveo_source.models.files import models
from tests.support.cli_user import PIPELINE, dlt_command, load, query
from tests.support.once import load_once

pytestmark = pytest.mark.slow


def test_the_verb_builds_all_models_and_needs_no_settings(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-09")
    asked = len(demo.requests)
    done = dlt_command("pipeline", PIPELINE, "models")
    assert done.returncode == 0, done.stderr
    for name in models():
        [(rows,)] = query(f"select count(*) from {name}")
        assert re.search(rf"^{name} +{rows:,}$", done.stdout, re.M)
    again = dlt_command("pipeline", PIPELINE, "models")
    assert "All models are up to date." in again.stdout
    assert len(demo.requests) == asked


@pytest.mark.thorough
def test_some_models_can_be_built_alone_and_as_a_whole(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-09", with_models=True)
    done = dlt_command("pipeline", PIPELINE, "models", "--select", "visits", "--full-refresh")
    assert done.returncode == 0, done.stderr
    assert "visits" in done.stdout
    assert "all_events" not in done.stdout


def test_an_unknown_model_is_wrong_use(demo: DemoServer) -> None:
    load_once(demo, from_date="2026-03-10")
    done = dlt_command("pipeline", PIPELINE, "models", "--select", "visit")
    assert done.returncode == 2
    assert "'visit'" in done.stderr
    assert "visits" in done.stderr


def test_a_pipeline_without_data_is_wrong_use() -> None:
    done = dlt_command("pipeline", PIPELINE, "models")
    assert done.returncode == 2
    assert f"dlt pipeline {PIPELINE} run" in done.stderr
