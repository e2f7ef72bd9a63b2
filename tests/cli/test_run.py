"""The commands as a user types them, and what they say when something is wrong."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pytest

from coveo_source.demo import DemoServer
from coveo_source.tables import TABLES
from tests.support.cli_user import (
    PIPELINE,
    connection_settings,
    create_requests,
    dlt_command,
    environment,
    load,
    query,
    rows,
)
from tests.support.clock import Clock

Serve = Callable[..., DemoServer]


def dlt_pipeline(server: DemoServer | None, *words: str, models: bool = False, **env: Any) -> Any:
    """A verb against a demo server; `run` only with the models that a test is about."""
    settings = environment(server) if server else {}
    quick = () if models or words[0] != "run" or "--no-models" in words else ("--no-models",)
    return dlt_command("pipeline", PIPELINE, *words, *quick, env={**settings, **env})


@pytest.mark.slow
def test_run_loads_builds_the_models_and_ends_with_a_summary(demo: DemoServer) -> None:
    done = dlt_pipeline(demo, "run", "--from", "2026-03-08", models=True)
    assert done.returncode == 0
    searches, clicks = len(rows("searches")), len(rows("clicks"))
    assert re.search(rf"2026-03-08 to 2026-03-11 11:45 +{searches:,} +{clicks:,}", done.stdout)
    assert re.search(rf"in the CSV files +{searches:,} +{clicks:,}", done.stdout)
    assert re.search(rf"loaded +{searches:,} +{clicks:,}", done.stdout)
    assert re.search(rf"^all_events +{len(rows('all_events')):,}$", done.stdout, re.M)
    assert re.search(
        r"Loaded [\d,]+ rows of 1 window in [\d.]+ s, [\d,]+ rows a second", done.stdout
    )
    assert "Data:   coveo.duckdb, dataset coveo_ua" in done.stdout


@pytest.mark.slow
def test_the_query_that_the_summary_suggests_works(demo: DemoServer) -> None:
    done = dlt_pipeline(demo, "run", "--from", "2026-03-08", models=True)
    command = done.stdout.split("Try:")[1].strip()
    shown = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert "visit_id" in shown.stdout or "event_id" in shown.stdout or "rows" in shown.stdout


def test_run_without_models_builds_none(demo: DemoServer) -> None:
    assert dlt_pipeline(demo, "run", "--from", "2026-03-08", "--no-models").returncode == 0
    assert (
        query("select table_name from information_schema.tables where table_name = 'all_events'")
        == []
    )


@pytest.mark.slow
def test_the_second_door_does_the_same(demo: DemoServer) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "coveo_source",
            PIPELINE,
            "run",
            "--no-models",
            "--from",
            "2026-03-08",
        ],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "Loaded" in done.stdout


@pytest.mark.slow
def test_progress_is_shown_while_coveo_builds_the_export(serve: Serve) -> None:
    server = serve(export_seconds=7)
    done = dlt_pipeline(server, "run", "--from", "2026-03-10")
    assert "Window 1 of 1: 2026-03-10 to 2026-03-11 11:45" in done.stderr
    assert re.search(r"seconds waited for Coveo \d+", done.stderr)


def test_one_of_dlt_s_progress_displays_can_be_chosen(demo: DemoServer) -> None:
    done = dlt_pipeline(demo, "run", "--from", "2026-03-10", "--progress", "log")
    assert done.returncode == 0
    assert "Extract coveo_source" in done.stdout


@pytest.mark.slow
def test_plan_tells_windows_and_rows_and_creates_nothing(serve: Serve) -> None:
    server = serve(row_limit=2_000)
    done = dlt_pipeline(server, "plan", "--from", "2026-03-01")
    assert done.returncode == 0
    assert create_requests(server) == []
    assert "Most rows in one export: 2,000 rows." in done.stdout
    planned = re.findall(r"^(2026\S+.*?) +all +([\d,]+) +new$", done.stdout, re.M)
    dlt_pipeline(server, "run", "--from", "2026-03-01", "--no-models")
    assert len(planned) == len(create_requests(server)) > 1
    total = sum(int(rows.replace(",", "")) for _, rows in planned)
    assert total == sum(len(rows(table)) for table in TABLES)


def test_plan_names_an_export_that_is_already_there(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-08", keep_exports=True)
    fresh = dlt_command(
        "pipeline", "--pipelines-dir", "elsewhere", PIPELINE, "plan", "--from", "2026-03-08",
        "--destination", "dummy", env=environment(demo),
    )  # fmt: skip
    assert f"{demo.exports[0].id} (available)" in fresh.stdout


@pytest.mark.parametrize(
    ("words", "culprit", "accepted"),
    [
        (("--from", "yesterday"), "from_date is 'yesterday'", "2026-01-31"),
        (("--to", "2026-13-01"), "to_date is '2026-13-01'", "2026-01-31"),
        (("--from", "2026-03-05", "--to", "2026-03-04"), "from_date", "before to_date"),
        (("--tables", "clicks", "views"), "tables is 'views'", "custom_events"),
        (("--window-days", "0"), "window_days is 0", "to 365"),
    ],
)
def test_wrong_use_is_told_with_what_is_accepted(
    demo: DemoServer, words: tuple[str, ...], culprit: str, accepted: str
) -> None:
    refused(dlt_pipeline(demo, "run", *words), 2, culprit, accepted)
    assert demo.requests == []


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("EXPORT_FORMAT", "XLSX", "NO_NEWLINE"),
        ("REGION", "mars", "us, eu, au, ca, hipaa"),
        ("BASE_URL", "platform.cloud.coveo.com", "https://"),
        ("WINDOW_DAYS", "many", "float"),
        ("SETTLE_MINUTES", "-1", "from 0"),
    ],
)
def test_a_wrong_setting_is_told_with_what_is_accepted(
    demo: DemoServer, name: str, value: str, accepted: str
) -> None:
    env = environment(demo)
    if name == "REGION":
        del env["SOURCES__COVEO_SOURCE__BASE_URL"]
    done = dlt_command(
        "pipeline", PIPELINE, "run", env={**env, f"SOURCES__COVEO_SOURCE__{name}": value}
    )
    refused(done, 2, name.lower(), value.removesuffix(".0"), accepted)
    assert demo.requests == []


@pytest.mark.parametrize("name", ["api_key", "org"])
def test_a_missing_setting_is_named_with_where_to_write_it(demo: DemoServer, name: str) -> None:
    env = environment(demo)
    del env[f"SOURCES__COVEO_SOURCE__{name.upper()}"]
    done = dlt_command("pipeline", PIPELINE, "run", env=env)
    refused(done, 2, f"{name} is missing", ".dlt/secrets.toml", name.upper())


def test_a_wrong_key_is_told_with_the_privileges_it_needs(demo: DemoServer) -> None:
    done = dlt_pipeline(demo, "run", SOURCES__COVEO_SOURCE__API_KEY="xxwrong")
    refused(done, 1, "HTTP 401", "Data exports", "request ")
    assert "xxwrong" not in done.stdout + done.stderr


@pytest.mark.slow
def test_an_unreachable_host_is_named(demo: DemoServer) -> None:
    done = dlt_pipeline(demo, "run", SOURCES__COVEO_SOURCE__BASE_URL="http://127.0.0.1:9")
    refused(done, 1, "127.0.0.1:9", "base_url")


@pytest.mark.slow
def test_a_reached_quota_is_told(serve: Serve) -> None:
    server = serve(quota=0)
    refused(dlt_pipeline(server, "run", "--from", "2026-03-10"), 1, "limit", "Delete exports")
    assert server.exports == []


def test_an_export_that_fails_is_told_with_its_window(serve: Serve) -> None:
    server = serve()
    server.intercept = lambda request: (
        None
        if request.method != "GET" or not re.search(r"/exports/[0-9a-f-]{36}$", request.path)
        else failed(server, request)
    )
    done = dlt_pipeline(server, "run", "--from", "2026-03-11T11:43", "--tables", "clicks")
    refused(done, 1, "2026-03-11 11:43 to 2026-03-11 11:44 ended as FAILED")
    assert "trying the window in two halves" in done.stderr


def failed(server: DemoServer, request: Any) -> Any:
    server.exports[0].status = "FAILED"
    return server.answer(request)


@pytest.mark.slow
def test_another_organization_is_refused(demo: DemoServer, serve: Serve) -> None:
    load(demo, from_date="2026-03-10")
    other = serve(org="somebodyelse")
    refused(dlt_pipeline(other, "run"), 2, "holds the data of coveodemo", "another pipeline name")
    assert create_requests(other) == []


def test_a_pipeline_of_another_source_is_refused(demo: DemoServer) -> None:
    theirs = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name="coveo_ua")
    theirs.run([{"id": 1}], table_name="things")
    refused(dlt_pipeline(demo, "run"), 2, "another source", "another pipeline name")
    assert create_requests(demo) == []


def refused(done: Any, code: int, *told: str) -> None:
    """One clear message and no traceback."""
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    for text in told:
        assert text in said
    progress = ("Window ", "Coveo failed to build", "  ")
    said = [line for line in done.stderr.splitlines() if line and not line.startswith(progress)]
    assert len(said) <= 3, done.stderr


@pytest.mark.slow
def test_dlt_s_own_verbs_work_on_the_pipeline(demo: DemoServer) -> None:
    load(demo, from_date="2026-03-10", with_models=True)
    for words in ("info", "trace", "failed-jobs", "schema", "sync", "drop clicks"):
        done = dlt_command("-y", "pipeline", PIPELINE, *words.split())
        assert done.returncode == 0, (words, done.stderr)
        assert PIPELINE in done.stdout or "coveo_source" in done.stdout, words
    load(demo)
    assert rows("clicks")


@pytest.mark.slow
def test_run_goes_on_where_it_was_on_a_machine_that_has_only_the_database(
    demo: DemoServer, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load(demo, from_date="2026-03-08")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "another-machine"))
    clock.advance(hours=3)
    load(demo)
    assert create_requests(demo)[1]["from"] == ["2026-03-10T11:45:00.000Z"]


@pytest.mark.slow
def test_two_datasets_of_one_pipeline_each_go_on_where_they_were(
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
def test_the_demo_needs_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    done = dlt_command("pipeline", "coveo_demo", "run", "--demo")
    assert done.returncode == 0, done.stderr
    assert query("select count(*) from all_events", "coveo_demo")[0][0] > 10_000
    again = dlt_command("pipeline", "coveo_demo", "run", "--demo", "--no-models")
    assert again.returncode == 0, again.stderr


@pytest.mark.slow
@pytest.mark.parametrize("level", ["DEBUG", "WARNING"])
def test_the_token_is_nowhere_to_be_found(serve: Serve, tmp_path: Path, level: str) -> None:
    token = "xx5ecre7-0000-4000-8000-70ken0000000"
    server = serve(api_key=token)
    env: dict[str, Any] = {"RUNTIME__LOG_LEVEL": level, "PYTHONWARNINGS": "default"}
    outputs = [
        dlt_pipeline(server, "run", "--from", "2026-03-10", **env),
        dlt_pipeline(server, "plan", **env),
        dlt_pipeline(serve(quota=0, api_key=token), "run", **env),
        dlt_pipeline(serve(api_key="another"), "run", SOURCES__COVEO_SOURCE__API_KEY=token, **env),
        dlt_command("-vv", "pipeline", PIPELINE, "info", env=env),
        dlt_command("-vv", "pipeline", PIPELINE, "trace", env=env),
    ]
    assert outputs[0].returncode == outputs[1].returncode == 0
    for done in outputs:
        assert token not in done.stdout + done.stderr
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes(), path
    assert all(token not in str(request.query) + request.path for request in server.requests)
    assert all("authorization" not in request.headers for request in server.storage_requests)
    assert connection_settings(server)["api_key"] == token
