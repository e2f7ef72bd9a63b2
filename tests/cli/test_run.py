"""The verb `run`, as a user types it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from tests.cli.commands import run_verb
from tests.support.cases import some_of
from tests.support.cli_user import (
    PIPELINE,
    connection_settings,
    dlt_command,
    environment,
    query,
    rows,
)

Serve = Callable[..., DemoServer]


@pytest.mark.slow
def test_run_loads_builds_the_models_and_ends_with_a_summary(demo: DemoServer) -> None:
    completed = run_verb(demo, "run", "--from", "2026-03-08", models=True)
    assert completed.returncode == 0
    searches, clicks = len(rows("searches")), len(rows("clicks"))
    assert re.search(rf"2026-03-08 to 2026-03-11 11:45 +{searches:,} +{clicks:,}", completed.stdout)
    assert re.search(rf"in the CSV files +{searches:,} +{clicks:,}", completed.stdout)
    assert re.search(rf"loaded +{searches:,} +{clicks:,}", completed.stdout)
    assert re.search(rf"^all_events +{len(rows('all_events')):,}$", completed.stdout, re.M)
    assert re.search(
        r"Loaded [\d,]+ rows of 1 window in [\d.]+ s, [\d,]+ rows a second", completed.stdout
    )
    assert "Data:   coveo.duckdb, dataset coveo_ua" in completed.stdout


@pytest.mark.slow
def test_the_query_that_the_summary_suggests_works(demo: DemoServer) -> None:
    completed = run_verb(demo, "run", "--from", "2026-03-08", models=True)
    command = completed.stdout.split("Try:")[1].strip()
    shown = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
    assert "visit_id" in shown or "event_id" in shown or "rows" in shown


@pytest.mark.slow
def test_run_without_models_builds_none(demo: DemoServer) -> None:
    assert run_verb(demo, "run", "--from", "2026-03-08", "--no-models").returncode == 0
    assert (
        query("select table_name from information_schema.tables where table_name = 'all_events'")
        == []
    )


@pytest.mark.slow
def test_run_works_without_dlt_s_command_too(demo: DemoServer) -> None:
    module = [sys.executable, "-m", "coveo_source"]
    completed = subprocess.run(
        [*module, PIPELINE, "run", "--no-models", "--from", "2026-03-08"],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0
    assert "Loaded" in completed.stdout


@pytest.mark.slow
def test_the_demo_needs_no_account() -> None:
    few = ("--no-models", "--tables", "searches", "clicks")
    completed = dlt_command("pipeline", "coveo_demo", "run", "--demo", *few)
    assert completed.returncode == 0, completed.stderr
    assert query("select count(*) from searches", "coveo_demo")[0][0] > 1_000
    # nor the network, or the proxy that leads to it
    dead = {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "intranet"}
    again = dlt_command("pipeline", "coveo_demo", "run", "--demo", *few, env=dead)
    assert again.returncode == 0, again.stderr


@pytest.mark.slow
@pytest.mark.parametrize("level", some_of(["DEBUG", "WARNING"], "DEBUG"))
@pytest.mark.thorough
def test_the_token_appears_in_no_output_and_no_file(
    serve: Serve, tmp_path: Path, level: str
) -> None:
    token = "xx5ecre7-0000-4000-8000-70ken0000000"
    server = serve(api_key=token)
    env: dict[str, Any] = {"RUNTIME__LOG_LEVEL": level, "PYTHONWARNINGS": "default"}
    outputs = [
        run_verb(server, "run", "--from", "2026-03-10", **env),
        run_verb(server, "plan", **env),
        run_verb(serve(quota=0, api_key=token), "run", **env),
        run_verb(serve(api_key="another"), "run", SOURCES__COVEO_SOURCE__API_KEY=token, **env),
        dlt_command("-vv", "pipeline", PIPELINE, "info", env=env),
        dlt_command("-vv", "pipeline", PIPELINE, "trace", env=env),
    ]
    assert outputs[0].returncode == outputs[1].returncode == 0
    for completed in outputs:
        assert token not in completed.stdout + completed.stderr
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes(), path
    assert all(token not in str(request.query) + request.path for request in server.requests)
    assert all("authorization" not in request.headers for request in server.storage_requests)
    assert connection_settings(server)["api_key"] == token
