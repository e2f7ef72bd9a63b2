"""What a destination cannot store is replaced before the load, and noted."""

from typing import Any

import dlt
import pytest

from coveo_source.cli.pipeline import Options
from coveo_source.cli.run import run
from coveo_source.demo import DemoServer
from coveo_source.demo.faults import Fault, all_of, at, changed_file, inject, with_values
from coveo_source.destination import holds_nul, longest_text
from tests.support.assertions import speed_up_retries
from tests.support.cli_user import DATASET, connection_settings

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up_retries(monkeypatch)


@pytest.mark.parametrize(
    ("destination", "nul", "longest"),
    [
        ("duckdb", True, None),
        ("postgres", False, None),
        ("redshift", False, 65535),
        ("snowflake", True, None),
        ("bigquery", True, 10 << 20),
    ],
)
def test_limits_are_those_of_the_destination(
    destination: str, nul: bool, longest: int | None
) -> None:
    pipeline = dlt.pipeline("limits", destination=destination)
    assert (holds_nul(pipeline), longest_text(pipeline)) == (nul, longest)


def test_a_nul_from_a_scanner_does_not_stop_a_pipeline_in_postgresql(
    demo: DemoServer, postgres: Any
) -> None:
    """In a query, a keyword, a user name, a key and a number; in a record that is left out, too."""
    texts = ("admin\0.php", "\0", "a\0b\0c", "é\0")

    def at_first(index: int, value: str) -> str:
        return texts[index] if index < len(texts) else value

    nul = [
        with_values("searches", "queryExpression", at_first),
        with_values("searches", "username", at_first),
        with_values("searches", "c_scanned", at_first),
        with_values("searches", "numberOfResults", lambda i, v: "1\0" if i == 5 else v),
        with_values("searches", "datetime", lambda i, v: "now\0" if i == 6 else v),
        with_values("keywords", "keyword", at_first),
        with_values("clicks", "clickId", at_first),
    ]
    inject(demo, Fault(at("file"), changed_file(all_of(*nul)), None))
    options = Options("coveo", destination="postgres")
    settings = {**connection_settings(demo), "from_date": "2026-03-06"}
    outcome = run(options, settings)
    assert outcome.models["all_events"] > 0
    # the same window again, and the next one
    run(options, {**settings, "to_date": "2026-03-08"})
    inject(demo)
    run(options, {**settings, "from_date": "2026-03-01", "to_date": "2026-03-03"})
    with postgres.cursor() as cursor:
        cursor.execute(f"set search_path to {DATASET}")
        cursor.execute("select count(*) from searches where query_expression = 'admin\ufffd.php'")
        assert cursor.fetchall() == [(1,)]
        cursor.execute(
            "select distinct column_name, raw from rejected_rows"
            " where reason like 'holds a NUL%' and column_name <> 'queryExpression'"
        )
        noted = set(cursor.fetchall())
        assert {(name, r"admin\x00.php") for name in ("username", "c_scanned", "keyword")} <= noted
        assert {name for name, _ in noted} == {"username", "c_scanned", "keyword", "clickId"}
        cursor.execute("select raw from rejected_rows where column_name = 'numberOfResults'")
        assert cursor.fetchall() == [("1\ufffd",)] * 2
        cursor.execute("select raw from rejected_rows where column_name = '*'")
        assert all('"datetime":"now\\u0000"' in raw for (raw,) in cursor.fetchall())


def test_a_text_that_is_too_long_is_cut_off_and_noted(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "é" * 40
    inject(
        demo,
        Fault(
            at("file"),
            changed_file(
                with_values("searches", "queryExpression", lambda i, v: long if i == 3 else v)
            ),
            None,
        ),
    )
    destination = dlt.destinations.duckdb(
        max_text_data_type_length=71, is_max_text_data_type_length_in_bytes=True
    )
    from coveo_source import coveo_source

    pipeline = dlt.pipeline("cut", destination=destination, dataset_name=DATASET)
    pipeline.run(
        coveo_source(**connection_settings(demo), from_date="2026-03-10", tables="searches")
    )
    with pipeline.sql_client() as client:
        found = client.execute_sql(
            f"select count(*) from searches where query_expression = '{'é' * 35}'"
        )
        assert found == [(1,)]
        noted = client.execute_sql(
            "select raw, reason from rejected_rows where column_name = 'queryExpression'"
            " and raw like 'é%'"
        )
    reason = "is 80 bytes long, but the destination stores at most 71: cut off"
    assert noted == [("é" * 35, reason)]
