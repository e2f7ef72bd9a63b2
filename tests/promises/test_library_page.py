"""Every block of Python in docs/library.md runs as it stands, and does what the page says."""

import hmac
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from coveo_source.demo import DemoServer
from coveo_source.tables import TABLES
from tests.extract.sources import expected_keys, loaded_keys, source
from tests.support.cli_user import create_requests, environment, open_pipeline, query
from tests.support.clock import Clock
from tests.support.secrecy import logging_to

PAGE = (Path(__file__).parents[2] / "docs" / "library.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.+?)```", PAGE, re.S)
KEY = "a key of this year"

pytestmark = pytest.mark.slow


def proved(*names: str) -> bool:
    """Returns True if the only export holds these tables, and all of their rows are there."""
    counts = " and ".join(f"{name}_records = {name}_loaded" for name in names)
    return query(f"select tables, {counts} and reconciled_at is not null from exports") == [
        (",".join(names), True)
    ]


def everything_is_loaded(demo: DemoServer) -> None:
    assert proved(*TABLES)
    assert all(query(f"select count(*) > 0 from {table}") == [(True,)] for table in TABLES)


def clicks_have_their_audit_trail(demo: DemoServer) -> None:
    assert proved("clicks")
    assert query("select count(*) from rejected_rows") == [(0,)]
    assert query("select count(*) from removed_rows") == [(0,)]


def the_limit_lost_nothing(demo: DemoServer) -> None:
    assert query("select count(*) > 0 from searches") == [(True,)]
    open_pipeline().run(source(demo, from_date="2026-03-01"))
    assert loaded_keys("searches") == expected_keys(demo, "searches", Clock())


def users_are_hashed(demo: DemoServer) -> None:
    assert proved(*TABLES)
    [(user, name)] = query("select user_id, username from searches where username > '' limit 1")
    assert user == hmac.digest(KEY.encode(), f"{name}-google".encode(), "sha256").hex()
    assert query("select count(*) > 0 from searches join clicks using (user_id)") == [(True,)]


def places_are_dropped(demo: DemoServer) -> None:
    assert proved(*TABLES)
    for table in ("searches", "clicks", "custom_events"):
        columns = {name for name, *_ in query(f"describe {table}")}
        assert "country" in columns
        assert not {"city", "region"} & columns


def hosts_are_added(demo: DemoServer) -> None:
    assert proved(*TABLES)
    wrong = "document_url not like 'http%://' || document_host || '/%'"
    assert query(f"select count(*) filter ({wrong}), count(*) > 0 from clicks") == [(0, True)]


def other_devices_are_left_out(demo: DemoServer) -> None:
    assert proved(*TABLES)
    assert create_requests(demo)[0]["f"] == ["(deviceCategory=='PC')"]
    assert query("select distinct device_category from searches") == [("PC",)]


def internal_queries_are_empty(demo: DemoServer) -> None:
    assert proved(*TABLES)
    left = "select is_internal, count(query_expression) > 0 from searches group by 1 order by 1"
    assert query(left) == [(False, True), (True, False)]


CHECKS: list[Callable[[DemoServer], None]] = [
    everything_is_loaded,
    clicks_have_their_audit_trail,
    the_limit_lost_nothing,
    everything_is_loaded,
    users_are_hashed,
    places_are_dropped,
    hosts_are_added,
    other_devices_are_left_out,
    internal_queries_are_empty,
]


@pytest.mark.parametrize(("block", "check"), list(zip(BLOCKS, CHECKS, strict=True)))
def test_a_block_runs_and_does_what_the_page_says(
    demo: DemoServer,
    monkeypatch: pytest.MonkeyPatch,
    block: str,
    check: Callable[[DemoServer], None],
) -> None:
    for name, value in {**environment(demo), "USER_KEY": KEY}.items():
        monkeypatch.setenv(name, value)
    exec(compile(block, "library.md", "exec"), {})
    check(demo)


def test_a_step_that_leaves_out_rows_is_told_and_the_window_stays_due(
    demo: DemoServer, caplog: pytest.LogCaptureFixture
) -> None:
    filtered = source(demo, from_date="2026-03-01")
    filtered.searches.add_map(lambda rows: rows.filter(pc.equal(rows["deviceCategory"], "PC")))
    with logging_to(caplog.handler):
        open_pipeline().run(filtered)
    [error] = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    [(keys,)] = query("select searches_keys from exports")
    [(rows,)] = query("select count(*) from searches")
    assert 0 < rows < keys
    assert f"{keys:,} keys were read, but {rows:,} were loaded" in error
    assert "use the setting filters instead" in error
    again: Any = source(demo, from_date="2026-03-01")
    open_pipeline().run(again)
    assert query("select count(*) from searches") == [(keys,)]
