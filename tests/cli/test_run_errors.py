"""What `run` says when something is wrong."""

from collections.abc import Callable

import dlt
import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, becomes, inject
from tests.cli.commands import assert_refused, run_verb
from tests.support.cli_user import PIPELINE, create_requests, dlt_command, environment, load

Serve = Callable[..., DemoServer]


@pytest.mark.parametrize(
    ("words", "culprit", "accepted"),
    [
        (("--from", "yesterday"), "from_date is 'yesterday'", "2026-01-31"),
        (("--to", "2026-13-01"), "to_date is '2026-13-01'", "2026-01-31"),
        (("--from", "2026-03-05", "--to", "2026-03-04"), "from_date", "after to_date"),
        (("--tables", "clicks", "views"), "tables is 'views'", "custom_events"),
        (("--window-days", "0"), "window_days is 0", "to 365"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_accepted(
    demo: DemoServer, words: tuple[str, ...], culprit: str, accepted: str
) -> None:
    assert_refused(run_verb(demo, "run", *words), 2, culprit, accepted)
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
def test_a_wrong_setting_is_refused_with_what_is_accepted(
    demo: DemoServer, name: str, value: str, accepted: str
) -> None:
    env = environment(demo)
    if name == "REGION":
        del env["SOURCES__COVEO_SOURCE__BASE_URL"]
    completed = dlt_command(
        "pipeline", PIPELINE, "run", env={**env, f"SOURCES__COVEO_SOURCE__{name}": value}
    )
    assert_refused(completed, 2, name.lower(), value.removesuffix(".0"), accepted)
    assert demo.requests == []


@pytest.mark.parametrize("name", ["api_key", "org"])
def test_a_missing_setting_is_reported_with_where_to_write_it(demo: DemoServer, name: str) -> None:
    env = environment(demo)
    del env[f"SOURCES__COVEO_SOURCE__{name.upper()}"]
    completed = dlt_command("pipeline", PIPELINE, "run", env=env)
    assert_refused(completed, 2, f"{name} is missing", ".dlt/secrets.toml", name.upper())


def test_a_wrong_key_is_reported_with_the_privileges_it_needs(demo: DemoServer) -> None:
    completed = run_verb(demo, "run", SOURCES__COVEO_SOURCE__API_KEY="xxwrong")
    assert_refused(completed, 1, "HTTP 401", "Data exports", "request ")
    assert "xxwrong" not in completed.stdout + completed.stderr


@pytest.mark.slow
def test_an_unreachable_host_is_reported(demo: DemoServer) -> None:
    completed = run_verb(demo, "run", SOURCES__COVEO_SOURCE__BASE_URL="http://127.0.0.1:9")
    assert_refused(completed, 1, "127.0.0.1:9", "base_url")


@pytest.mark.slow
def test_a_full_quota_is_reported(serve: Serve) -> None:
    server = serve(quota=0)
    assert_refused(run_verb(server, "run", "--from", "2026-03-10"), 1, "limit", "Delete exports")
    assert server.exports == []


def test_an_export_that_fails_is_reported_with_its_window(serve: Serve) -> None:
    server = serve()
    inject(server, Fault(at("status"), becomes("FAILED"), times=None))
    completed = run_verb(server, "run", "--from", "2026-03-11T11:43", "--tables", "clicks")
    assert_refused(completed, 1, "2026-03-11 11:43 to 2026-03-11 11:45 ended as FAILED")
    assert "trying it once more" in completed.stderr


@pytest.mark.slow
def test_another_organization_is_refused(demo: DemoServer, serve: Serve) -> None:
    load(demo, from_date="2026-03-10")
    other = serve(org="somebodyelse")
    assert_refused(run_verb(other, "run"), 2, "holds the rows of coveodemo", "with --dataset-name")
    assert create_requests(other) == []


def test_a_pipeline_of_another_source_is_refused(demo: DemoServer) -> None:
    theirs = dlt.pipeline(PIPELINE, destination="duckdb", dataset_name="coveo_ua")
    theirs.run([{"id": 1}], table_name="things")
    assert_refused(run_verb(demo, "run"), 2, "another source", "another pipeline name")
    assert create_requests(demo) == []
