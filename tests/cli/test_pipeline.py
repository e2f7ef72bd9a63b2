"""The pipeline of the verbs: its state, its datasets, and dlt's own verbs on it."""

from pathlib import Path

import pytest

from coveo_source.demo import DemoServer
from tests.support.cli_user import PIPELINE, create_requests, dlt_command, load, rows
from tests.support.clock import Clock
from tests.support.once import load_once


@pytest.mark.slow
def test_run_continues_on_a_machine_that_has_only_the_database(
    demo: DemoServer, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load(demo, from_date="2026-03-08")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "another-machine"))
    clock.advance(hours=3)
    load(demo)
    assert create_requests(demo)[1]["from"] == ["2026-03-10T11:45:00.000Z"]


@pytest.mark.slow
@pytest.mark.thorough
def test_two_datasets_of_one_pipeline_each_keep_their_own_cursors(
    demo: DemoServer, clock: Clock
) -> None:
    load(demo, from_date="2026-03-08")
    clock.advance(days=1)
    for _ in range(3):
        load(demo, from_date="2026-03-08", dataset="another")
    clock.advance(days=1)
    demo.requests.clear()
    load(demo)
    assert create_requests(demo)[0]["from"] == ["2026-03-10T11:45:00.000Z"]


@pytest.mark.slow
def test_dlt_s_own_verbs_work_on_the_pipeline(demo: DemoServer) -> None:
    load_once(demo, from_date="2026-03-10", with_models=True)
    for words in ("info", "trace", "failed-jobs", "schema", "sync", "drop clicks"):
        completed = dlt_command("-y", "pipeline", PIPELINE, *words.split())
        assert completed.returncode == 0, (words, completed.stderr)
        assert PIPELINE in completed.stdout or "coveo_source" in completed.stdout, words
    load(demo)
    assert rows("clicks")
