"""Messages to Slack: a run's end and the alarms of `freshness`, posted to a real server."""

import json
from collections.abc import Iterator

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject, refuse
from tests.cli.commands import run_verb
from tests.support.network import free_port
from tests.support.once import load_once
from tests.support.receiver import Receiver, receiving

PATH = "/services/T0123/B4567/abcdefghijklmnop"

pytestmark = pytest.mark.slow


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as receiver:
        monkeypatch.setenv("RUNTIME__SLACK_INCOMING_HOOK", f"http://{receiver.address}{PATH}")
        yield receiver


def messages(slack: Receiver) -> list[str]:
    assert all(path == PATH for path, _ in slack.posts)
    return [json.loads(body)["text"] for body in slack.texts]


def test_a_run_posts_what_it_loaded(demo: DemoServer, slack: Receiver) -> None:
    completed = run_verb(demo, "run", "--from", "2026-03-10", "--tables", "clicks")
    assert completed.returncode == 0, completed.stderr
    [message] = messages(slack)
    headline = completed.stdout.splitlines()[0]
    assert headline.startswith("Loaded ")
    assert message == f":white_check_mark: The pipeline coveo: {headline}"


def test_a_run_that_fails_posts_why_and_no_secret(demo: DemoServer, slack: Receiver) -> None:
    told = f"No <!channel> & {demo.api_key}."
    inject(demo, Fault(at("create"), refuse(403, "ACCESS_DENIED", told), times=None))
    completed = run_verb(demo, "run", "--from", "2026-03-10")
    assert completed.returncode == 1
    [message] = messages(slack)
    assert message.startswith(":x: The pipeline coveo: Window 2026-03-10 to ")
    assert "No &lt;!channel&gt; &amp; ***" in message
    assert demo.api_key not in message


def test_wrong_use_is_posted_too(demo: DemoServer, slack: Receiver) -> None:
    assert run_verb(demo, "run", "--window-days", "0").returncode == 2
    [message] = messages(slack)
    assert "window_days" in message


def test_freshness_posts_only_alarms(demo: DemoServer, slack: Receiver) -> None:
    load_once(demo, from_date="2026-03-10", tables=["clicks"])
    assert run_verb(demo, "freshness", "--max-hours", "1000000").returncode == 0
    assert messages(slack) == []
    stale = run_verb(demo, "freshness")
    assert stale.returncode == 1
    [message] = messages(slack)
    [alarm] = stale.stderr.splitlines()
    assert message == f":rotating_light: The pipeline coveo is not fresh.\n{alarm}"


def test_the_end_of_a_run_is_the_same_if_slack_refuses(demo: DemoServer, slack: Receiver) -> None:
    slack.status = 404
    completed = run_verb(demo, "run", "--from", "2026-03-10", "--tables", "clicks")
    assert completed.returncode == 0
    assert "Slack could not be told: 404" in completed.stderr
    assert "abcdefghijklmnop" not in completed.stdout + completed.stderr


def test_the_end_of_a_run_is_the_same_if_slack_is_not_there(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = f"http://127.0.0.1:{free_port()}{PATH}"
    monkeypatch.setenv("RUNTIME__SLACK_INCOMING_HOOK", hook)
    completed = run_verb(demo, "run", "--from", "2026-03-10", "--tables", "clicks")
    assert completed.returncode == 0
    assert "Slack could not be told: " in completed.stderr
    assert "abcdefghijklmnop" not in completed.stdout + completed.stderr
