"""ClickHouse is asked to understand SQL as other databases do."""

import json
from pathlib import Path
from typing import Any

import pytest

from coveo_source.destination import tuned_destination
from coveo_source.destination.clickhouse import SETTINGS, TunedClickHouse

ADDRESS = "clickhouse://loader:any@localhost:9000/default"


def query_of(monkeypatch: pytest.MonkeyPatch, address: str) -> Any:
    """The settings in the address that dlt gives to the driver."""
    monkeypatch.setenv("DESTINATION__CLICKHOUSE__CREDENTIALS", address)
    destination = tuned_destination("clickhouse")
    assert isinstance(destination, TunedClickHouse)
    config = destination.configuration(destination.spec()._bind_dataset_name("ua"))
    return config.credentials.to_native_representation()


def test_every_connection_has_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    address = query_of(monkeypatch, ADDRESS)
    for name, value in SETTINGS.items():
        assert f"{name}={value}" in address


def test_settings_of_the_user_stay_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    address = query_of(monkeypatch, f"{ADDRESS}?max_threads=2")
    assert "max_threads=2" in address
    assert "join_use_nulls=1" in address


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        # what a left join does not find
        ("select b.x from (select 1 as x) as a left join (select 2 as x) as b on a.x = b.x", None),
        ("select count() from (select 1 union select 1)", 1),
        ("select count() from (select 1 from numbers(2) except select 2)", 1),
        ("select count() from (select 1 from numbers(2) intersect select 1)", 1),
        (
            "select toUnixTimestamp64Milli("
            "cast('2026-03-10T12:00:00.123+00:00' as Nullable(DateTime64(6, 'UTC'))))",
            1773144000123,
        ),
    ],
)
def test_they_mean_what_standard_sql_says(query: str, answer: Any, tmp_path: Path) -> None:
    session = pytest.importorskip("chdb.session").Session(str(tmp_path / "chdb"))
    for name, value in SETTINGS.items():
        session.query(f"set {name} = {value if value.isdigit() else repr(value)}")
    assert json.loads(session.query(query, "JSONCompactEachRow").bytes()) == [answer]
