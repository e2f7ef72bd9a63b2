"""The verb `plan`, as a user types it."""

import re
from collections.abc import Callable

import pytest

from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, at, inject, refuse
from coveo_source.tables import TABLES
from tests.cli.commands import run_verb
from tests.support.cli_user import create_requests, rows

Serve = Callable[..., DemoServer]


@pytest.mark.slow
def test_plan_shows_windows_and_rows_and_creates_nothing(serve: Serve) -> None:
    server = serve(row_limit=2_000)
    completed = run_verb(server, "plan", "--from", "2026-03-01")
    assert completed.returncode == 0
    assert create_requests(server) == []
    assert "Most rows in one export: 2,000 rows." in completed.stdout
    windows = re.findall(r"^(2026\S+.*?) +all +([\d,]+) +new$", completed.stdout, re.M)
    run_verb(server, "run", "--from", "2026-03-01", "--no-models")
    assert len(windows) == len(create_requests(server)) > 1
    total = sum(int(estimate.replace(",", "")) for _, estimate in windows)
    assert total == sum(len(rows(table)) for table in TABLES)


@pytest.mark.slow
def test_plan_shows_an_export_that_already_exists(demo: DemoServer) -> None:
    inject(demo, Fault(at("address"), refuse(403, "NO", "No."), times=None))
    assert run_verb(demo, "run", "--from", "2026-03-08").returncode == 1
    inject(demo)
    completed = run_verb(demo, "plan", "--from", "2026-03-08")
    assert f"{demo.exports[0].id} (available)" in completed.stdout
