"""The verb `freshness`: what wakes somebody up, and what does not."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from coveo_source.demo import DemoServer
from tests.support.assertions import invoke, run_against
from tests.support.cli_user import DATASET, PIPELINE, dlt_command, load
from tests.support.clock import Clock

Serve = Callable[..., DemoServer]

pytestmark = pytest.mark.slow


@pytest.fixture
def today(demo: DemoServer, clock: Clock) -> DemoServer:
    """A server whose clock shows the real time, of which the last day of two tables is loaded."""
    clock.now = datetime.now(timezone.utc).replace(microsecond=0)
    start = (clock.now - timedelta(days=1)).strftime("%Y-%m-%d")
    assert run_against(demo, "--from", start).code == 0
    return demo


def change(statement: str) -> None:
    with duckdb.connect(f"{PIPELINE}.duckdb") as database:
        database.execute(f"use {DATASET}; {statement}")


def answer(*words: str) -> dict[str, Any]:
    completed = invoke(PIPELINE, "freshness", "--json", *words)
    assert completed.out.count("\n") == 1
    found: dict[str, Any] = json.loads(completed.out)
    return found


def test_what_was_loaded_today_is_fresh_without_a_word_on_stderr(today: DemoServer) -> None:
    asked = len(today.requests)
    completed = dlt_command("pipeline", PIPELINE, "freshness")
    assert (completed.returncode, completed.stderr) == (0, "")
    _, _, clicks, keywords = completed.stdout.splitlines()
    assert clicks.startswith("clicks ")
    assert clicks.endswith(" 0.3")
    assert keywords.startswith("keywords ")
    assert len(today.requests) == asked


def test_what_is_older_than_the_hours_that_are_allowed_is_an_alarm(today: DemoServer) -> None:
    assert invoke(PIPELINE, "freshness", "--max-hours", "0.5").code == 0
    completed = invoke(PIPELINE, "freshness", "--max-hours", "0.1")
    assert completed.code == 1
    lines = completed.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["clicks", "keywords"]
    assert all(line.endswith("0.3 hours ago; at most 0.1 are allowed.") for line in lines)


def test_26_hours_are_allowed_by_default(demo: DemoServer, clock: Clock) -> None:
    settled = timedelta(minutes=15)
    clock.now = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=25.9) + settled
    start = (clock.now - timedelta(days=1)).strftime("%Y-%m-%d")
    load(demo, from_date=start, tables=["clicks"])
    assert invoke(PIPELINE, "freshness").code == 0
    change("update exports set window_end = window_end - interval '12 minutes'")
    assert invoke(PIPELINE, "freshness").code == 1


def test_a_window_that_did_not_reconcile_is_an_alarm_until_the_next_run(today: DemoServer) -> None:
    change("update exports set clicks_loaded = clicks_keys - 1")
    completed = invoke(PIPELINE, "freshness")
    assert completed.code == 1
    assert "clicks: nothing of it is loaded and reconciled." in completed.err
    assert "did not reconcile. The next run loads it again." in completed.err
    assert len(answer()["tables"]["clicks"]["unreconciled"]) == 1
    load(today, tables=["clicks", "keywords"])
    assert invoke(PIPELINE, "freshness").code == 0


def test_a_table_that_stopped_is_an_alarm_unless_others_are_named(
    today: DemoServer, clock: Clock
) -> None:
    change("update exports set window_end = window_end - interval '8 hours'")
    load(today, tables=["clicks"])
    completed = invoke(PIPELINE, "freshness", "--max-hours", "3")
    assert completed.code == 1
    assert [line.partition(":")[0] for line in completed.err.splitlines()] == ["keywords"]
    assert invoke(PIPELINE, "freshness", "--max-hours", "3", "--tables", "clicks").code == 0


def test_a_gap_between_intervals_is_shown_and_an_alarm_once_it_is_old(
    demo: DemoServer, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock.now = datetime.now(timezone.utc).replace(microsecond=0)
    midnight = clock.now.replace(hour=0, minute=0, second=0) - timedelta(days=3)

    def interval(first: int, last: int) -> None:
        for name, days in {"START": first, "END": last}.items():
            moment = midnight + timedelta(days=days)
            monkeypatch.setenv(f"DLT_INTERVAL_{name}", moment.isoformat())
        load(demo, tables=["clicks"], lookback_days=0)

    interval(2, 3)
    other_machine = tmp_path / "other machine"
    shutil.copytree(tmp_path / "dlt", other_machine)
    interval(0, 1)
    monkeypatch.delenv("DLT_INTERVAL_START")
    monkeypatch.delenv("DLT_INTERVAL_END")
    patient = invoke(PIPELINE, "freshness", "--max-hours", "100")
    assert (patient.code, patient.err) == (0, "")
    assert "clicks: not loaded yet: " in patient.out
    strict = invoke(PIPELINE, "freshness", "--max-hours", "26")
    assert strict.code == 1
    assert "clicks: no run has loaded " in strict.err
    monkeypatch.setenv("DLT_DATA_DIR", str(other_machine))
    [gap] = answer()["tables"]["clicks"]["gaps"]
    assert gap == {
        "from": (midnight + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "to": (midnight + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def test_nothing_loaded_is_an_alarm_and_creates_nothing(own_folder: Any) -> None:
    completed = invoke(PIPELINE, "freshness")
    assert (completed.code, completed.out, completed.err) == (1, "", "Nothing is loaded.\n")
    assert answer("--tables", "clicks")["alarms"] == [
        "clicks: nothing of it is loaded and reconciled."
    ]
    assert list(own_folder.iterdir()) == []


@pytest.mark.parametrize("words", [("--tables", "click"), ("--max-hours", "-1")])
def test_wrong_use_is_no_alarm(words: tuple[str, str]) -> None:
    completed = invoke(PIPELINE, "freshness", *words)
    assert completed.code == 2
    assert words[1] in completed.err


def test_it_sees_what_another_machine_has_loaded(
    today: DemoServer, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "another machine"))
    assert invoke(PIPELINE, "freshness").code == 0
    change("update exports set window_end = window_end - interval '2 days'")
    assert invoke(PIPELINE, "freshness").code == 1
