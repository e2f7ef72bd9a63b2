"""The file that `run --metrics` writes for Prometheus."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import parser

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject, refuse
from tests.support.assertions import run_against
from tests.support.cli_user import query
from tests.support.clock import Clock

FILE = Path("coveo.prom")
UNTIL = "coveo_source_loaded_until_timestamp_seconds"

pytestmark = pytest.mark.slow


def metrics() -> dict[tuple[str, ...], float]:
    """Returns each sample by the metric's name and the values of its labels but the pipeline's."""
    found = {}
    for family in parser.text_string_to_metric_families(FILE.read_text()):
        assert family.documentation
        assert family.type == "gauge"
        for sample in family.samples:
            labels: dict[str, Any] = dict(sample.labels)
            assert labels.pop("pipeline") == "coveo"
            found[(sample.name, *sorted(labels.values()))] = sample.value
    return found


def test_a_run_writes_what_it_loaded(demo: DemoServer) -> None:
    started = datetime.now(timezone.utc).timestamp()
    assert run_against(demo, "--metrics", str(FILE)).code == 0
    found = metrics()
    [(clicks,)] = query("select count(*) from clicks")
    assert found["coveo_source_last_success_rows", "clicks", "loaded"] == clicks
    assert found["coveo_source_last_run_exit_code",] == 0
    end = datetime(2026, 3, 11, 11, 45, tzinfo=timezone.utc).timestamp()
    assert found[UNTIL, "clicks"] == found[UNTIL, "keywords"] == end
    assert found["coveo_source_last_success_timestamp_seconds",] >= started
    assert [each.name for each in Path().glob("coveo.prom*")] == ["coveo.prom"]


def test_a_run_that_fails_keeps_what_the_last_one_wrote(demo: DemoServer, clock: Clock) -> None:
    assert run_against(demo, "--metrics", str(FILE)).code == 0
    before = metrics()
    clock.advance(days=1)
    inject(demo, Fault(at("create"), refuse(403, "ACCESS_DENIED", "No."), times=None))
    assert run_against(demo, "--metrics", str(FILE)).code == 1
    after = metrics()
    run = ("coveo_source_last_run_timestamp_seconds",)
    assert after.pop(run) > before.pop(run)
    assert after.pop(("coveo_source_last_run_exit_code",)) == 1
    before.pop(("coveo_source_last_run_exit_code",))
    assert after == before


def test_a_first_run_that_fails_says_so(demo: DemoServer) -> None:
    assert run_against(demo, "--metrics", str(FILE), window_days=0).code == 2
    assert metrics()["coveo_source_last_run_exit_code",] == 2
    assert len(metrics()) == 2


def test_neither_a_backfill_nor_nothing_due_makes_the_data_look_older(demo: DemoServer) -> None:
    assert run_against(demo, "--metrics", str(FILE)).code == 0
    until = metrics()[UNTIL, "clicks"]
    words = ("--from", "2026-03-01", "--to", "2026-03-02", "--metrics", str(FILE))
    assert run_against(demo, *words).code == 0
    assert metrics()[UNTIL, "clicks"] == until
    assert run_against(demo, "--metrics", str(FILE), lookback_days=0).code == 0
    found = metrics()
    assert found[UNTIL, "clicks"] == until
    assert found["coveo_source_last_success_rows", "clicks", "loaded"] == 0


def test_a_file_that_was_damaged_is_written_anew(demo: DemoServer) -> None:
    FILE.write_text('coveo_source_last_run_exit_code{pipeline="coveo" 1\nother 2\n')
    assert run_against(demo, "--metrics", str(FILE)).code == 0
    assert metrics()["coveo_source_last_run_exit_code",] == 0


def test_a_folder_that_does_not_exist_is_told_before_anything_is_asked(demo: DemoServer) -> None:
    completed = run_against(demo, "--metrics", "nowhere/coveo.prom")
    assert completed.code == 2
    assert "nowhere/coveo.prom" in completed.message
    assert demo.requests == []
