"""What is sent to Sentry with dlt's `runtime.sentry_dsn`, by its real client to a real server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject, refuse
from tests.cli.commands import run_verb
from tests.support.assertions import TRAFFIC
from tests.support.cli_user import environment
from tests.support.receiver import Receiver, receiving

pytestmark = pytest.mark.slow


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as receiver:
        monkeypatch.setenv("RUNTIME__SENTRY_DSN", f"http://public@{receiver.address}/42")
        yield receiver


def sent(sentry: Receiver, kind: str) -> list[dict[str, Any]]:
    """Returns what was sent of a kind: events, transactions."""
    found = []
    for body in sentry.texts:
        lines = body.splitlines()
        for header, content in zip(lines[1::2], lines[2::2], strict=False):
            if json.loads(header)["type"] == kind:
                found.append(json.loads(content))
    return found


def frames(event: dict[str, Any]) -> list[dict[str, Any]]:
    values = event["exception"]["values"]
    return [frame for each in values for frame in each.get("stacktrace", {}).get("frames", ())]


def assert_clean(sentry: Receiver, server: DemoServer) -> None:
    text = "".join(sentry.texts)
    assert server.api_key not in text
    assert '"vars"' not in text
    assert "sys.argv" not in text


def test_an_error_is_sent_without_secrets_variables_and_command_line(
    demo: DemoServer, sentry: Receiver
) -> None:
    told = f"No, {demo.api_key}."
    inject(demo, Fault(at("create"), refuse(403, "ACCESS_DENIED", told), times=None))
    assert run_verb(demo, "run", "--from", "2026-03-10").returncode == 1
    kinds = [event["exception"]["values"][-1]["type"] for event in sent(sentry, "event")]
    assert "AccessDenied" in kinds
    assert all(frames(event) for event in sent(sentry, "event") if "exception" in event)
    assert_clean(sentry, demo)


def test_a_run_is_a_transaction_with_a_span_for_each_step(
    demo: DemoServer, sentry: Receiver
) -> None:
    completed = run_verb(demo, "run", "--from", "2026-03-10", "--tables", "clicks")
    assert completed.returncode == 0, completed.stderr
    [transaction] = sent(sentry, "transaction")
    assert transaction["tags"]["pipeline_name"] == "coveo"
    steps = {span["op"] for span in transaction["spans"]}
    assert {"extract", "normalize", "load"} <= steps
    assert_clean(sentry, demo)


def test_coveo_does_not_see_that_sentry_is_used(demo: DemoServer, sentry: Receiver) -> None:
    assert run_verb(demo, "run", "--from", "2026-03-10", "--tables", "clicks").returncode == 0
    headers = {name.lower() for request in demo.requests for name in request.headers}
    assert "authorization" in headers
    assert headers.isdisjoint({"sentry-trace", "baggage"})


def test_what_a_script_sends_has_no_secrets_either(demo: DemoServer, sentry: Receiver) -> None:
    told = f"No, {demo.api_key}."
    inject(demo, Fault(at("create"), refuse(403, "ACCESS_DENIED", told), times=None))
    script = (
        "import dlt\n"
        "from coveo_source import coveo_source\n"
        "pipeline = dlt.pipeline('script', destination='duckdb', dataset_name='coveo_ua')\n"
        "pipeline.run(coveo_source(from_date='2026-03-10'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "AccessDenied" in done.stderr
    assert sent(sentry, "event")
    assert_clean(sentry, demo)


def test_a_wrong_setting_in_a_script_does_not_show_the_key(sentry: Receiver, serve: Any) -> None:
    demo = serve(TRAFFIC)
    script = "from coveo_source import coveo_source\ncoveo_source(window_days=0)\n"
    subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment(demo)},
        capture_output=True,
        check=False,
    )
    [event] = sent(sentry, "event")
    assert "window_days" in str(event)
    assert_clean(sentry, demo)
